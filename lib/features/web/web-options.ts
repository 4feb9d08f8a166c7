// The options of `listenWeb`, their defaults and checks.
import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { requirePackages } from '../../core/base/optional-packages.ts'
import { invalidOption, requireCount, requirePositive } from '../../core/base/options.ts'
import { tcpAddress } from '../../core/link/address.ts'
import { type PortTls, usableTls } from '../../core/link/port-tls.ts'
import { namedAddresses } from '../../core/server/named-addresses.ts'
import type { ProxyAddresses } from '../../core/server/proxy-option.ts'
import type { AccessOptions } from './access.ts'
import type { WebGateway } from './gateway.ts'

export interface WebOptions extends AccessOptions {
  /** The port; 0 for any free one. Required unless `server` is given. */
  readonly port?: number | undefined
  /** The address to listen at. Default '127.0.0.1'. To accept other machines, `hosts` must list the name of this machine too. */
  readonly host?: string | undefined
  /**
   * Key and certificate, or their files, for https and wss. With `requestCert` and `ca`, clients may or must
   * (`rejectUnauthorized`) present a certificate, which is their identity in every protocol, as on 'tls://'.
   */
  readonly tls?: PortTls | undefined
  /**
   * An HTTP server to join instead of listening. It must already have its own handlers, which get the requests that isock does not
   * take, and it stays open when isock closes. Pages of `origins` may read isock's responses (CORS), not those of the server.
   */
  readonly server?: HttpServer | HttpsServer | undefined
  /** The path of WebSockets of isock's own clients. Default '/isock'. */
  readonly path?: string | undefined
  /** A directory of files to serve. Default: none. */
  readonly static?: string | undefined
  /** The path at which to serve the client's module for browsers, such as '/isock.js'. Default: not served. */
  readonly browserModule?: string | undefined
  /** Gateways for other protocols on the same port. */
  readonly gateways?: readonly WebGateway[] | undefined
  /**
   * Open connections, including WebSockets. Beyond that, the oldest idle connection of the address with the most is closed,
   * otherwise its oldest connection; if no address has more, the new one is closed. Default 10 000.
   */
  readonly maxConnections?: number | undefined
  /**
   * The addresses and ranges of proxies; `'loopback'` for this machine. For their requests, `peer.address`, `trust`,
   * limits and logs use the client in X-Forwarded-For, and X-Forwarded-Proto tells whether the whole path is TLS. The headers of
   * other senders are ignored. Default none.
   */
  readonly trustProxy?: readonly string[] | undefined
  /**
   * The addresses and ranges of proxies that begin each connection with a header of the PROXY protocol, like the server's
   * option of this name: for proxies that forward bytes, whereas `trustProxy` is for proxies that forward requests. Not allowed
   * together with `server`. Default none.
   */
  readonly proxyProtocol?: ProxyAddresses | undefined
  /**
   * How long an idle connection stays open, in milliseconds; 0 for no limit. Default 65 000, longer than the timeout of load
   * balancers (often 60 s), which would otherwise send requests over closing connections.
   */
  readonly keepAliveTimeoutMs?: number | undefined
  /** How long the headers of a request may take to arrive, in milliseconds. Default 10 000. */
  readonly headersTimeoutMs?: number | undefined
}

export interface ResolvedWebOptions extends WebOptions {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly gateways: readonly WebGateway[]
  readonly maxConnections: number
  readonly keepAliveTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly isProxy: (address: string) => boolean
}

const webOptions: OptionTable<WebOptions> = {
  hosts: 'protects',
  origins: 'protects',
  tls: 'protects',
  port: 'any',
  host: 'any',
  server: 'any',
  path: 'any',
  static: 'any',
  browserModule: 'any',
  gateways: 'any',
  maxConnections: 'any',
  trustProxy: 'any',
  proxyProtocol: 'any',
  keepAliveTimeoutMs: 'any',
  headersTimeoutMs: 'any',
}

