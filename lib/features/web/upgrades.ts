// From a request to upgrade to an open WebSocket of whoever takes it.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { WebSocketServer } from '#ws'
import type { Clock } from '../../core/base/clock.ts'
import { clearTimeout, setTimeout } from '../../core/base/platform-timers.ts'
import { answerPings, webSocketBounds } from '../../core/link/web-socket-link.ts'
import { closeCodes } from '../../core/link/web-socket-messages.ts'
import type { SocketRoute } from './gateway.ts'
import { type Refusal, refuseUpgrade } from './refusal.ts'

export interface Decision {
  readonly clock: Clock
  readonly limitMs: number
  /** What a gateway's rejection is answered with. */
  refusalFor(error: unknown): Refusal
}

export class Upgrades {
  /** One for each bound on messages: it is theirs, not a socket's. */
  readonly #servers = new Map<number, WebSocketServer>()
  readonly #sockets = new Set<WebSocket>()
  /** A gateway has not decided on them. */
  readonly #undecided = new Set<Duplex>()
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

  /** Takes an upgrade in order to close it immediately, with a reason that its client can read; pages cannot read a status. */
  turnAway(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    { route, reason, limitMs }: { readonly route: SocketRoute; readonly reason: string; readonly limitMs: number },
  ): void {
    const onSocket = (socket: WebSocket): void => void closeWithin(socket, limitMs, closeCodes.refused, reason)
    this.accept(request, stream, head, { ...route, onSocket })
  }

  /** The client may leave while the gateway thinks, or the gateway think for too long. */
  async acceptLater(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    route: Promise<SocketRoute>,
    { clock, limitMs, refusalFor }: Decision,
  ): Promise<void> {
    const late = { status: 504, reason: 'it took too long to decide' }
    const timer = clock.setTimer(() => refuseUpgrade(stream, late), limitMs)
    this.#undecided.add(stream)
    try {
      const settled = await route
      if (this.#undecided.has(stream) && !stream.destroyed && stream.writable)
        this.accept(request, stream, head, settled)
    } catch (error) {
      refuseUpgrade(stream, refusalFor(error))
    } finally {
      timer.cancel()
      this.#undecided.delete(stream)
    }
  }

  /** Ends what is open: in order, and at once where the peer does not answer. */
  async close(limitMs: number): Promise<void> {
    for (const stream of this.#undecided) refuseUpgrade(stream, { status: 503, reason: 'the server is shutting down' })
    this.#undecided.clear()
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

function closeWithin(
  socket: WebSocket,
  limitMs: number,
  code: number = closeCodes.goingAway,
  reason = 'the server is shutting down',
): Promise<void> {
  if (socket.readyState === socket.CLOSED) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.terminate(), limitMs)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.close(code, reason)
  })
}
