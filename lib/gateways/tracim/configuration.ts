// The daemon's configuration file: read where only its user can read it, written with empty fields where it is missing.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { ClientError } from '../../base/errors.ts'
import { readSecretFile } from '../../link/secret-file.ts'
import { isRecord } from './daemon-event.ts'
import type { TracimAccount } from './tracim-session.ts'

/** What a configuration file says. */
export interface TracimConfiguration {
  readonly account: Required<TracimAccount>
  /** Absolute; the file's own may be relative to the configuration folder. */
  readonly socketPath: string
  /** The file. */
  readonly file: string
  /** Whether it was missing, and was written just now: its account is still to be filled in. */
  readonly isNew: boolean
}

const folderName = 'TracimDaemon'
const fileName = 'config.json'

/**
 * Reads `<folder>/TracimDaemon/config.json`. Makes it (mode 0600, its folder 0700) where it is missing.
 *
 * @param folder Default: `$XDG_CONFIG_HOME`, else `~/.config`.
 * @throws ClientError (`INVALID_OPTION`) where others can read the file, or a field is missing or wrong.
 */
export function readConfiguration(folder: string = configFolder()): TracimConfiguration {
  const base = resolve(folder)
  const file = join(base, folderName, fileName)
  const isNew = !existsSync(file)
  if (isNew) writeTemplate(base, file)
  const value = parse(file, readSecretFile(file))
  const tracim = isRecord(value) ? value['tracim'] : undefined
  if (!isRecord(value) || !isRecord(tracim)) throw wrong(file, 'tracim', 'an object', typeof tracim)
  const text = (from: Record<string, unknown>, name: string, isOptional = false): string => {
    const given = from[name]
    if (typeof given === 'string') return given
    if (isOptional && (given === undefined || given === null)) return ''
    // Never what came: it may be the password.
    throw wrong(file, name, 'a text', typeof given)
  }
  const account = {
    url: text(tracim, 'url'),
    username: text(tracim, 'username', true),
    mail: text(tracim, 'mail', true),
    password: text(tracim, 'password'),
  }
  const socketPath = text(value, 'socket_path')
  if (socketPath === '') throw wrong(file, 'socket_path', 'a path', 'none')
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
  // Fails where another has made it meanwhile, or where a link leads elsewhere.
  writeFileSync(file, `${JSON.stringify(template, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which has the password in it.
    throw new ClientError(`${file} is no JSON; correct it, or remove it to have it made anew`, {
      code: 'INVALID_OPTION',
    })
  }
}

function wrong(file: string, name: string, expected: string, came: string): ClientError {
  return new ClientError(`${file}: ${name}: expected ${expected}, got ${came}`, { code: 'INVALID_OPTION' })
}
