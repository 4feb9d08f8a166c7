// The limits of our own ports: the number of connections, when requests start, and how slowly bodies may arrive. On a user's server,
// these are up to the user.
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Server as NetServer, Socket } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { Clock } from '../../core/base/clock.ts'
import type { Limits } from '../../core/base/options.ts'
import { boundHandshakes } from '../../core/link/handshakes.ts'
import { Connections } from './connections.ts'
import { RequestTurns } from './request-turns.ts'
import { SlowBodies } from './slow-bodies.ts'

export interface PortBoundsOptions {
  readonly accounting: Accounting
  readonly clock: Clock
  readonly limits: Limits
  readonly maxConnections: number
  /** The event for a connection that is ready for HTTP. */
  readonly connected: 'secureConnection' | 'connection'
}

export class PortBounds {
  readonly #turns: RequestTurns
  readonly #slowBodies: SlowBodies
  /** Set once the server listens. */
  #connections: Connections | undefined

  constructor(http: HttpServer, { accounting, clock, limits, maxConnections, connected }: PortBoundsOptions) {
    this.#turns = new RequestTurns(clock)
    this.#slowBodies = new SlowBodies(clock)
    http.once('listening', () => {
      const connections = new Connections(accounting, maxConnections)
      this.#connections = connections
      http.on(connected, (socket: Socket) => connections.take(socket)).on('close', () => connections.close())
    })
    if (connected === 'secureConnection')
      boundHandshakes(http as NetServer as TlsServer, accounting, limits.maxUnauthenticatedLinks)
  }

  /** Called when a request arrives. Calls `begin` when it is its turn. */
  arrive(request: IncomingMessage, response: ServerResponse, begin: () => void): void {
    this.wake(request.socket)
    this.#slowBodies.watch(request)
    const account = this.#connections?.accountOf(request.socket)
    // Without an account, the connection was closed to make room.
    if (account !== undefined) this.#turns.arrive(request, response, account, begin)
  }

  /** Called when the connection has sent a request, or has become a WebSocket. */
  wake(socket: Socket): void {
    this.#connections?.wake(socket)
  }

  /** Called when all its responses have been sent. */
  rest(socket: Socket): void {
    this.#connections?.rest(socket)
  }
}
