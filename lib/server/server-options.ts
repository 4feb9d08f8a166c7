// What a Server can be told, and the reading of its constructor's forms.

import type { Identity, SessionView } from '../action/context.ts'
import { defaultGate, type Gate, type Guard } from '../action/guard.ts'
import { type Clock, platformClock } from '../base/clock.ts'
import { consoleLogger, type Logger } from '../base/log.ts'
import { invalidOption, type Limits, requireCount, resolveLimits } from '../base/options.ts'
import { resolveToken, type TokenSource } from '../base/token.ts'
import { type Address, parseAddress, tcpAddress } from '../link/address.ts'
import type { PeerCertificate } from '../link/link.ts'
import { requireTls } from '../link/listen-tls.ts'
import type { ListenTls } from '../link/listener.ts'
import type { MemoryNetwork } from '../link/memory-network.ts'
import { readSecretFile } from '../link/secret-file.ts'
import type { AnyClass } from '../wire/class-registry.ts'

/** TLS of a server: key and certificate, and what client certificates mean. */
export interface ServerTls extends ListenTls {
  /**
   * Who a client with this certificate is. Default: `{ id: 'certificate:' + its fingerprint }`. It may stand alone where only
   * web ports have TLS, which are given keys of their own.
   */
  readonly identify?: (certificate: PeerCertificate) => Identity
}

export interface ServerOptions extends TokenSource {
  /** Default '127.0.0.1'. */
  readonly host?: string
  /** 0: any free port. */
  readonly port?: number
  /** The path of a Unix socket, instead of or beside host and port. */
  readonly path?: string
  /** Where to listen, as addresses; instead of host, port and path. */
  readonly address?: string | readonly string[]
  /**
   * Sockets that listen already, as file descriptors: one for each address, in their order. For a process that goes on
   * with the sockets of another, or was started by systemd with some.
   */
  readonly fds?: readonly number[]
  readonly tls?: ServerTls
  /** For 'memory:' addresses. */
  readonly network?: MemoryNetwork
  /** All are asked for each client; `gate` decides. A token makes one more. */
  // biome-ignore lint/suspicious/noExplicitAny: guards of any credentials
  readonly guards?: readonly Guard<any>[]
  /** Default: every guard must have said yes. */
  readonly gate?: Gate
  /** IP addresses and ranges whose clients need no credentials. */
  readonly trust?: readonly string[]
  /** Take the token over TCP without TLS from other machines too. Default false. */
  readonly allowClearTextToken?: boolean
  /** Put Unix sockets into directories that others can enter. Default false. */
  readonly allowSharedDirectory?: boolean
  readonly limits?: Partial<Limits>
  /** Errors travel with the stack that they have on the server. Default false. */
  readonly exposeStacks?: boolean
  /**
   * For development: errors that no action declares travel with all of their fields and causes, and gateways tell their
   * messages. Default false: they travel with name, message and code; HTTP, Igor and lexicons clients get an id that the log
   * has.
   */
  readonly exposeErrors?: boolean
  /**
   * Calls that a handler makes take over its remaining time and its signal even where it does not pass its context
   * on. Costs time on every call (AsyncLocalStorage; see bench/README.md). Default false: pass `{ parent: context }`.
   */
  readonly inheritContext?: boolean
  /** Classes whose instances travel as themselves, beside those that actions name. */
  readonly classes?: readonly AnyClass[]
  /**
   * Default: errors go to standard error with their stacks, at most 20 in 10 s; nothing else is printed. pino and console fit.
   * What actions throw without declaring it is logged as `error`, bounded likewise; the rest as `debug`.
   */
  readonly log?: Logger
  /**
   * Called with each error that an action threw, and with those of tasks and the like. With it, and without `log`, they are not
   * printed.
   */
  readonly onError?: (error: unknown, where: ErrorOrigin) => void
  /** Of server-to-client calls: how many faults they outlive. Default 3. */
  readonly retry?: number
  /** For tests in virtual time. Default: the platform's. */
  readonly clock?: Clock
}

/** Where an error comes from: a call's action and session, or what else failed, as in `task "cleanup"`. */
export interface ErrorOrigin {
  readonly action?: string
  readonly session?: SessionView
  /** What the client has as `remoteOf(error).errorId`, or was told over HTTP. */
  readonly errorId?: string
  readonly origin?: string
}

export interface ResolvedServerOptions {
  readonly addresses: readonly Address[]
  readonly limits: Limits
  readonly log: Logger
  readonly clock: Clock
  readonly gate: Gate
  readonly token: string | undefined
  readonly retry: number
  readonly given: ServerOptions
}

export type ServerArguments =
  | [options?: ServerOptions]
  | [address: string, options?: ServerOptions]
  | [host: string, port: number, options?: ServerOptions]

/** @throws ClientError (`INVALID_OPTION`) that names what is wrong. */
export function resolveServerOptions(args: ServerArguments): ResolvedServerOptions {
  const given = gather(args)
  const clock = given.clock ?? platformClock
  const addresses = addressesOf(given)
  if (given.fds !== undefined && (given.fds.length !== addresses.length || !given.fds.every(isFd)))
    throw invalidOption('fds', `a file descriptor for each of ${addresses.length} address(es)`, given.fds)
  if (given.tls !== undefined && !isOfWebPorts(given.tls, addresses)) requireTls(given.tls)
  return {
    addresses,
    limits: resolveLimits(given.limits),
    log: given.log ?? consoleLogger(() => clock.now()),
    clock,
    gate: given.gate ?? defaultGate,
    token: resolveToken(given, process.env, readSecretFile),
    retry: given.retry === undefined ? 3 : requireCount('retry', given.retry),
    given,
  }
}

/** Web ports have keys of their own: without an address at 'tls://', `identify` alone says who their clients are. */
function isOfWebPorts(tls: ServerTls, addresses: readonly Address[]): boolean {
  // null where types are not checked.
  const { identify, key, cert } = tls ?? {}
  const hasKeys = key !== undefined || cert !== undefined
  return identify !== undefined && !hasKeys && addresses.every(({ transport }) => transport !== 'tls')
}

function isFd(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 3
}

/** What the forms of the constructor mean. */
export function gather(args: ServerArguments): ServerOptions {
  const [first, second, third] = args
  if (typeof first !== 'string') return first ?? {}
  if (typeof second === 'number') return { ...third, host: first, port: second }
  return { ...(second as ServerOptions | undefined), address: first }
}

function addressesOf(given: ServerOptions): Address[] {
  const { address, host, port, path } = given
  if (address !== undefined) return (typeof address === 'string' ? [address] : [...address]).map(parseAddress)
  const addresses: Address[] = []
  if (port !== undefined) addresses.push(tcpAddress(host ?? '127.0.0.1', port, given.tls === undefined ? 'tcp' : 'tls'))
  if (path !== undefined) addresses.push(parseAddress(`unix:${path}`))
  return addresses
}
