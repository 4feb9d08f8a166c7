// The options of a Server, and the parsing of its constructor's forms.

import type { Identity, SessionView } from '../action/context.ts'
import { defaultGate, type Gate, type Guard } from '../action/guard.ts'
import { type Clock, platformClock } from '../base/clock.ts'
import { invalidUsage } from '../base/errors.ts'
import { consoleLogger, type Logger } from '../base/log.ts'
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import { invalidOption, type LimitOptions, type Limits, requireCount, resolveLimits } from '../base/options.ts'
import { resolveToken, type TokenSource } from '../base/token.ts'
import { type Address, parseAddress, tcpAddress } from '../link/address.ts'
import { requireUseOfTls } from '../link/clear-text.ts'
import type { PeerCertificate } from '../link/link.ts'
import type { MemoryNetwork } from '../link/memory-network.ts'
import { type PortTls, type TlsPaths, usableTls } from '../link/port-tls.ts'
import type { ProxyProtocol } from '../link/proxy-protocol.ts'
import { readSecretFile } from '../link/secret-file.ts'
import { listenTlsOptions } from '../link/tls-options.ts'
import type { AnyClass } from '../wire/rich/class-registry.ts'
import type { Feature } from './feature.ts'
import { namedAddresses } from './named-addresses.ts'
import { type ProxyAddresses, resolveProxies } from './proxy-option.ts'
import { guardsWithToken } from './token-guard.ts'

/** TLS of a server: key and certificate or their files, and what client certificates mean. */
export interface ServerTls extends PortTls {
  /**
   * The identity of a client with this certificate. Default: `{ id: 'certificate:' + its fingerprint }`. It may stand alone if
   * only web ports have TLS, which have keys of their own.
   */
  readonly identify?: ((certificate: PeerCertificate) => Identity) | undefined
}

export interface ServerOptions extends TokenSource {
  /** Default '127.0.0.1'. */
  readonly host?: string | undefined
  /** 0: any free port. */
  readonly port?: number | undefined
  /** The path of a Unix socket, instead of or in addition to host and port. */
  readonly path?: string | undefined
  /** The addresses to listen at; instead of host, port and path. */
  readonly address?: string | readonly string[] | undefined
  /**
   * Sockets that already listen, as file descriptors: one for each address, in order. For a process that takes over the
   * sockets of another, or gets them from systemd.
   */
  readonly fds?: readonly number[] | undefined
  readonly tls?: ServerTls | undefined
  /** For 'memory:' addresses. */
  readonly network?: MemoryNetwork | undefined
  /**
   * All are asked about each client; `gate` decides. A token adds one more. Credentials presented in clear text from another
   * machine are ignored, unless `allowClearTextToken` is set.
   */
  // biome-ignore lint/suspicious/noExplicitAny: guards of any credentials
  readonly guards?: readonly Guard<any>[] | undefined
  /** Called even without guards. Default: every guard must accept. */
  readonly gate?: Gate | undefined
  /** IP addresses and ranges whose clients need no credentials; it excludes nobody. Needs a guard or a token. */
  readonly trust?: readonly string[] | undefined
  /** Accepts the token and the credentials without TLS from other machines too. Default false. */
  readonly allowClearTextToken?: boolean | undefined
  /** Allows Unix sockets in directories that others can enter. Default false. */
  readonly allowSharedDirectory?: boolean | undefined
  readonly limits?: LimitOptions | undefined
  /**
   * IP addresses and ranges that many clients share, as those behind a proxy do: these clients are distinguished by identity,
   * and without one each counts alone. `'loopback'` names this machine. Default none: what one address holds is added up; for
   * IPv6, what a /64 network holds.
   */
  readonly sharedAddresses?: readonly string[] | undefined
  /**
   * The addresses and ranges of proxies that begin each connection at 'tcp://' and 'tls://' with a header of the PROXY protocol (v1 or
   * v2, before TLS), `'loopback'` for this machine: `peer.address`, `trust`, limits and logs see the client that it names. Their
   * connections are closed if it is missing or malformed, and a header from anyone else is rejected. `true`: `['loopback']`, for a
   * server that only this machine reaches. Default none. Web ports have their own: `listenWeb({ proxyProtocol })`.
   *
   * @example new Server('0.0.0.0', 4440, { proxyProtocol: ['10.0.0.5'] })
   */
  readonly proxyProtocol?: ProxyAddresses | undefined
  /** Sends errors with their server-side stack. Default false. */
  readonly exposeStacks?: boolean | undefined
  /**
   * For development: undeclared errors are sent with all of their fields and causes, and gateways include their messages.
   * Default false: they are sent with name, message and code; HTTP, Igor and lexicons clients get an id that is in the log.
   */
  readonly exposeErrors?: boolean | undefined
  /**
   * Calls that a handler makes inherit its remaining time and its signal even if it does not pass its context on. Costs time
   * on every call (AsyncLocalStorage; see bench/README.md). Default false: pass `{ parent: context }`.
   */
  readonly inheritContext?: boolean | undefined
  /** Classes whose instances keep their class on the wire, in addition to those that actions declare. */
  readonly classes?: readonly AnyClass[] | undefined
  /**
   * Default: errors go to standard error with their stacks, at most 20 in 10 s, and each warning once;
   * nothing else is printed. pino and console fit.
   * Undeclared errors of actions are logged as `error`, with the same bound; declared ones as `debug`.
   */
  readonly log?: Logger | undefined
  /**
   * Called with each error that an action threw, and with those of tasks and the like. If it is set without `log`, they are not
   * printed. An error that it returns for an action replaces the original for the caller: made clearer, or masked. Return it
   * synchronously, not as a promise. If `onError` itself throws, the caller gets `INTERNAL` and nothing of the original.
   *
   * @example
   * new Server('localhost', 4440, { onError: (error, { errorId }) => new ActionError(`it failed, see ${errorId}`) })
   */
  readonly onError?: ((error: unknown, where: ErrorOrigin) => Error | void | Promise<void>) | undefined
  /** How often a server-to-client call is retried. Default 3. */
  readonly retry?: number | undefined
  /** For tests in virtual time. Default: the platform's. */
  readonly clock?: Clock | undefined
  /**
   * What the server has in addition to actions, channels, tasks, processes and services: `data({ models })` of `isock/data`,
   * `threads()` of `isock/threads`, and your own. They start before everything else, in this order.
   *
   * @example new Server('localhost', 4440, { features: [data({ models: [User], url: 'file:app.db' }), threads()] })
   */
  readonly features?: readonly Feature[] | undefined
}

