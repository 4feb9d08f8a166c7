// What is built on a server without being part of it: channels, data, threads, and what others write. A feature hears of
// the server's life and of its sessions', and gets a kit with what it needs of the server. The server knows no feature by name.
import type { Accounting } from '../accounting/accounting.ts'
import type { AnyAction } from '../action/action.ts'
import type { Identity, ServerFields, ServerView } from '../action/context.ts'
import type { Adaptation } from '../action/registry.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Limits } from '../base/options.ts'
import type { Link } from '../link/link.ts'
import type { TlsRenewal } from '../link/listener.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import type { OpenedPort } from './open-ports.ts'
import type { ServerSession } from './server-session.ts'

/**
 *   opened ──> cut ──> resumed ──> cut ──> ended     cut: without a link; it comes back within its lease, or ends
 *      ╰────────────────────────────────────> ended
 */
export type SessionChange = 'opened' | 'cut' | 'resumed' | 'ended'

/**
 * What `new Server(..., { features: [...] })` and `server.addFeature` take: `attach` makes the part that lives on this server.
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

/** The part of a feature that lives on one server. What it throws is reported, and ends nothing but the start. */
export interface ServerFeature {
  /** Where clients reach the server through this feature, for `server.addresses`. */
  readonly addresses?: readonly string[]
  /** What shows another certificate at each port of this feature that has TLS, for `server.reloadTls`. */
  tlsRenewals?(renewal: TlsRenewal | undefined): (() => void)[]
  /** Before the server listens. A rejection stops the start. */
  onStart?(): Promise<void> | void
  /** Clients are served. */
  onListening?(): void
  onSessionChange?(session: ServerSession, change: SessionChange): void
  /**
   * The server drains: new calls are refused, running ones finish. Settles when what the feature runs is over; what is
   * not over within `graceMs` must be given up. The feature's own long calls must be ended here, or nothing drains.
   */
  onDrain?(graceMs: number): Promise<void> | void
  /** Nothing runs any more, shutdown tasks included: releases what they needed. */
  onDrained?(): Promise<void> | void
}

/** What a feature gets of its server. */
export interface ServerKit {
  readonly server: ServerView
  readonly clock: Clock
  readonly log: Logger
  readonly limits: Limits
  /** What a feature holds for clients counts there. */
  readonly accounting: Accounting
  /** The server has a field of this name from now on; declare its type in `ServerFields`. */
  provide<Name extends keyof ServerFields>(name: Name, value: ServerFields[Name]): void
  /** Opens a way in, once the features have started; then the server serves. */
  opening<T>(open: () => Promise<T>): Promise<T>
  /** Of the server's guards. */
  readonly guardNames: ReadonlySet<string>
  /** The server's option of that name. */
  readonly exposeErrors: boolean
  /** The classes that arrive as themselves. */
  readonly classes: ClassRegistry
  readonly sessions: readonly ServerSession[]
  findSession(id: string): ServerSession | undefined
  /** As when a session is resumed: this is who its client is today, and all features hear of it. Only of the same `id`. */
  renewIdentity(sessionId: string, identity: Identity | undefined): void
  /** True for a registered action that is a generator: each of its calls is a stream. */
  isStream(actionName: string): boolean
  /** The Cache-Control of the answers of a registered action that changes nothing; undefined: it may not be called by GET. */
  cacheControlOf(actionName: string): string | undefined
  /** Adds an action whose name begins with "isock.": it is not listed and cannot be replaced. */
  addBuiltIn(action: AnyAction): void
  /** Lets it replace how actions run that are added from now on. What it throws refuses the action. */
  adaptActions(adapt: Adaptation): void
  /** Takes a link as from any listener: what comes over it is judged by the guards and the gate, and gets a session. */
  takeLink(link: Link): void
  /** Tells the log and the server's `onError`. `origin` is what failed, as in `task "cleanup"`. */
  report(error: unknown, origin: string): void
  /** To be called for each port that a feature opens: the log warns of one that lets everybody in. */
  onPortOpened(port: OpenedPort): void
}
