// Upgrades requests to the open WebSockets of their routes.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { WebSocketServer } from '#ws'
import type { Clock } from '../../core/base/clock.ts'
import { answerPings, webSocketBounds } from '../../core/link/web-socket-link.ts'
import { closeCodes } from '../../core/link/web-socket-messages.ts'
import { closeSocket } from './close-socket.ts'
import type { SocketRoute } from './gateway.ts'
import { type Refusal, refuseUpgrade } from './refusal.ts'

export interface Decision {
  readonly limitMs: number
  /** The refusal for an error of a gateway. */
  refusalFor(error: unknown): Refusal
}

export class Upgrades {
  /** One server per message limit, because `ws` sets the limit per server, not per socket. */
  readonly #servers = new Map<number, WebSocketServer>()
  readonly #sockets = new Set<WebSocket>()
  /** Sockets whose gateway has not decided yet. */
  readonly #undecided = new Set<Duplex>()
  readonly #protocols = new WeakMap<IncomingMessage, string | undefined>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

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

  /** Accepts an upgrade and closes it immediately with a reason, because pages cannot read an HTTP status. */
  reject(request: IncomingMessage, stream: Duplex, head: Buffer, route: SocketRoute, reason: string): void {
    const onSocket = (socket: WebSocket): void => void closeSocket(socket, this.#clock, closeCodes.refused, reason)
    this.accept(request, stream, head, { ...route, onSocket })
  }

  /** Accepts an upgrade when the gateway has decided, unless the client disconnects or the gateway takes too long. */
  async acceptLater(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    route: Promise<SocketRoute>,
    { limitMs, refusalFor }: Decision,
  ): Promise<void> {
    const late = { status: 504, message: 'the server took too long to decide' }
    const timer = this.#clock.setTimer(() => refuseUpgrade(stream, late), limitMs)
    this.#undecided.add(stream)
    try {
      const settled = await route
      // Unless the client has disconnected or was refused in the meantime.
      if (stream.writable) this.accept(request, stream, head, settled)
    } catch (error) {
      refuseUpgrade(stream, refusalFor(error))
    } finally {
      timer.cancel()
      this.#undecided.delete(stream)
    }
  }

  /** Closes all open sockets. Settles when they are closed. */
  async close(): Promise<void> {
    const message = 'the server is shutting down'
    for (const stream of this.#undecided) refuseUpgrade(stream, { status: 503, message })
    const close = (socket: WebSocket): Promise<void> => closeSocket(socket, this.#clock, closeCodes.goingAway, message)
    await Promise.all([...this.#sockets].map(close))
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
