// The contract of a gateway, which translates requests and WebSockets of a foreign protocol to actions and channels. It uses
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
 * A foreign protocol on a web server's port, passed to `listenWeb(server, { gateways: [...] })`.
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
  /** Returns true if it takes the request, and answers it, possibly later. Must not throw. */
  onRequest?(visit: WebVisit, response: ServerResponse): boolean
  /**
   * Whether it would take a request with this method at this path. On a user's HTTP server, preflights (CORS) are answered for
   * what a gateway takes; all others are left to the user. Default: unknown, so they are left to the user.
   */
  takes?(url: URL, method: string): boolean
  /**
   * Whether this is served for any Host, such as health checks, which use an address that cannot be listed. Never
   * for a request with an Origin. Default: no.
   */
  isForAnyHost?(url: URL, method: string): boolean
  /**
   * Whether pages of allowed origins may embed this: images, styles, fonts and media, by GET, which
   * browsers request without an Origin. Reading it must have no side effects. Default: no.
   */
  mayBeEmbedded?(url: URL): boolean
  /**
   * Whether it takes this WebSocket; undefined if it does not. A promise may take as long as a handshake may. Throws WebRefusal
   * to answer with a status instead. Anything for the socket must be created in `onSocket`, which is not called for a client
   * that leaves earlier, or whose handshake is invalid.
   */
  onUpgrade?(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined | Promise<SocketRoute>
  /**
   * The same for a WebSocket that no gateway has taken, at any path. Not called on a user's HTTP server that has other listeners
   * for upgrades, because it may be theirs.
   */
  onUnclaimedUpgrade?(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined
  /** Called once when the server drains: starts no new work, and ends once the running work has. Settles when everything is released. */
  close(graceMs: number): Promise<void>
}

/** A request, and the client that made it. */
export interface WebVisit {
  readonly request: IncomingMessage
  /** Path and query; its origin is not the request's. The path has no trailing slash; the request has the original path. */
  readonly url: URL
  readonly peer: Peer
}

/** How to continue with an accepted WebSocket. */
export interface SocketRoute {
  /** The subprotocol of the answer, one of those that the client offered. */
  readonly protocol?: string
  /** A longer message closes the socket with code 1009. */
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
  /** Accounts for what a gateway holds for its clients. */
  readonly accounting: Accounting
  /** The guards of the server. Credentials for other guards prove nothing. */
  readonly guardNames: ReadonlySet<string>
  /** The server sends all errors in full, for development. */
  readonly exposeErrors: boolean
  /** The current processes of the server. */
  readonly processNames: readonly string[]
  /** True for a process that has finished or failed, and was not restarted. */
  hasProcessEnded(name: string): boolean
  /** True for an action that is a generator: each of its calls is a stream. False if that is unknown. */
  isStream(actionName: string): boolean
  /** The Cache-Control of an action that declares `idempotent` and `cacheControl`; undefined: it cannot be called by GET. */
  cacheControlOf(actionName: string): string | undefined
  /** The session of a gateway's own client, by its `sessionId`. */
  findSession(id: string): SessionView | undefined
  /** Replaces the identity of a session by the guards' current result. Only for the same `id`. */
  renewIdentity(sessionId: string, identity: Identity | undefined): void
  /** An in-memory link to the server, for a gateway's own client. The server sees this peer at the other end. */
  connect(peer: Peer): Link
}

/** A refusal of a request or an upgrade with an HTTP status. Its message is for the client. */
export class WebRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'WebRefusal'
    this.status = status
  }
}

brand('isock.WebRefusal', WebRefusal)
