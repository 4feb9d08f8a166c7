// The daemon's configuration file. Reads it if only its user can, and creates it with empty fields if it is missing.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { ClientError } from '../core/base/errors.ts'
import { findJsonFault } from '../core/base/json-fault.ts'
import { nearestNames } from '../core/base/nearest-names.ts'
import type { Filled } from '../core/base/option-table.ts'
import { readSecretFile } from '../core/link/secret-file.ts'
import { isRecord } from './daemon-event.ts'
import type { TracimAccount } from './tracim-session.ts'

/** The contents of a configuration file. */
export interface TracimConfiguration {
  readonly account: Filled<TracimAccount>
  /** Absolute. In the file it may be relative to the configuration folder. */
  readonly socketPath: string
  /** The path of the file. */
  readonly file: string
  /** Whether it was missing and has just been created: its account is still empty. */
  readonly isNew: boolean
}

const knownFields: ReadonlySet<string> = new Set(['tracim', 'socket_path', 'url', 'username', 'mail', 'password'])
const folderName = 'TracimDaemon'
const fileName = 'config.json'

/**
 * Reads `<folder>/TracimDaemon/config.json`. Creates it (mode 0600, its folder 0700) if it is missing.
 *
 * @param folder Default: `$XDG_CONFIG_HOME`, otherwise `~/.config`.
 * @throws ClientError (`INVALID_OPTION`) if others can read the file, or a field is missing or invalid.
 */
export function readConfiguration(folder: string = configFolder()): TracimConfiguration {
  const base = resolve(folder)
  const file = join(base, folderName, fileName)
  const isNew = !existsSync(file)
  if (isNew) writeTemplate(base, file)
  const value = parse(file, readSecretFile(file))
  if (!isRecord(value)) throw refused(`${file}: expected an object, { "tracim": {...}, "socket_path": "..." }`)
  const { tracim } = value
  if (!isRecord(tracim))
    throw wrong(
      file,
      { key: 'tracim', expected: 'an object with url, username, mail and password', given: tracim },
      value,
    )
  const text = (from: Record<string, unknown>, name: string, isOptional = false): string => {
    const given = from[name]
    if (typeof given === 'string') return given
    if (isOptional && (given === undefined || given === null)) return ''
    throw wrong(file, { key: from === tracim ? `tracim.${name}` : name, expected: 'a text', given }, from)
  }
  const account = {
    url: text(tracim, 'url'),
    username: text(tracim, 'username', true),
    mail: text(tracim, 'mail', true),
    password: text(tracim, 'password'),
  }
  const socketPath = text(value, 'socket_path')
  if (socketPath === '') throw refused(`${file}: socket_path: expected a path, got an empty text`)
  return { account, socketPath: isAbsolute(socketPath) ? socketPath : join(base, socketPath), file, isNew }
}

function configFolder(): string {
  const given = process.env['XDG_CONFIG_HOME']
  return given !== undefined && isAbsolute(given) ? given : join(homedir(), '.config')
}

function writeTemplate(base: string, file: string): void {
  mkdirSync(join(base, folderName), { recursive: true, mode: 0o700 })
  const template = {
    tracim: { url: 'http://localhost:8080/api', username: '', mail: '', password: '' },
    socket_path: `${folderName}/master.sock`,
  }
  // Fails if another process has created it meanwhile, or a link leads elsewhere.
  writeFileSync(file, `${JSON.stringify(template, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
}

/**
 * Rejects an account that is not filled in, naming the file and the key: a source would name its own option.
 *
 * @throws ClientError (`INVALID_OPTION`).
 */
export function requireFilledIn({ account, file, isNew }: TracimConfiguration): void {
  if (isNew)
    throw refused(
      `${file} was created; fill in tracim.url, tracim.username or tracim.mail, and tracim.password, and start again`,
    )
  const { url, username, mail, password } = account
  // Never quotes the value: a URL may contain a password.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw refused(`${file}: tracim.url: expected the URL of Tracim's API, such as "https://tracim.example/api"`)
  if (username === '' && mail === '')
    throw refused(`${file}: tracim.username and tracim.mail are empty; fill in one of them`)
  if (password === '') throw refused(`${file}: tracim.password is empty; fill in the password of the account`)
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the text, which contains the password.
    throw refused(`${file} is not JSON${placeOfFault(text)}; correct it, or delete it to create it again`)
  }
}

function placeOfFault(text: string): string {
  const fault = findJsonFault(text)
  if (fault === undefined) return ''
  const before = text.slice(0, fault.offset).split('\n')
  return `: expected ${fault.expected} at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}

interface WrongField {
  /** Such as 'tracim.url'. */
  readonly key: string
  readonly expected: string
  readonly given: unknown
}

/** Never quotes the value, which may be the password. `fields` are the others beside it; one may be misspelled. */
function wrong(file: string, { key, expected, given }: WrongField, fields: Record<string, unknown>): ClientError {
  if (given !== undefined)
    return refused(`${file}: ${key}: expected ${expected}, got ${Array.isArray(given) ? 'a list' : kindOf(given)}`)
  const name = key.slice(key.lastIndexOf('.') + 1)
  const [near] = nearestNames(
    name,
    Object.keys(fields).filter((other) => !knownFields.has(other)),
  )
  const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`
  return refused(`${file}: ${key} is missing: expected ${expected}${hint}`)
}

function kindOf(given: unknown): string {
  return given === null ? 'null' : `${typeof given === 'object' ? 'an' : 'a'} ${typeof given}`
}

function refused(message: string): ClientError {
  return new ClientError(message, { code: 'INVALID_OPTION' })
}
