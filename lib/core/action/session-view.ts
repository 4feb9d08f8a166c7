// A session as actions, guards and features see it.
import type { ClientError } from '../base/errors.ts'
import { invalidOption } from '../base/options.ts'
import type { Peer } from '../link/link.ts'

/** The client's identity, as a guard returned it. */
export interface Identity {
  /** Unique among the server's users; a session is bound to it. */
  readonly id: string
  readonly [field: string]: unknown
}

export function isIdentity(value: unknown): value is Identity {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Identity>).id === 'string'
}

/** The error for what is not an identity. `name`: the option that gave it. */
export function noIdentity(name: string, value: unknown): ClientError {
  return invalidOption(name, 'an object with a text id', value)
}

/** The session of a run, as its action sees it. */
export interface SessionView {
  /** 128 random bits in hex. */
  readonly id: string
  /** The identity that the guards returned when its client last connected; undefined when the server has none. */
  readonly identity: Identity | undefined
  /** The name that the client chose, unique among the connected ones; see `ClientOptions.name`. */
  readonly name: string | undefined
  /** The peer of its current link, or the last one. */
  readonly peer: Peer | undefined
  readonly isConnected: boolean
  /** Values that actions keep for this client; they outlive a reconnect, not the session's lease. */
  readonly state: Map<string, unknown>
  /**
   * Ends it, for a logout or a ban. The signals of its handlers abort, and answers within a second are still sent; new calls are
   * refused, and it cannot be resumed. Its client gets the reason (up to 400 characters) as ServerError (`SESSION_ENDED`) and
   * does not reconnect by itself; whether a new call of the client may connect is up to the guards. Throws when the action
   * runs on a client, or in a thread.
   *
   * @example context.session.end('logged out')
   */
  end(reason?: string): void
}