/** @throws ClientError (`INVALID_OPTION`) that names the invalid option. */
export function resolveWebOptions(given: WebOptions, defaultPath: string): ResolvedWebOptions {
  checkOptions('listenWeb', given, webOptions)
  const { server, port = 0, host = '127.0.0.1', path = defaultPath, gateways = [], maxConnections = 10_000 } = given
  if (server === undefined && given.port === undefined)
    throw invalidOption('port', 'a port to listen at, or an HTTP server as the option server', given.port)
  if (server !== undefined && !isHttpServer(server)) throw notHttpServer(server)
  if (server !== undefined && given.proxyProtocol !== undefined)
    throw invalidOption(
      'proxyProtocol',
      'no proxyProtocol together with server: that server reads its connections itself',
      given.proxyProtocol,
    )
  if (server !== undefined && (given.port !== undefined || given.tls !== undefined))
    throw invalidOption('server', 'no port and no tls together with server: it has its own', 'both')
  tcpAddress(host, port)
  const ownPath = requirePath('path', path)
  const { browserModule } = given
  const module = browserModule === undefined ? {} : { browserModule: requirePath('browserModule', browserModule) }
  if (!Array.isArray(gateways) || !gateways.every(isGateway))
    throw invalidOption('gateways', 'a list of gateways, such as igor(), lexicons() or http()', gateways)
  if (given.static !== undefined && (typeof given.static !== 'string' || given.static === ''))
    throw invalidOption('static', 'the path of a directory', given.static)
  if (given.static !== undefined) requirePackages('the option static of listenWeb', ['send'])
  requirePositive('maxConnections', maxConnections)
  const times = timesOf(given)
  if (given.tls !== undefined) usableTls(given.tls)
  const isProxy = namedAddresses('trustProxy', given.trustProxy)
  return {
    ...given,
    ...module,
    ...times,
    isProxy,
    host,
    port,
    path: ownPath,
    gateways,
    maxConnections,
  }
}

function timesOf(given: WebOptions): Pick<ResolvedWebOptions, 'keepAliveTimeoutMs' | 'headersTimeoutMs'> {
  const { keepAliveTimeoutMs, headersTimeoutMs, server } = given
  for (const [name, value] of Object.entries({ keepAliveTimeoutMs, headersTimeoutMs }))
    if (server !== undefined && value !== undefined)
      throw invalidOption(name, 'nothing together with server: set it at that server', value)
  return {
    keepAliveTimeoutMs: requireCount('keepAliveTimeoutMs', keepAliveTimeoutMs ?? 65_000),
    headersTimeoutMs: requirePositive('headersTimeoutMs', headersTimeoutMs ?? 10_000),
  }
}

/** A grace period in milliseconds. Throws ClientError (`INVALID_OPTION`). */
export function requireGrace(graceMs: unknown): void {
  if (typeof graceMs !== 'number' || !Number.isFinite(graceMs) || graceMs < 0)
    throw invalidOption('graceMs', 'milliseconds, at least 0', graceMs)
}

/** The path, without a slash at its end. Throws ClientError (`INVALID_OPTION`). */
export function requirePath(name: string, path: unknown): string {
  if (typeof path === 'string' && /^\/[^?#\s]*$/.test(path)) return path.length > 1 ? path.replace(/\/$/, '') : path
  throw invalidOption(name, "a path that begins with '/'", path)
}

function isHttpServer(server: unknown): boolean {
  return typeof server === 'object' && server !== null && typeof (server as HttpServer).address === 'function'
}

function notHttpServer(given: unknown): Error {
  // Applications are not servers: Fastify has one, Express and Koa make one.
  const { server, listen, use } = (given ?? {}) as { server?: unknown; listen?: unknown; use?: unknown }
  const isApplication = typeof listen === 'function'
  if (isApplication && isHttpServer(server))
    return invalidOption(
      'server',
      "an http.Server: a Fastify application's is app.server, once app.listen() has settled",
      given,
    )
  if (isApplication && typeof use === 'function')
    return invalidOption(
      'server',
      'an http.Server: an application of Express or Koa returns it from app.listen()',
      given,
    )
  return invalidOption('server', 'an http.Server, such as an application of Express returns from app.listen()', given)
}

function isGateway(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as WebGateway).mount === 'function'
}
