// Answers that are recorded outside of this process, as the session of a client that another server had before asks for them. A feature
// keeps them; see server/session-adoption.ts.
import type { Payload } from '../wire/bytes/payload.ts'
import type { FailureFrame, ResultFrame } from '../wire/frames/frame.ts'

/** An answer, and the items that go before it. */
export interface RecordedAnswer {
  readonly answer: ResultFrame | FailureFrame
  readonly items: readonly Payload[]
}

/** The records of one session. */
export interface CallRecords {
  /** What is known of the calls of an action: that each is recorded; that they may run again; or nothing. */
  kindOf(action: string): 'recorded' | 'idempotent' | 'other'
  /** The answer that was recorded for this call, if any. Rejects if that cannot be found out. */
  find(seq: number): Promise<RecordedAnswer | undefined>
  /** Records this answer, unless the call has one: returns the one that counts. Rejects if that cannot be done. */
  record(seq: number, action: string, answer: ResultFrame | FailureFrame): Promise<RecordedAnswer>
}

/** A session that another server had before. */
export interface AdoptedCalls {
  /** The number of slots that its client counts with. */
  readonly slotCount: number
  readonly records: CallRecords
}
