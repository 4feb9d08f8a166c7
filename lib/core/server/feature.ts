// The contract of a feature: something built on a server without being part of it, such as channels, data, threads, or what
// users write. A feature is notified of the lifecycle of the server and its sessions, and gets a kit with what it needs from the
// server. The server knows no feature by name.
import type { Accounting } from '../accounting/accounting.ts'
import type { AnyAction } from '../action/action.ts'
import type { Identity, ServerFields, ServerView } from '../action/context.ts'
import type { Adaptation, RegisteredAction } from '../action/registry.ts'
import type { Clock } from '../base/clock.ts'
import type { IsockError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { Limits } from '../base/options.ts'
import type { Link } from '../link/link.ts'
import type { TlsRenewal } from '../link/listener.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import type { OpenedPort } from './open-ports.ts'
import type { ServerSession } from './server-session.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { SharedStore } from './shared-store.ts'

/**
 *   opened, adopted ──> cut ──> resumed ──> cut ──> ended     cut: without a link; it is resumed within its lease, or ends
 *      ╰────────────────────────────────────────────> ended     adopted: another server had it; its `state` is empty
 */
export type SessionChange = 'opened' | 'adopted' | 'cut' | 'resumed' | 'ended'

/**
 * A feature for `new Server(..., { features: [...] })` and `server.addFeature`: `attach` creates the part that lives on the server.
 *
 * @example
 * const uptime: Feature = {
 *   name: 'uptime',
 *   attach: ({ clock, log }) => {
 *     const startedAtMs = clock.now()
 *     return { onDrained: () => log.info({ ms: clock.now() - startedAtMs }, 'served') }
 *   },
 * }
 * new Server('localhost', 4440, { features: [uptime] })
 */
export interface Feature<F extends ServerFeature = ServerFeature> {
  /** Unique on a server; errors name it. */
  readonly name: string
  /** Called once, before the server listens. What it throws is thrown by `new Server` or `addFeature`. */
  attach(kit: ServerKit): F
}

/** The part of a feature that lives on one server. What it throws is reported; only an error of `onStart` stops the server. */
export interface ServerFeature {
  /** The addresses at which clients reach the server through this feature, for `server.addresses`. */
  readonly addresses?: readonly string[]
  /** A function for each of its ports with TLS that presents another certificate, for `server.reloadTls`. */
  tlsRenewals?(renewal: TlsRenewal | undefined): (() => void)[]
  /** What clients can use of it, for `isock.listing` and `isock ls`. Called for each request, so it should be cheap. */
  listing?(): readonly Listed[]
  /** Called before the server listens. A rejection stops the start. */
  onStart?(): Promise<void> | void
  /** Called when clients are served. */
  onListening?(): void
  onSessionChange?(session: ServerSession, change: SessionChange): void
  /**
   * Called when the server drains: new calls are rejected, running ones finish. Settles when everything the feature runs has
   * ended; what lasts longer than `graceMs` must be abandoned. The feature's own long calls must be ended here, or nothing drains.
   */
  onDrain?(graceMs: number): Promise<void> | void
  /** Called when nothing runs any more, shutdown tasks included: releases what they needed. */
  onDrained?(): Promise<void> | void
}

/**
 * One thing that a feature offers to clients, such as a channel: plain data, shown to every client that the server admits.
 *
 * @example { kind: 'channel', name: 'News', description: 'What happens.', history: 100 }
 */
export interface Listed {
  /** In the singular, such as `channel`. Each kind has its own table in `isock ls`. */
  readonly kind: string
  readonly name: string
  readonly description?: string | undefined
  /** More columns of the table. undefined: this one has none. */
  readonly [column: string]: string | number | boolean | undefined
}

/** What a feature gets from its server. */
export interface ServerKit {
  readonly server: ServerView
  readonly clock: Clock
  readonly log: Logger
  readonly limits: Limits
  /** Counts what a feature holds for clients. */
  readonly accounting: Accounting
  /** Adds a field of this name to the server; declare its type in `ServerFields`. */
  provide<Name extends keyof ServerFields>(name: Name, value: ServerFields[Name]): void
  /** Opens a port once the features have started; then the server serves. */
  opening<T>(open: () => Promise<T>): Promise<T>
  /** The names of the server's guards. */
  readonly guardNames: ReadonlySet<string>
  /** The server's option of that name. */
  readonly exposeErrors: boolean
  /** The classes whose instances keep their class on the wire. */
  readonly classes: ClassRegistry
  readonly sessions: readonly ServerSession[]
  findSession(id: string): ServerSession | undefined
  /** Updates a session's identity, as when it is resumed, and notifies all features. Only for the same `id`. */
  renewIdentity(sessionId: string, identity: Identity | undefined): void
  /** True for a registered action that is a generator: each of its calls is a stream. */
  isStream(actionName: string): boolean
  /** True for a registered action whose calls may have a key: see {@link RunOptions.key}. */
  takesKeys(actionName: string): boolean
  /** The Cache-Control of a registered action without side effects; undefined if it must not be called by GET. */
  cacheControlOf(actionName: string): string | undefined
  /** Lets sessions outlive this server: one feature may record them elsewhere. Throws ClientError (`INVALID_USAGE`) for a second one. */
  keepSessions(keeper: SessionKeeper): void
  /** Offers a store that outlives this server to its other features. Throws ServerError (`INVALID_USAGE`) for a second one. */
  shareStore(store: SharedStore): void
  /** undefined: no feature offers one; this server is alone, and what it knows ends with it. */
  readonly sharedStore: SharedStore | undefined
  /** A registered action, as `server.actions` lists it. */
  findAction(name: string): RegisteredAction | undefined
  /** Ends a session of this server without a word to its client, which may have it elsewhere. */
  dropSession(session: ServerSession, reason: IsockError): void
  /** Adds an action whose name begins with "isock.": it is not listed and cannot be replaced. */
  addBuiltIn(action: AnyAction): void
  /** Transforms each action that is added from then on; throw to reject it. */
  adaptActions(adapt: Adaptation): void
  /**
   * Accepts a link as from any listener: its client passes the guards and the gate, and gets a session. `known`: it is the server's own
   * program, which speaks for this identity, or for none; no guard is asked.
   */
  takeLink(link: Link, known?: { readonly identity: Identity | undefined }): void
  /** Reports to the log and to the server's `onError`. `origin` is what failed, as in `task "cleanup"`. */
  report(error: unknown, origin: string): void
  /** Call it for each port that a feature opens: the log warns of one that admits everyone. */
  onPortOpened(port: OpenedPort): void
}
