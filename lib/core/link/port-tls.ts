// The TLS options of a port: the contents of PEM files, or their paths, which are read when the port opens and when it is renewed.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ClientError } from '../base/errors.ts'
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import { invalidOption } from '../base/options.ts'
import { requireTls } from './listen-tls.ts'
import type { ListenTls } from './listener.ts'
import { listenTlsOptions } from './tls-options.ts'

/** PEM files instead of their contents. */
export interface TlsPaths {
  /** The path of the private key, instead of `key`. */
  readonly keyFile?: string | URL | undefined
  /** The path of the certificate and its chain, instead of `cert`. */
  readonly certFile?: string | URL | undefined
  /** The path of the authorities for client certificates, instead of `ca`. */
  readonly caFile?: string | URL | undefined
  /**
   * How often the files are checked, in milliseconds (at least 10): once a change has been stable for one check, new
   * connections get the new certificate. `false` turns it off. Default 5 000.
   */
  readonly watchMs?: number | false | undefined
}

/** TLS of a listening port. */
export interface PortTls extends ListenTls, TlsPaths {}

const pathOptions: OptionTable<TlsPaths> = { keyFile: 'any', certFile: 'any', caFile: 'protects', watchMs: 'any' }
const contents = { keyFile: 'key', certFile: 'cert', caFile: 'ca' } as const
const fileNames = ['keyFile', 'certFile', 'caFile'] as const

const defaultWatchMs = 5_000
const leastWatchMs = 10

/** How often to check the files, in milliseconds; undefined if never, or if there are none. */
export function watchMsOf({ watchMs = defaultWatchMs }: TlsPaths): number | undefined {
  return watchMs === false ? undefined : watchMs
}

/** The given paths. */
export function pathsOf(tls: TlsPaths): string[] {
  return fileNames.flatMap((name) => (tls[name] === undefined ? [] : pathOf(name, tls[name])))
}

/**
 * Reads the files, and checks that Node accepts the result. `table` has the accepted names.
 *
 * @throws ClientError (`INVALID_OPTION`) that names the part, and the file.
 */
export function usableTls(tls: PortTls, table: object = listenTlsOptions): ListenTls {
  // Throws for anything but an object.
  if (typeof tls !== 'object' || tls === null || Array.isArray(tls)) requireTls(tls)
  checkOptions('tls', tls, { ...table, ...pathOptions } as OptionTable<PortTls>)
  const { keyFile: _key, certFile: _cert, caFile: _ca, watchMs, ...rest } = tls
  const given = fileNames.filter((name) => tls[name] !== undefined)
  requireWatch(watchMs, given.length)
  const read: Record<string, unknown> = { ...rest }
  for (const name of given) {
    const content = contents[name]
    if (read[content] !== undefined) throw invalidOption(`tls.${name}`, `none beside ${content}`, 'both')
    read[content] = readPem(name, pathOf(name, tls[name]))
  }
  try {
    requireTls(read, table)
  } catch (error) {
    if (given.length === 0) throw error
    const { message } = error as Error
    throw new ClientError(`${message}; read from ${pathsOf(tls).join(', ')}`, { code: 'INVALID_OPTION', cause: error })
  }
  return read as ListenTls
}

/** The options with new contents in place of the given files. */
export function renewedTls(tls: PortTls, renewal: Partial<ListenTls> | undefined): PortTls {
  if (renewal === undefined) return tls
  const replaced = fileNames.filter((name) => Object.hasOwn(renewal, contents[name]))
  const left = Object.entries(tls).filter(([name]) => !replaced.some((each) => each === name))
  const merged: PortTls = { ...Object.fromEntries(left), ...renewal }
  // Once all files are replaced, there is nothing to watch.
  if (pathsOf(merged).length > 0) return merged
  const { watchMs: _, ...others } = merged
  return others
}

function requireWatch(watchMs: unknown, fileCount: number): void {
  if (watchMs === undefined) return
  if (watchMs !== false && !(typeof watchMs === 'number' && watchMs >= leastWatchMs && watchMs < 2 ** 31))
    throw invalidOption('tls.watchMs', `false, or at least ${leastWatchMs} milliseconds`, watchMs)
  if (fileCount === 0) throw invalidOption('tls.watchMs', 'none without keyFile, certFile or caFile', watchMs)
}

function pathOf(name: string, path: unknown): string {
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path)
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path
  // Not quoted: it may be a key that was passed by mistake.
  throw new ClientError(`option tls.${name}: expected the path of a PEM file`, { code: 'INVALID_OPTION' })
}

function readPem(name: string, path: string): Buffer {
  if (path.includes('-----BEGIN ')) {
    const content = contents[name as keyof typeof contents]
    const message = `option tls.${name}: expected a path, not a file's content, which is the option tls.${content}`
    throw new ClientError(message, { code: 'INVALID_OPTION' })
  }
  try {
    return readFileSync(path)
  } catch (cause) {
    const message = `option tls.${name}: cannot read ${path}: ${(cause as Error).message}`
    throw new ClientError(message, { code: 'INVALID_OPTION', cause })
  }
}
