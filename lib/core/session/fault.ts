// What may happen to a call before it has its answer, and what programs hear of it. What follows decides retry-policy.ts.
import type { IsockError } from '../base/errors.ts'

/** What happened to a call, or to the connection that it needs. */
export type Fault =
  | 'cannot connect'
  /** The address at which the session lives cannot be reached; the others were not asked. */
  | 'cannot resume'
  | 'link lost'
  /** The callee has forgotten the session. What it had not answered may have run. */
  | 'session lost'
  /** The callee ended the session and said that what it had not answered never started. */
  | 'server left'
  | 'refused as busy'
  /** Refused because the callee takes no new calls: it shuts down. */
  | 'refused at the end'

/** That a call will be tried again: what the hook `onRetry` is given. */
export interface Retry {
  /** The wire name of the action. */
  readonly action: string
  readonly fault: Fault
  /** What happened, as an error: what the call would end with, or the cause of it. */
  readonly reason: IsockError
  /** Faults in a row that cost a retry, with this one where it cost one. */
  readonly faults: number
  /** Faults in a row that the call outlives. */
  readonly retries: number
}

/** What may happen to a link while its session stays. */
export type LinkFault = Extract<Fault, 'link lost' | 'cannot connect' | 'cannot resume'>
