// What a feature with a store offers the other features of its server: what outlives this process, and what servers of one store share.
// Types only: the features that use it declare what they need, and the one with the store provides it.
import type { MessageLogs } from './message-logs.ts'
import type { RecordedSessions } from './recorded-sessions.ts'
import type { RunClaims } from './run-claims.ts'
import type { ServiceStates } from './service-states.ts'

/** How often something happened to recorded calls since the server started. */
export interface RecordedCounts {
  /** Effects and failures that were committed with their answers. */
  readonly commits: number
  /** Answers that were recorded before, and were sent again. */
  readonly replays: number
  /** Sessions that another server had, or this one before a restart. */
  readonly adoptions: number
  /** Calls whose outcome could not be found out. */
  readonly unknowns: number
}

export interface SharedStore {
  /** Decides which server does a run that only one is to do. */
  readonly claims: RunClaims
  /** The states of durable services. */
  readonly states: ServiceStates
  /** The logs of durable channels. */
  readonly logs: MessageLogs
  /** undefined: no action of this server is recorded. */
  recordedCounts?(): RecordedCounts | undefined
  /** What it has recorded of sessions, for operators; undefined: no action of this server is recorded. */
  recordedSessions?(): RecordedSessions | undefined
}
