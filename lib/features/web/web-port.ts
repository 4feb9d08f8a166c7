// The HTTP server behind a web server: either our own, or a user's server that we join. On a user's server, requests that we do not
// take go to its own handlers, and it is restored when we leave.
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { runClean } from '../../core/base/async-context.ts'
import type { Clock } from '../../core/base/clock.ts'
import { ServerError } from '../../core/base/errors.ts'
import type { ListenTls } from '../../core/link/listener.ts'
import { usableTls } from '../../core/link/port-tls.ts'
import { readProxyHeaders } from '../../core/link/proxy-protocol.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import { resolveProxies } from '../../core/server/proxy-option.ts'
import type { AllowList } from './allow-list.ts'
import { JoinedServer } from './joined-server.ts'
import { OpenAnswers } from './open-answers.ts'
import { PortBounds } from './port-bounds.ts'
import { type Refusal, refuseRequest, refuseUpgrade, unreadWithoutUpgrade } from './refusal.ts'
import type { ResolvedWebOptions } from './web-options.ts'

/** The handlers of a port. Each returns undefined if it takes the request, or else why it does not. */
export interface WebHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): Refusal | undefined
  onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Refusal | undefined
}

/** The part of a server that its ports need. */
export type PortKit = Pick<ServerKit, 'clock' | 'accounting' | 'limits' | 'log'>

/** The minimum time for unsent responses after the grace period, in milliseconds. */
const releaseMs = 1_000
const tooManyHeaders: Refusal = { status: 431, message: 'this request has too many headers' }
/** How many headers Node reads by default. */
const defaultMaxHeaders = 1_000
const unknownProtocol: Refusal = { status: 404, message: 'only WebSockets are accepted at this path' }

export class WebPort {
  readonly #options: ResolvedWebOptions
  readonly #http: HttpServer
  /** Connections that were not upgraded to WebSockets. */
  readonly #connections = new Set<Socket>()
  readonly #answers = new OpenAnswers((socket) => this.#onLastAnswer(socket))
  /** Undefined on a user's server. */
  readonly #bounds: PortBounds | undefined
  #isClosing = false
  #joined: JoinedServer | undefined
  #detach: () => unknown = () => undefined
  /** Closes connections whose PROXY headers have not arrived. */
  #closeWaiting: () => void = () => undefined

  /** Throws ClientError (`INVALID_OPTION`). */
  constructor(options: ResolvedWebOptions, kit: PortKit) {
    this.#options = options
    this.#http = options.server ?? makeServer(options)
    if (options.server !== undefined) return
    const { maxConnections } = options
    this.#awaitProxies(kit)
    this.#bounds = new PortBounds(this.#http, { ...kit, maxConnections, connected: this.#connected })
  }

  #awaitProxies({ accounting, limits, log }: PortKit): void {
    const proxies = resolveProxies(this.#options.proxyProtocol, [this.#options.host], log)
    const { handshakeTimeoutMs: timeoutMs, maxUnauthenticatedLinks: maxWaiting } = limits
    if (proxies !== undefined)
      this.#closeWaiting = readProxyHeaders(this.#http, { ...proxies, timeoutMs, maxWaiting, accounting })
  }

  get isTls(): boolean {
    return 'setSecureContext' in this.#http
  }

