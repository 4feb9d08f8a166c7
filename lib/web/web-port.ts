// The HTTP server under a web server: one of our own, or one of the user's that we join. What we do not take of the
// user's goes on to its own handlers, and at the end it is as it was.
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ServerError } from '../base/errors.ts'
import { TakenListeners } from './taken-listeners.ts'
import type { ResolvedWebOptions } from './web-options.ts'

/** Why something is not taken. */
export interface Refusal {
  readonly status: number
  readonly reason: string
}

/** Each answers undefined for what it takes. */
export interface WebHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): Refusal | undefined
  onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Refusal | undefined
}

/** From the end to what clients do not let go of by themselves. */
const releaseMs = 1_000
const unknownProtocol: Refusal = { status: 404, reason: 'nothing but WebSockets is taken at this path' }

export class WebPort {
  readonly #options: ResolvedWebOptions
  readonly #http: HttpServer
  /** Those that were not upgraded, which are then somebody's WebSocket. */
  readonly #connections = new Set<Duplex>()
  #detach: () => void = () => undefined

  constructor(options: ResolvedWebOptions) {
    this.#options = options
    this.#http = options.server ?? makeServer(options)
  }

  get isTls(): boolean {
    return 'setSecureContext' in this.#http
  }

  /** Where it listens. */
  get address(): AddressInfo {
    return this.#http.address() as AddressInfo
  }

  /** Throws ServerError: `ADDRESS_IN_USE`, `LISTEN_FAILED`. */
  async open(): Promise<void> {
    const { server, host, port } = this.#options
    if (server === undefined) await listenAt(this.#http, host, port)
    else if (typeof server.address() !== 'object' || server.address() === null)
      throw new ServerError('option server: it must listen at a port before listenWeb joins it', {
        code: 'LISTEN_FAILED',
      })
  }

  /** Begins to hand over what comes in. */
  attach(handlers: WebHandlers): void {
    const http = this.#http
    const connected = this.isTls ? 'secureConnection' : 'connection'
    const requests = new TakenListeners(http, 'request', (request, response) => {
      const refusal = handlers.onRequest(request, response)
      if (refusal === undefined) return
      if (requests.isEmpty) refuseRequest(response, refusal)
      else requests.call(request, response)
    })
    const upgrades = new TakenListeners(http, 'upgrade', (request, stream, head) => {
      this.#connections.delete(stream)
      const isForWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
      if (!isForWebSocket && upgrades.isEmpty) {
        unreadWithoutUpgrade(request, stream, head)
        http.emit(connected, stream)
        return
      }
      stream.on('error', () => undefined)
      const refusal = isForWebSocket ? handlers.onUpgrade(request, stream, head) : unknownProtocol
      if (refusal === undefined) return
      if (upgrades.isEmpty) refuseUpgrade(stream, refusal)
      else upgrades.call(request, stream, head)
    })
    http.on(connected, this.#onConnection)
    this.#detach = () => {
      this.#detach = () => undefined
      http.removeListener(connected, this.#onConnection)
      requests.giveBack()
      upgrades.giveBack()
    }
  }

  /** Settles when the port is free and no request is open. */
  async close(): Promise<void> {
    this.#detach()
    if (this.#options.server !== undefined) return
    this.#http.close()
    this.#http.closeIdleConnections()
    if (this.#connections.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        for (const socket of this.#connections) socket.destroy()
      }, releaseMs)
      for (const socket of this.#connections) {
        socket.once('close', () => {
          if (this.#connections.size > 0) return
          clearTimeout(timer)
          resolve()
        })
      }
    })
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

/** Answers an upgrade with a status, and closes. */
export function refuseUpgrade(stream: Duplex, { status, reason }: Refusal): void {
  if (stream.destroyed || stream.writableEnded) return
  const lines = [`HTTP/1.1 ${status} Refused`, 'connection: close', 'content-type: text/plain; charset=utf-8']
  const body = `${reason}\n`
  stream.once('finish', () => stream.destroy())
  stream.end([...lines, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'))
}

function refuseRequest(response: ServerResponse, { status, reason }: Refusal): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${reason}\n`)
}

function makeServer({ tls, maxConnections }: ResolvedWebOptions): HttpServer {
  const bounds = { headersTimeout: 10_000, requestTimeout: 300_000, keepAliveTimeout: 5_000, maxHeaderSize: 16 * 1024 }
  const server =
    tls === undefined ? createServer(bounds) : createTlsServer({ ...bounds, ...tls, handshakeTimeout: 5_000 })
  server.maxConnections = maxConnections
  server.maxHeadersCount = 200
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
