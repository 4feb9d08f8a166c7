// From a request to upgrade to an open WebSocket of whoever takes it.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { answerPings, webSocketBounds } from '../link/web-socket-link.ts'
import type { SocketRoute } from './gateway.ts'

export class Upgrades {
  /** One for each bound on messages: it is theirs, not a socket's. */
  readonly #servers = new Map<number, WebSocketServer>()
  readonly #sockets = new Set<WebSocket>()
  readonly #protocols = new WeakMap<IncomingMessage, string | undefined>()

  accept(request: IncomingMessage, stream: Duplex, head: Buffer, route: SocketRoute): void {
    this.#protocols.set(request, route.protocol)
    this.#serverFor(route.maxMessageBytes).handleUpgrade(request, stream, head, (socket) => {
      socket.on('error', () => undefined)
      answerPings(socket)
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      route.onSocket(socket)
    })
  }

  /** Ends what is open: in order, and at once where the peer does not answer. */
  async close(limitMs: number): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => closeWithin(socket, limitMs)))
  }

  #serverFor(maxPayload: number): WebSocketServer {
    let server = this.#servers.get(maxPayload)
    if (server === undefined) {
      const handleProtocols = (_offered: Set<string>, request: IncomingMessage): string | false =>
        this.#protocols.get(request) ?? false
      const bounds = { ...webSocketBounds, maxPayload, skipUTF8Validation: false }
      server = new WebSocketServer({ ...bounds, noServer: true, clientTracking: false, handleProtocols })
      this.#servers.set(maxPayload, server)
    }
    return server
  }
}

function closeWithin(socket: WebSocket, limitMs: number): Promise<void> {
  if (socket.readyState === socket.CLOSED) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.terminate(), limitMs)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.close(1001, 'the server is shutting down')
  })
}
