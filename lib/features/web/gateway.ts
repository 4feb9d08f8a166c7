// The interface of a gateway, which translates requests and WebSockets of a foreign protocol to actions and channels. It uses
// ordinary sessions; the web server does not know any particular gateway.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WebSocket } from 'ws'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { Identity, ServerView, SessionView } from '../../core/action/context.ts'
import { brand } from '../../core/base/brand.ts'
import type { Clock } from '../../core/base/clock.ts'
import type { Logger } from '../../core/base/log.ts'
import type { Limits } from '../../core/base/options.ts'
import type { Link, Peer } from '../../core/link/link.ts'
import type { RecordedCounts } from '../../core/server/shared-store.ts'

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
  /** The name for logs and messages. */
  readonly name: string
  /** Called once for each web server. May throw ClientError (`INVALID_OPTION`). */
  mount(host: WebHost): MountedGateway
}

/** A gateway on one web server. Host and Origin of its requests and WebSockets have been checked. */
export interface MountedGateway {
  /** Returns true if it takes the request, which it may answer later. Must not throw. */
  onRequest?(visit: WebVisit, response: ServerResponse): boolean
  /**
   * Whether it would take a request with this method and path. On a user's HTTP server, CORS preflights are answered only for such
   * requests; the others are left to the user. Default: all are left to the user.
   */
  takes?(url: URL, method: string): boolean
  /**
   * Whether to serve this for any Host, such as health checks, whose addresses cannot be listed. Never applies to requests with
   * an Origin. Default: no.
   */
  isForAnyHost?(url: URL, method: string): boolean
  /**
   * Whether pages of allowed origins may embed this as an image, style, font or media, which browsers request by GET and without
   * an Origin. Reading it must have no side effects. Default: no.
   */
  mayBeEmbedded?(url: URL): boolean
  /**
   * Returns how to continue if it takes this WebSocket, or undefined. A promise must settle within the handshake timeout. Throws
   * WebRefusal to respond with a status. Create everything for the socket in `onSocket`, which is not called for a client that
   * disconnects earlier or whose handshake is invalid.
   */
  onUpgrade?(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined | Promise<SocketRoute>
  /**
   * The same for a WebSocket at any path that no gateway has taken. Not called on a user's HTTP server with other listeners for
   * upgrades, because the WebSocket may be theirs.
   */
  onUnclaimedUpgrade?(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined
  /** Called once when the server drains. Starts no new work, waits for running work, and settles when everything is released. */
  close(graceMs: number): Promise<void>
}

/** A request and the client that made it. */
export interface WebVisit {
  readonly request: IncomingMessage
  /** The path, without a trailing slash, and the query. The origin is meaningless. The request has the original path. */
  readonly url: URL
  readonly peer: Peer
}

/** How to continue with an accepted WebSocket. */
export interface SocketRoute {
  /** The selected subprotocol, one of those that the client offered. */
  readonly protocol?: string
  /** The largest message. A larger one closes the socket with code 1009. */
  readonly maxMessageBytes: number
  /** Called with the open socket. It has an error handler, and is terminated when the web server closes. */
  onSocket(socket: WebSocket): void
}

/** The interface of a web server for gateways. */
export interface WebHost {
  readonly server: ServerView
  readonly clock: Clock
  readonly log: Logger
  readonly limits: Limits
  /** The accounting of what a gateway holds for its clients. */
  readonly accounting: Accounting
  /** The names of the server's guards. Credentials for other guards prove nothing. */
  readonly guardNames: ReadonlySet<string>
  /** Whether the server sends all errors in full, for development. */
  readonly exposeErrors: boolean
  /** The names of the server's current processes. */
  readonly processNames: readonly string[]
  /** Whether a process has finished or failed, and was not restarted. */
  hasProcessEnded(name: string): boolean
  /** Whether an action is a generator, so that each call is a stream. False if unknown. */
  isStream(actionName: string): boolean
  /** Whether the server keeps the answers of calls with a key of this action, see `RunOptions.key`. */
  takesKeys(actionName: string): boolean
  /** Of calls that outlive the server; undefined: it has none. */
  readonly recordedCounts: RecordedCounts | undefined
  /** The Cache-Control of an action that declares `idempotent` and `cacheControl`; undefined if it cannot be called by GET. */
  cacheControlOf(actionName: string): string | undefined
  /** Finds the session of a gateway's own client by its `sessionId`. */
  findSession(id: string): SessionView | undefined
  /** Replaces the identity of a session by the guards' current one, which must have the same `id`. */
  renewIdentity(sessionId: string, identity: Identity | undefined): void
  /** Opens an in-memory link for a gateway's own client. The server sees this peer at the other end. */
  connect(peer: Peer): Link
}

/** Refuses a request or an upgrade with an HTTP status. The message is for the client. */
export class WebRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'WebRefusal'
    this.status = status
  }
}

brand('isock.WebRefusal', WebRefusal)
