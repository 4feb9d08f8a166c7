// The HTTP server under a web server: one of our own, or one of the user's that we join. What we do not take of the
// user's goes on to its own handlers, and at the end it is as it was.
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { runClean } from '../base/async-context.ts'
import type { Clock } from '../base/clock.ts'
import { ServerError } from '../base/errors.ts'
import type { ServerKit } from '../server/feature.ts'
import { OpenAnswers } from './open-answers.ts'
import { PortBounds } from './port-bounds.ts'
import { TakenListeners } from './taken-listeners.ts'
import type { ResolvedWebOptions } from './web-options.ts'

/** Why something is not taken. */
export interface Refusal {
  readonly status: number
  readonly reason: string
  /** Called when it is answered; not where the user's own handlers take the request. */
  readonly onAnswered?: () => void
}

/** Each answers undefined for what it takes. */
export interface WebHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): Refusal | undefined
  onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Refusal | undefined
}

/** What a port needs of its server. */
export type PortKit = Pick<ServerKit, 'clock' | 'accounting' | 'limits'>

/** What answers have to leave in where the grace is over. */
const releaseMs = 1_000
const tooManyHeaders: Refusal = { status: 431, reason: 'this request has more headers than are read' }
/** What Node reads where its server does not say. */
const mostHeadersOfNode = 1_000
const unknownProtocol: Refusal = { status: 404, reason: 'nothing but WebSockets is taken at this path' }

export class WebPort {
  readonly #options: ResolvedWebOptions
  readonly #http: HttpServer
  /** Those that were not upgraded, which are then somebody's WebSocket. */
  readonly #connections = new Set<Socket>()
  readonly #answers = new OpenAnswers((socket) => this.#onLastAnswer(socket))
  /** Of a port of our own. */
  readonly #bounds: PortBounds | undefined
  #isClosing = false
  #detach: () => void = () => undefined

  constructor(options: ResolvedWebOptions, kit: PortKit) {
    this.#options = options
    this.#http = options.server ?? makeServer(options)
    if (options.server !== undefined) return
    const { maxConnections } = options
    this.#bounds = new PortBounds(this.#http, { ...kit, maxConnections, connected: this.#connected })
  }

  get isTls(): boolean {
    return 'setSecureContext' in this.#http
  }