export const serverOptions: OptionTable<ServerOptions> = {
  token: 'protects',
  tokenFile: 'protects',
  guards: 'protects',
  gate: 'protects',
  trust: 'protects',
  tls: 'protects',
  host: 'any',
  port: 'any',
  path: 'any',
  address: 'any',
  fds: 'any',
  network: 'any',
  allowClearTextToken: 'any',
  allowSharedDirectory: 'any',
  limits: 'any',
  sharedAddresses: 'any',
  proxyProtocol: 'any',
  exposeStacks: 'any',
  exposeErrors: 'any',
  inheritContext: 'any',
  classes: 'any',
  log: 'any',
  onError: 'any',
  retry: 'any',
  clock: 'any',
  features: 'any',
}

const serverTlsOptions = { ...listenTlsOptions, identify: 'protects' } as const

/** The origin of an error: a call's action and session, or what else failed, as in `task "cleanup"`. */
export interface ErrorOrigin {
  readonly action?: string
  readonly session?: SessionView
  /** The client's `remoteOf(error).errorId`, or the id it got over HTTP. */
  readonly errorId?: string
  readonly origin?: string
}

export interface ResolvedServerOptions {
  readonly addresses: readonly Address[]
  readonly limits: Limits
  readonly log: Logger
  readonly clock: Clock
  /** Whether many clients share an address. */
  readonly isShared: (address: string) => boolean
  readonly proxyProtocol: ProxyProtocol | undefined
  readonly gate: Gate
  /** Including the token's guard. */
  // biome-ignore lint/suspicious/noExplicitAny: guards of any credentials
  readonly guards: readonly Guard<any>[]
  readonly retry: number
  readonly given: ServerOptions
}

export type ServerArguments =
  | [options?: ServerOptions]
  | [address: string, options?: ServerOptions]
  | [host: string, port: number, options?: ServerOptions]

