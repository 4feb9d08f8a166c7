// What joins a web server beside isock's own clients: a gateway takes requests and WebSockets of a foreign protocol and
// turns them into actions and channels. It is given sessions, as every client gets them; the web server knows no gateway.
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

/** What a gateway does on one web server. Both kinds of request were checked for their Host and Origin. */
export interface MountedGateway {
  /** True: the request is its own, and it answers. Must not throw; may go on asynchronously. */
  onRequest?(visit: WebVisit, response: ServerResponse): boolean
  /**
   * Whether it would take a request of this method at this path. At an HTTP server of the user's, preflights (CORS) are
   * answered for what a gateway takes, and all others are the user's. Default: it is not known, so they are the user's.
   */
  takes?(url: URL, method: string): boolean
  /**
   * Whether this is for everybody, whatever Host was asked, as probes of health are, which ask by an address that nobody could
   * name. Never for a request with an Origin. Default: no.
   */
  isForAnyHost?(url: URL, method: string): boolean
  /**
   * Whether pages of allowed origins may load what is here as parts of themselves: images, styles, fonts and media, by GET, which
   * browsers ask for without an Origin. Nothing that is here may change anything when it is read. Default: no.
   */
  mayBeEmbedded?(url: URL): boolean
  /**
   * Whether it takes this WebSocket; undefined: it is another's. A promise may take as long as a handshake may. Throws
   * WebRefusal to answer with a status instead. Whatever it needs for the socket it makes in `onSocket`, which a client that
   * leaves before, or whose handshake is wrong, never reaches.
   */
  onUpgrade?(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined | Promise<SocketRoute>
  /**
   * The same for a WebSocket that no gateway has taken, whatever its path. Not asked at an HTTP server of the user's with other
   * listeners for upgrades, as it may be theirs.
   */
  onUnclaimedUpgrade?(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined
  /** The server drains: begins no new work, ends after what runs. Called once; settles when all is released. */
  close(graceMs: number): Promise<void>
}

/** A request, and who makes it. */
export interface WebVisit {
  readonly request: IncomingMessage
  /** Its path, without a slash at its end, and query; the origin in it is our own. The request has it as it came. */
  readonly url: URL
  readonly peer: Peer
}

/** How a WebSocket that was taken goes on. */
export interface SocketRoute {
  /** The subprotocol that is answered, one of those that the client named. */
  readonly protocol?: string
  /** A longer message closes the socket with 1009. */
  readonly maxMessageBytes: number
  /** It has an error handler already, and is terminated when the web server closes. */
  onSocket(socket: WebSocket): void
}

/** What a gateway gets of the web server. */
export interface WebHost {
  readonly server: ServerView
  readonly clock: Clock
  readonly log: Logger
  readonly limits: Limits
  /** What a gateway holds for its clients counts there. */
  readonly accounting: Accounting
  /** Of the guards that the server has: what is presented to others proves nothing. */
  readonly guardNames: ReadonlySet<string>
  /** The server tells errors whole, for development. */
  readonly exposeErrors: boolean
  /** The processes that the server has now. */
  readonly processNames: readonly string[]
  /** True for a process that has finished or failed, and was not started again. */
  hasProcessEnded(name: string): boolean
  /** True for an action that is a generator: each of its calls is a stream. False where that is not known. */
  isStream(actionName: string): boolean
  /** The Cache-Control of an action that declares `idempotent` and `cacheControl`; undefined: it may not be called by GET. */
  cacheControlOf(actionName: string): string | undefined
  /** What the server keeps of a client of the gateway's own: by its `sessionId`. */
  findSession(id: string): SessionView | undefined
  /** The guards said again who the client of this session is: its rights are of that from now on. Only of the same `id`. */
  renewIdentity(sessionId: string, identity: Identity | undefined): void
  /** A link to the server, in memory, at whose end the server sees this peer: for a client of the gateway's own. */
  connect(peer: Peer): Link
}

/** An upgrade that is refused with a status of HTTP. */
export class WebRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'WebRefusal'
    this.status = status
  }
}

brand('isock.WebRefusal', WebRefusal)
