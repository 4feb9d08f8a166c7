// A unit of work as its owner sees it: how it begins and ends. Types only; the engine does the work.
import type { Db } from './db.ts'
import type { LastWork } from './durable/last-statement.ts'

/** A unit of work, ended by its owner. */
export interface OpenUnit {
  readonly db: Db
  /** It blocks others: it has the turn to write, a connection, or locks. */
  readonly isHolding: boolean
  /** A statement of it failed because of another transaction: the same work may succeed now. */
  readonly wasInterrupted: boolean
  /** Others wait for what it holds, as far as that can be known. */
  isWanted(): Promise<boolean>
  /** Accepts no more operations, and writes assigned values: only the commit is left. */
  settle(): Promise<void>
  /** Commits, or rolls back. `last`: what is done last in the transaction, which begins for it if needed; if it throws, all is undone. */
  finish(isKept: boolean, last?: LastWork): Promise<undefined>
  /** Rolls back; later operations fail with the reason. */
  giveUp(reason: Error): void
}

/** The owner of a unit of work. */
export interface UnitOwner {
  /** Aborts its operations; it is then rolled back. */
  readonly signal: AbortSignal | undefined
  /** It commits once, at its end, and durably. */
  readonly commitsOnce?: boolean
  /** Names it for those that wait for it, such as `action "buy"`. */
  readonly label: string
  /** The unit of a run that waits for this one and has a transaction: this one can never get what that one holds. */
  holderAbove?(): OpenUnit | undefined
  /** Whether an object is part of client data that no schema has checked. */
  isFromClient?(value: object): boolean
}