  /** The event of a connection that speaks HTTP. */
  get #connected(): 'secureConnection' | 'connection' {
    return this.isTls ? 'secureConnection' : 'connection'
  }

  /** Where it listens. */
  get address(): AddressInfo {
    return this.#http.address() as AddressInfo
  }

  /** The same, as browsers write it. */
  get url(): string {
    const { address, family, port } = this.address
    return `${this.isTls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  /** Both, as those need it who ask whether the port is open to others. */
  get place(): { readonly address: string; readonly host: string } {
    return { address: this.url, host: this.address.address }
  }

  /** Whether Node may have dropped headers, as the user's server has it do beyond a number of them. */
  #hasLostHeaders({ rawHeaders }: IncomingMessage): boolean {
    const most = this.#http.maxHeadersCount ?? mostHeadersOfNode
    return most > 0 && rawHeaders.length / 2 >= most
  }

  /** Throws ServerError: `ADDRESS_IN_USE`, `LISTEN_FAILED`. */
  async open(): Promise<void> {
    const { server, host, port } = this.#options
    // In no caller's context: Node hands it on to all that comes in.
    if (server === undefined) await runClean(() => listenAt(this.#http, host, port), undefined)
    else if (typeof server.address() !== 'object' || server.address() === null)
      throw new ServerError('option server: it must listen at a port before listenWeb joins it', {
        code: 'LISTEN_FAILED',
      })
  }

  /** Begins to hand over what comes in. */
  attach(handlers: WebHandlers): void {
    const http = this.#http
    const refusalOf = (request: IncomingMessage, response: ServerResponse): Refusal | undefined =>
      this.#hasLostHeaders(request) ? tooManyHeaders : handlers.onRequest(request, response)
    const requests = new TakenListeners(http, 'request', (request, response) => {
      if (this.#bounds !== undefined) {
        this.#answers.add(request, response)
        return this.#bounds.arrive(request, response, () => refuseRequest(response, refusalOf(request, response)))
      }
      const refusal = refusalOf(request, response)
      if (refusal !== undefined && !requests.isEmpty) return requests.call(request, response)
      this.#answers.add(request, response)
      refuseRequest(response, refusal)
    })
    const upgrades = new TakenListeners(http, 'upgrade', (request, stream, head) => {
      this.#connections.delete(stream as Socket)
      this.#bounds?.wake(stream as Socket)
      const isForWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
      const hasLost = this.#hasLostHeaders(request)
      if (!hasLost && !isForWebSocket && upgrades.isEmpty) {
        unreadWithoutUpgrade(request, stream, head)
        http.emit(this.#connected, stream)
        return
      }
      stream.on('error', () => undefined)
      const take = isForWebSocket ? handlers.onUpgrade : () => unknownProtocol
      const refusal = hasLost ? tooManyHeaders : take(request, stream, head)
      if (refusal === undefined) return
      if (upgrades.isEmpty) refuseUpgrade(stream, refusal)
      else upgrades.call(request, stream, head)
    })
    http.on(this.#connected, this.#onConnection)
    this.#detach = () => {
      this.#detach = () => undefined
      http.removeListener(this.#connected, this.#onConnection)
      requests.giveBack()
      upgrades.giveBack()
    }
  }

  /**
   * Answers that are on their way have `graceMs` to leave, and are cut after it. Settles when the port is free and none is
   * open.
   */
  async close(graceMs: number, clock: Clock): Promise<void> {
    this.#isClosing = true
    this.#detach()
    const limitMs = Math.max(graceMs, releaseMs)
    // The connections are the user's server's own, which goes on.
    if (this.#options.server !== undefined) return closedWithin(this.#answers.leaving, limitMs, clock)
    // A handshake of TLS that ends after us would leave a connection that nobody knows.
    this.#http.on(this.#connected, (socket: Socket) => socket.destroy())
    // Not http's own close: it cuts answers that are written and have not left.
    NetServer.prototype.close.call(this.#http)
    const open = [...this.#connections]
    for (const socket of open) if (!this.#answers.has(socket)) socket.destroy()
    await closedWithin(open, limitMs, clock)
    this.#http.close()
  }

  #onLastAnswer(socket: Socket): void {
    this.#bounds?.rest(socket)
    // As Node does after an answer with `connection: close`.
    if (this.#isClosing && this.#options.server === undefined) socket.destroySoon()
  }

  readonly #onConnection = (socket: Socket): void => {
    this.#connections.add(socket)
    socket.once('close', () => this.#connections.delete(socket))
  }
}

/**
 * A server may ignore a wish for another protocol, but Node hands over the bare socket for any: such a request (of clients
 * that would rather speak HTTP/2) is put back, to be read once more without the wish, and as the last one of its connection.
 */
function unreadWithoutUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`, 'connection: close']
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (!/^(connection|upgrade|http2-settings)$/i.test(name)) lines.push(`${name}: ${rawHeaders[i + 1]}`)
  }
  stream.unshift(Buffer.concat([Buffer.from([...lines, '', ''].join('\r\n'), 'latin1'), head]))
}

/** Settles when all have closed: by themselves, or cut after this. */
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

/** Answers an upgrade with a status, and closes. */
export function refuseUpgrade(stream: Duplex, { status, reason, onAnswered }: Refusal): void {
  onAnswered?.()
  if (stream.destroyed || stream.writableEnded) return
  const lines = [`HTTP/1.1 ${status} Refused`, 'connection: close', 'content-type: text/plain; charset=utf-8']
  const body = `${reason}\n`
  stream.once('finish', () => stream.destroy())
  stream.end([...lines, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'))
}

function refuseRequest(response: ServerResponse, refusal: Refusal | undefined): void {
  if (refusal === undefined) return
  const { status, reason, onAnswered } = refusal
  onAnswered?.()
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${reason}\n`)
}

function makeServer({ tls }: ResolvedWebOptions): HttpServer {
  // No requestTimeout: it counts time, and not what has come. See slow-bodies.ts.
  const bounds = { headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 5_000, maxHeaderSize: 16 * 1024 }
  const server =
    tls === undefined ? createServer(bounds) : createTlsServer({ ...bounds, ...tls, handshakeTimeout: 5_000 })
  // No count: Node would drop those beyond it without a word. maxHeaderSize bounds them, and answers 431.
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
      // Errors of accept() (too many open files) pass; the port goes on.
      http.on('error', () => undefined)
      resolve()
    })
  })
}
