// A unit of work as its owner sees it: who begins one, and how it ends. Types only; the engine does the work.
import type { Db } from './db.ts'

/** A unit of work that is ended by the one that began it. */
export interface OpenUnit {
  readonly db: Db
  /** Others cannot have what it holds: the turn to write, a connection, locks. */
  readonly isHolding: boolean
  /** Others wait for what it holds, as far as can be known. */
  isWanted(): Promise<boolean>
  /** Takes no more operations, and writes what was assigned: nothing is left but the commit. */
  settle(): Promise<void>
  /** Commits, or rolls back. */
  finish(isKept: boolean): Promise<void>
  /** Rolls back; what follows fails with the reason. */
  giveUp(reason: Error): void
}

/** Who begins a unit of work. */
export interface UnitOwner {
  /** Aborts its operations; it is rolled back then. */
  readonly signal: AbortSignal | undefined
  /** For those that wait for it, as in `action "buy"`. */
  readonly label: string
  /** The unit of a run that waits for this one's, and has a transaction: what it holds this one can never get. */
  holderAbove?(): OpenUnit | undefined
  /** A part of what a client sent, which no schema has checked. */
  isFromClient?(value: object): boolean
}
