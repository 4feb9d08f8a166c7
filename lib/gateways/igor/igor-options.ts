// The options of the Igor gateway, their defaults and checks.
import type { IncomingMessage } from 'node:http'
import type { Credential } from '../../core/action/guard.ts'
import { checkOptions, type Filled, type OptionTable, withDefaults } from '../../core/base/option-table.ts'
import { invalidOption, requireCount, requirePositive } from '../../core/base/options.ts'
import { namedAddresses } from '../../core/server/named-addresses.ts'
import { requirePath } from '../../features/web/web-options.ts'
import { type FileOptions, type ResolvedFileOptions, resolveFileOptions } from './file-options.ts'

/** Options of the gateway. Times in milliseconds, sizes in bytes. */
export interface IgorOptions {
  /**
   * The path for clients that do not name the subprotocol 'igor'. Default '/igor'; with `compatible`, any other path works
   * too.
   */
  readonly path?: string | undefined
  /** The processes whose events clients get, by name. Default 'all': those that the server has when a client connects. */
  readonly processes?: 'all' | readonly string[] | undefined
  /**
   * How long a client that is away keeps its session, streams and messages, in milliseconds. Default 10 000. 0: a lost
   * connection cancels its calls immediately.
   */
  readonly sessionMs?: number | undefined
  /** A client id that is a random UUID (version 4) needs no secret to be resumed: it cannot be guessed. Default true. */
  readonly uuidsProve?: boolean | undefined
  /**
   * Serves unmodified clients of Igor, which use neither the path nor the secret nor the answer to `introduce_self`;
   * docs/igor.md lists the differences. The id of a client is then its only proof, so only addresses in `compatibleFrom` may
   * connect. Default false.
   *
   * @example await listenWeb(server, { port: 5678, gateways: [igor({ compatible: true })] })
   */
  readonly compatible?: boolean | undefined
  /**
   * With `compatible`, the addresses and ranges that may connect; `'loopback'` for this machine. Others get 403. Default
   * `['loopback']`.
   */
  readonly compatibleFrom?: readonly string[] | undefined
  /** Credentials in a request for the server's guards, such as from a cookie, in addition to those in its headers. Default: none. */
  readonly credentials?: ((request: IncomingMessage) => readonly Credential[]) | undefined
  /**
   * Called when no admitted client has been connected for `sessionMs`, after the last one left: for a server that exits with
   * its UI.
   */
  readonly onLastClientGone?: (() => void) | undefined
  /** Serves files below a root over HTTP. Default: no files. */
  readonly files?: FileOptions | undefined
  /** Connected clients, and known ones that are away, which keep their place. More are refused. Default 1 000. */
  readonly maxClients?: number | undefined
  /** Clients that are kept while away. Above it, the one that has been away longest is removed, unknown ones first. Default 1 000. */
  readonly maxAwayClients?: number | undefined
  /** Open streams of one client; more get 503. Default 10 000. */
  readonly maxStreams?: number | undefined
  /** The largest message of a client; a larger one ends its connection. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined
  /**
   * Bytes queued for a client that does not read, or is away; each message counts for 512 more. Above it, the client is
   * dropped. A single message may be larger. Default 16 MiB.
   */
  readonly maxQueuedBytes?: number | undefined
}

export interface ResolvedIgorOptions
  extends Omit<Filled<IgorOptions>, 'compatibleFrom' | 'credentials' | 'onLastClientGone' | 'files'>,
    Pick<IgorOptions, 'credentials' | 'onLastClientGone'> {
  /** Whether clients from an address may connect. */
  readonly isServed: (address: string) => boolean
  readonly files: ResolvedFileOptions | undefined
}

const igorOptions: OptionTable<IgorOptions> = {
  processes: 'protects',
  uuidsProve: 'protects',
  credentials: 'protects',
  path: 'any',
  compatible: 'any',
  compatibleFrom: 'any',
  sessionMs: 'any',
  onLastClientGone: 'any',
  files: 'any',
  maxClients: 'any',
  maxAwayClients: 'any',
  maxStreams: 'any',
  maxMessageBytes: 'any',
  maxQueuedBytes: 'any',
}

const defaults = {
  path: '/igor',
  processes: 'all' as 'all' | readonly string[],
  sessionMs: 10_000,
  uuidsProve: true,
  compatible: false,
  maxClients: 1_000,
  maxAwayClients: 1_000,
  maxStreams: 10_000,
  maxMessageBytes: 1024 * 1024,
  maxQueuedBytes: 16 * 1024 * 1024,
}
const switches = ['uuidsProve', 'compatible'] as const
const functions = ['credentials', 'onLastClientGone'] as const
const counts = ['sessionMs', 'maxClients', 'maxAwayClients', 'maxStreams'] as const
const bytes = ['maxMessageBytes', 'maxQueuedBytes'] as const

/** @throws ClientError (`INVALID_OPTION`) that names the invalid option. */
export function resolveIgorOptions(given: IgorOptions): ResolvedIgorOptions {
  checkOptions('igor', given, igorOptions)
  const { files, credentials, onLastClientGone, compatibleFrom, ...rest } = given
  const options = withDefaults(defaults, rest)
  const path = requirePath('igor path', options.path)
  const { processes } = options
  if (processes !== 'all' && !(Array.isArray(processes) && processes.every((name) => typeof name === 'string')))
    throw invalidOption('igor processes', "'all' or a list of names", processes)
  for (const name of switches)
    if (typeof options[name] !== 'boolean') throw invalidOption(`igor ${name}`, 'true or false', options[name])
  if (compatibleFrom !== undefined && !options.compatible)
    throw invalidOption('igor compatibleFrom', 'no compatibleFrom without compatible: true', compatibleFrom)
  const isServed = namedAddresses('igor compatibleFrom', compatibleFrom ?? ['loopback'])
  for (const name of counts) requireCount(`igor ${name}`, options[name])
  for (const name of bytes) requirePositive(`igor ${name}`, options[name])
  for (const name of functions) {
    if (given[name] !== undefined && typeof given[name] !== 'function')
      throw invalidOption(`igor ${name}`, 'a function', given[name])
  }
  return {
    ...options,
    path,
    isServed: options.compatible ? isServed : () => true,
    ...(credentials === undefined ? {} : { credentials }),
    ...(onLastClientGone === undefined ? {} : { onLastClientGone }),
    files: files === undefined ? undefined : resolveFileOptions(files),
  }
}
