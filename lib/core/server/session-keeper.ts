// What a feature is that records sessions outside of the process, so that they outlive it. Who asks it, and when: session-adoption.ts.
import type { Identity } from '../action/context.ts'
import type { AdoptedCalls } from '../session/call-records.ts'
import type { ServerSession } from './server-session.ts'

/** What a client shows of the session that it wants to resume, and its identity as the guards see it now. */
export interface SessionClaim {
  readonly id: string
  readonly secret: Uint8Array
  readonly identity: Identity | undefined
}

/** Records sessions outside of this process. What it throws refuses the client for the moment. */
export interface SessionKeeper {
  /** Whether this session is recorded. */
  isKept(session: ServerSession): boolean
  /** Whether a recorded session is still this server's. */
  isOurs(session: ServerSession): Promise<boolean>
  /**
   * Takes over a recorded session: undefined if there is none with this id, secret and identity. No other server continues it from then
   * on. Must settle in bounded time.
   */
  adopt(claim: SessionClaim): Promise<AdoptedCalls | undefined>
  /** Forgets the records of a session: its client begins again. */
  forget(session: ServerSession): Promise<void>
  /** Called when the server ends while the session may continue elsewhere. */
  release(session: ServerSession): void
}