/** @throws ClientError (`INVALID_OPTION`) that names the wrong option. */
export function resolveServerOptions(args: ServerArguments): ResolvedServerOptions {
  const given = gather(args)
  checkOptions('Server', given, serverOptions)
  const { fds, tls } = given
  const clock = given.clock ?? platformClock
  const addresses = addressesOf(given)
  if (fds !== undefined && (fds.length !== addresses.length || !fds.every(isFd)))
    throw invalidOption('fds', `a file descriptor for each of ${addresses.length} address(es)`, fds)
  if (tls !== undefined) checkTls(tls, addresses)
  const token = resolveToken(given, process.env, readSecretFile)
  checkGuards(given, token)
  const log = given.log ?? consoleLogger(() => clock.now())
  return {
    addresses,
    limits: resolveLimits(given.limits),
    log,
    clock,
    isShared: namedAddresses('sharedAddresses', given.sharedAddresses),
    proxyProtocol: proxiesOf(given, addresses, log),
    gate: given.gate ?? defaultGate,
    guards: guardsWithToken(given.guards, token, given.allowClearTextToken),
    retry: given.retry === undefined ? 3 : requireCount('retry', given.retry),
    given,
  }
}

function proxiesOf(
  { proxyProtocol }: ServerOptions,
  addresses: readonly Address[],
  log: Logger,
): ProxyProtocol | undefined {
  const hosts = addresses.flatMap((address) => ('host' in address ? address.host : []))
  const proxies = resolveProxies(proxyProtocol, hosts, log)
  if (proxies !== undefined && hosts.length === 0)
    throw invalidOption(
      'proxyProtocol',
      'a tcp:// or tls:// address beside it; a web port has its own, listenWeb({ proxyProtocol })',
      proxyProtocol,
    )
  return proxies
}

function checkTls(tls: ServerTls, addresses: readonly Address[]): void {
  if (isOfWebPorts(tls, addresses)) return checkOptions<Omit<ServerTls, keyof TlsPaths>>('tls', tls, serverTlsOptions)
  usableTls(tls, serverTlsOptions)
  requireUseOfTls(addresses)
}

/** Web ports have keys of their own: without a 'tls://' address, `identify` alone serves their clients. */
function isOfWebPorts(tls: ServerTls, addresses: readonly Address[]): boolean {
  // null from code without type checks.
  const { identify, key, cert, keyFile, certFile } = tls ?? {}
  const hasKeys = [key, cert, keyFile, certFile].some((each) => each !== undefined)
  return identify !== undefined && !hasKeys && addresses.every(({ transport }) => transport !== 'tls')
}

/** Rejects options that would admit everyone although they look protective. */
function checkGuards({ guards = [], gate, trust }: ServerOptions, token: string | undefined): void {
  if (!Array.isArray(guards)) throw invalidOption('guards', 'a list of instances of Guard', guards)
  for (const [index, guard] of guards.entries())
    if (typeof guard?.check !== 'function') throw invalidOption(`guards[${index}]`, 'an instance of Guard', guard)
  if (gate !== undefined && typeof gate !== 'function') throw invalidOption('gate', 'a function', gate)
  if (guards.length > 0 || token !== undefined || gate !== undefined) return
  if (trust !== undefined)
    throw invalidOption(
      'trust',
      'guards, a gate or a token beside it: it only exempts from these, and excludes nobody',
      trust,
    )
}

function isFd(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 3
}

/** Converts the constructor's forms to options. */
export function gather([first, second, third]: ServerArguments): ServerOptions {
  if (typeof first === 'number')
    throw invalidOption('host', "a host before the port: new Server('localhost', 4440)", first)
  if (typeof second === 'string') throw invalidOption('port', 'a number', second)
  if (typeof first !== 'string') return first ?? {}
  if (typeof second === 'number') return { ...third, host: first, port: second }
  return { ...(second as ServerOptions | undefined), address: first }
}

function addressesOf(given: ServerOptions): Address[] {
  const { address, host, port, path } = given
  const bare = given.tls === undefined ? 'tcp' : 'tls'
  if (address !== undefined) {
    for (const [name, other] of Object.entries({ port, path }))
      if (other !== undefined) throw invalidOption(name, 'nothing beside address, which says where to listen', other)
    return (typeof address === 'string' ? [address] : [...address]).map((text) => parseAddress(text, bare))
  }
  const addresses: Address[] = []
  if (port !== undefined) addresses.push(tcpAddress(host ?? '127.0.0.1', port, bare))
  if (path !== undefined) addresses.push(parseAddress(`unix:${path}`))
  return addresses
}

/** Throws ClientError (`INVALID_OPTION`) where there is nothing to listen at, or `listen()` got a port, as those of other servers do. */
export function checkListen(addresses: readonly Address[], given: unknown): void {
  if (given !== undefined) throw invalidUsage('listen() takes no arguments; pass the port to new Server(host, port)')
  const expected = 'a port, a path or an address to listen at; or call listenWeb(server, { port })'
  if (addresses.length === 0) throw invalidOption('port', expected, undefined)
}