  /** The event for a connection that is ready for HTTP. */
  get #connected(): 'secureConnection' | 'connection' {
    return this.isTls ? 'secureConnection' : 'connection'
  }

  /** Whether a user's server has other listeners for upgrades. */
  get hasOtherUpgrades(): boolean {
    return this.#joined?.hasOthers('upgrade') === true
  }

  /** The address that it listens at. */
  get address(): AddressInfo {
    return this.#http.address() as AddressInfo
  }

  /** A URL that works on this machine, with a host that `hosts` allows. */
  get url(): string {
    const { address, port } = this.address
    const isEverywhere = address === '0.0.0.0' || address === '::'
    const named = isEverywhere ? hostToOpen(this.#options.hosts, address) : urlHost(address)
    return `${this.isTls ? 'https' : 'http'}://${/:\d+$/.test(named) && !named.endsWith(']') ? named : `${named}:${port}`}`
  }

  /** Address and host, to check whether the port is open to other machines. */
  get place(): { readonly address: string; readonly host: string } {
    const { address, port } = this.address
    return { address: `${this.isTls ? 'https' : 'http'}://${urlHost(address)}:${port}`, host: address }
  }

  /** Whether Node may have dropped headers because there are too many. */
  #mayLackHeaders({ rawHeaders }: IncomingMessage): boolean {
    const max = this.#http.maxHeadersCount ?? defaultMaxHeaders
    return max > 0 && rawHeaders.length / 2 >= max
  }

  /** Replaces the TLS of our own port, which must have TLS. */
  renewTls(tls: ListenTls): void {
    ;(this.#http as HttpsServer).setSecureContext(tls)
  }

  /** Starts listening. Throws ServerError: `ADDRESS_IN_USE`, `LISTEN_FAILED`. */
  async open(): Promise<void> {
    const { server, host, port } = this.#options
    // Without the caller's async context, which Node would pass on to every request.
    if (server === undefined) await runClean(() => listenAt(this.#http, host, port), undefined)
    else if (typeof server.address() !== 'object' || server.address() === null)
      throw new ServerError('option server: the server must listen before listenWeb joins it', {
        code: 'LISTEN_FAILED',
      })
  }

  /** Starts passing requests and upgrades to the handlers. */
  attach(handlers: WebHandlers): void {
    const http = this.#http
    const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): boolean =>
      this.#upgrade(handlers, request, stream, head)
    http.on(this.#connected, this.#onConnection)
    if (this.#options.server === undefined) {
      const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
        this.#request(handlers, request, response)
      http.on('request', onRequest).on('upgrade', onUpgrade)
      this.#detach = () => http.removeListener('request', onRequest).removeListener('upgrade', onUpgrade)
      return
    }
    const onRequest = (request: IncomingMessage, response: ServerResponse): boolean =>
      this.#offer(handlers, request, response)
    const joined = new JoinedServer(http, { onRequest, onUpgrade })
    this.#joined = joined
    this.#detach = () => joined.leave()
  }

  /** Handles a request to our own port. */
  #request(handlers: WebHandlers, request: IncomingMessage, response: ServerResponse): void {
    this.#answers.add(request, response)
    const begin = (): void => refuseRequest(response, this.#refusalOf(handlers, request, response))
    this.#bounds?.arrive(request, response, begin)
  }

  /** Handles a request to a user's server. Returns true if it was taken. */
  #offer(handlers: WebHandlers, request: IncomingMessage, response: ServerResponse): boolean {
    const refusal = this.#refusalOf(handlers, request, response)
    if (refusal !== undefined && this.#joined?.hasOthers('request') === true) return false
    this.#answers.add(request, response)
    refuseRequest(response, refusal)
    return true
  }

  #refusalOf(handlers: WebHandlers, request: IncomingMessage, response: ServerResponse): Refusal | undefined {
    return this.#mayLackHeaders(request) ? tooManyHeaders : handlers.onRequest(request, response)
  }

  /** Handles an upgrade. Returns true if it was taken. */
  #upgrade({ onUpgrade }: WebHandlers, request: IncomingMessage, stream: Duplex, head: Buffer): boolean {
    const hasOthers = this.hasOtherUpgrades
    this.#connections.delete(stream as Socket)
    this.#bounds?.wake(stream as Socket)
    const isForWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    const mayLack = this.#mayLackHeaders(request)
    if (!mayLack && !isForWebSocket && !hasOthers) {
      unreadWithoutUpgrade(request, stream, head)
      this.#http.emit(this.#connected, stream)
      return true
    }
    stream.on('error', () => undefined)
    const take = isForWebSocket ? onUpgrade : () => unknownProtocol
    const refusal = mayLack ? tooManyHeaders : take(request, stream, head)
    if (refusal !== undefined && hasOthers) return false
    if (refusal !== undefined) refuseUpgrade(stream, refusal)
    return true
  }

  /**
   * Closes the port. Responses being sent have `graceMs` to finish. Settles when the port is free and all responses have ended.
   */
  async close(graceMs: number, clock: Clock): Promise<void> {
    this.#isClosing = true
    this.#detach()
    this.#http.removeListener(this.#connected, this.#onConnection)
    const limitMs = Math.max(graceMs, releaseMs)
    // The connections belong to the user's server, which keeps running.
    if (this.#options.server !== undefined) return closedWithin(this.#answers.leaving, limitMs, clock)
    // A TLS handshake that finishes later would leave an untracked connection.
    this.#http.on(this.#connected, (socket: Socket) => socket.destroy())
    this.#closeWaiting()
    // Not the HTTP server's own close, which cuts off responses that are written but not sent. Bun has no other.
    if (this.#http instanceof NetServer) NetServer.prototype.close.call(this.#http)
    else (this.#http as HttpServer).close()
    const open = [...this.#connections]
    for (const socket of open) if (!this.#answers.has(socket)) socket.destroy()
    await closedWithin(open, limitMs, clock)
    this.#http.close()
  }

  #onLastAnswer(socket: Socket): void {
    this.#bounds?.rest(socket)
    // As Node does after a response with `connection: close`.
    if (this.#isClosing && this.#options.server === undefined) socket.destroySoon()
  }

  readonly #onConnection = (socket: Socket): void => {
    this.#connections.add(socket)
    socket.once('close', () => this.#connections.delete(socket))
  }
}

/** Settles when all have closed. Destroys those still open after the time limit. */
async function closedWithin(all: readonly (Socket | ServerResponse)[], limitMs: number, clock: Clock): Promise<void> {
  const open = all.filter(({ closed }) => !closed)
  if (open.length === 0) return
  const timer = clock.setTimer(() => {
    for (const each of open) each.destroy()
  }, limitMs)
  timer.keepProcessAlive(true)
  await Promise.all(open.map((each) => new Promise((resolve) => each.once('close', resolve))))
  timer.cancel()
}

function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** The host for the URL of a port that listens at all addresses. */
function hostToOpen(hosts: AllowList | undefined, address: string): string {
  const loopback = address === '::' ? '[::1]' : '127.0.0.1'
  if (hosts === undefined || typeof hosts !== 'object' || hosts.includes(loopback)) return loopback
  return hosts.find((host) => !host.includes('*')) ?? loopback
}

function makeServer({ tls, keepAliveTimeoutMs, headersTimeoutMs }: ResolvedWebOptions): HttpServer {
  // No requestTimeout: it counts time, not progress. See slow-bodies.ts.
  const times = { headersTimeout: headersTimeoutMs, requestTimeout: 0, keepAliveTimeout: keepAliveTimeoutMs }
  const bounds = { ...times, maxHeaderSize: 16 * 1024 }
  const server =
    tls === undefined
      ? createServer(bounds)
      : createTlsServer({ ...bounds, ...usableTls(tls), handshakeTimeout: 5_000 })
  // No maximum, because Node would silently drop further headers. maxHeaderSize limits them instead, with 431.
  server.maxHeadersCount = 0
  return server
}

function listenAt(http: HttpServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      const where = `${host}:${port}`
      const isInUse = cause.code === 'EADDRINUSE'
      const message = isInUse
        ? `${where} is in use; stop what listens there, or use another port`
        : `cannot listen at ${where}: ${cause.message}`
      reject(new ServerError(message, { code: isInUse ? 'ADDRESS_IN_USE' : 'LISTEN_FAILED', cause }))
    }
    http.once('error', onError)
    http.listen({ port, host: host === 'localhost' ? '127.0.0.1' : host }, () => {
      http.removeListener('error', onError)
      // Errors of accept() (too many open files) pass; the port continues.
      http.on('error', () => undefined)
      resolve()
    })
  })
}
