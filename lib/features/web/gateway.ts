// What a gateway is: it takes requests and WebSockets of a foreign protocol and turns them into actions and channels. It gets
// ordinary sessions; the web server knows no particular gateway.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WebSocket } from 'ws'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { Identity, ServerView, SessionView } from '../../core/action/context.ts'
import { brand } from '../../core/base/brand.ts'
import type { Clock } from '../../core/base/clock.ts'
import type { Logger } from '../../core/base/log.ts'
import type { Limits } from '../../core/base/options.ts'
import type { Link, Peer } from '../../core/link/link.ts'

/**
 * A foreign protocol on a web server's port, given to `listenWeb(server, { gateways: [...] })`.
 *
 * @example
 * const hello: WebGateway = {
 *   name: 'hello',
 *   mount: () => ({
 *     onRequest: ({ response, url }) => {
 *       if (url.pathname !== '/hello') return false
 *       response.end('hello\n')
 *       return true
 *     },
 *     close: async () => undefined,
 *   }),
 * }
 */
export interface WebGateway {
  /** For logs and messages. */
  readonly name: string
  /** Called once for each web server. May throw ClientError (`INVALID_OPTION`). */
  mount(host: WebHost): MountedGateway
}

/** A gateway on one web server. Host and Origin of both kinds of request have been checked. */
export interface MountedGateway {
  /** Returns true where the request is its own, and answers it, also later. Must not throw. */
  onRequest?(visit: WebVisit, response: ServerResponse): boolean
  /**
   * Whether it would take a request of this method at this path. At a user's HTTP server, preflights (CORS) are answered for
   * what a gateway takes; all others are the user's. Default: unknown, so they are the user's.
   */
  takes?(url: URL, method: string): boolean
  /**
   * Whether this is served whatever the Host, as health checks are, which come by an address that no one could list. Never
   * for a request with an Origin. Default: no.
   */
  isForAnyHost?(url: URL, method: string): boolean
  /**
   * Whether pages of allowed origins may load this as a part of themselves: images, styles, fonts and media, by GET, which
   * browsers request without an Origin. Reading it must change nothing. Default: no.
   */
  mayBeEmbedded?(url: URL): boolean
  /**
   * Whether it takes this WebSocket; undefined: it does not. A promise may take as long as a handshake may. Throws WebRefusal
   * to answer with a status instead. Anything for the socket must be made in `onSocket`, which is not called for a client
   * that leaves before, or whose handshake is wrong.
   */
  onUpgrade?(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined | Promise<SocketRoute>
  /**
   * The same for a WebSocket that no gateway has taken, at any path. Not called at a user's HTTP server with other listeners
   * for upgrades, as it may be theirs.
   */
  onUnclaimedUpgrade?(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined
  /** Called once when the server drains: starts no new work, and ends after what runs. Settles when everything is released. */
  close(graceMs: number): Promise<void>
}

/** A request, and the client that made it. */
export interface WebVisit {
  readonly request: IncomingMessage
  /** Path and query; its origin is not the request's. The path has no slash at its end; the request has it as it came. */
  readonly url: URL
  readonly peer: Peer
}

/** How an accepted WebSocket continues. */
export interface SocketRoute {
  /** The subprotocol of the answer, one of those that the client named. */
  readonly protocol?: string
  /** A longer message closes the socket with 1009. */
  readonly maxMessageBytes: number
  /** The socket has an error handler, and is terminated when the web server closes. */
  onSocket(socket: WebSocket): void
}

/** What the web server offers to a gateway. */
export interface WebHost {
  readonly server: ServerView
  readonly clock: Clock
  readonly log: Logger
  readonly limits: Limits
  /** Counts what a gateway holds for its clients. */
  readonly accounting: Accounting
  /** The guards of the server: credentials for other guards prove nothing. */
  readonly guardNames: ReadonlySet<string>
  /** The server sends all errors in full, for development. */
  readonly exposeErrors: boolean
  /** The processes of the server at present. */
  readonly processNames: readonly string[]
  /** True for a process that has finished or failed, and was not restarted. */
  hasProcessEnded(name: string): boolean
  /** True for an action that is a generator: each of its calls is a stream. False where that is unknown. */
  isStream(actionName: string): boolean
  /** The Cache-Control of an action that declares `idempotent` and `cacheControl`; undefined: it cannot be called by GET. */
  cacheControlOf(actionName: string): string | undefined
  /** The session of a gateway's own client, by its `sessionId`. */
  findSession(id: string): SessionView | undefined
  /** Replaces the identity of a session by what the guards returned now. Only for the same `id`. */
  renewIdentity(sessionId: string, identity: Identity | undefined): void
  /** A link to the server, in memory, for a gateway's own client. The server sees this peer at its end. */
  connect(peer: Peer): Link
}

/** A refusal with a status of HTTP, of a request or an upgrade. Its message is for the client. */
export class WebRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'WebRefusal'
    this.status = status
  }
}

brand('isock.WebRefusal', WebRefusal)
