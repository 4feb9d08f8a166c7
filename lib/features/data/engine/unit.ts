// One unit of work: operations on the store, run in order, that are committed together or not at all.
//
//   reading ──first write, or lock──> in a transaction ──commit()──> reading      settle(): accepts no more operations
//                                          ╰──connection lost, signal aborts, giveUp()──> broken: everything fails
// Reads before the first write need no transaction, so that actions that only read do not wait for each other.

import { IsockError } from '../../../core/base/errors.ts'
import { monotonicNow, setTimeout } from '../../../core/base/platform-timers.ts'
import { ConflictError } from '../data-errors.ts'
import type { Run } from '../durable/durable-store.ts'
import type { LastWork } from '../durable/last-statement.ts'
import type { UnitOwner } from '../open-unit.ts'
import { changedRows, hasAssignments } from './assignments.ts'
import type { ChangeLog } from './change-log.ts'
import type { Engine, Holder, Manager } from './engine.ts'
import { unlessHeldAbove } from './held-above.ts'
import { changedLists, requireListed } from './reference-lists.ts'
import { isAway, isBusyError, isInterruption, isTaken, storeError } from './store-errors.ts'
import { Transaction } from './transaction.ts'
import { commitsWithAnswer, databaseClosed, statementFailed, unitEnded } from './unit-errors.ts'
import { reasonOf, untilAborted } from './until-aborted.ts'

const retryEveryMs = 100

export class Unit implements Holder {
  readonly engine: Engine
  readonly changes: ChangeLog
  readonly label: string
  readonly owner: UnitOwner
  readonly transaction: Transaction
  wasInterrupted = false
  #isClosed = false
  #isSettled = false
  #isFinishing = false
  #isBusy = false
  /** When the last operation ended. */
  #idleSinceMs = Number.POSITIVE_INFINITY
  #broken: Error | undefined
  #tail: Promise<unknown> = Promise.resolve()

  constructor(engine: Engine, changes: ChangeLog, owner: UnitOwner) {
    this.engine = engine
    this.changes = changes
    this.label = owner.label
    this.owner = owner
    const onAbort = (): void => this.giveUp(reasonOf(owner.signal))
    const isDurable = owner.commitsOnce === true
    this.transaction = new Transaction(engine, { holder: this, changes, signal: owner.signal, onAbort, isDurable })
  }

  get manager(): Manager {
    return this.transaction.manager
  }

  /** A manager in the same transaction that keeps nothing of what it loads. */
  get scanner(): Manager {
    return this.manager.fork({ clear: true, keepTransactionContext: true, useContext: false }) as Manager
  }

  /** It blocks others: it has the turn to write, a connection, or locks. */
  get isHolding(): boolean {
    return this.transaction.isOpen
  }

  get heldMs(): number {
    return this.transaction.heldMs
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Others wait for what it holds, as far as that can be known. */
  async isWanted(): Promise<boolean> {
    if (this.engine.isWaitedFor) return true
    return this.engine.isPostgres && this.#enqueue(() => this.transaction.isWaitedFor()).catch(() => false)
  }

  /** Throws if nobody waits for the unit any more. */
  readonly requireWanted = (): void => this.owner.signal?.throwIfAborted()

  /** Runs a read after the operations before it. */
  read<T>(work: () => Promise<T>, model?: string): Promise<T> {
    return this.#enqueue(async () => {
      await this.#writeTouched()
      try {
        return await work()
      } catch (error) {
        // PostgreSQL discards a transaction in which a statement failed, without reporting it at the commit.
        if (this.engine.isPostgres && this.isHolding && !(error instanceof IsockError) && !isAway(error))
          this.#broken = statementFailed()
        throw error
      }
    }, model)
  }

  /** Runs an operation that writes or locks after the operations before it: all of it, or none. */
  write<T>(work: () => Promise<T>, model?: string): Promise<T> {
    return this.#enqueue(() => this.#writeTouched().then(() => this.transaction.allOrNothing(work)), model)
  }

  /** Runs isock's own statements in the transaction, after the operations before them. Where one fails, the unit can only be undone. */
  within<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#enqueue(async () => {
      try {
        return await this.transaction.within(work)
      } catch (error) {
        if (!isAway(error)) this.#broken ??= statementFailed()
        throw error
      }
    })
  }

  // Assigned values of other rows are written first only if they may conflict: checking all rows for each new one would make
  // a thousand new ones slow.
  /** Inserts a new row, prepared beforehand. */
  put<T, P>(prepare: () => Promise<P>, work: (prepared: P) => Promise<T>, model: string): Promise<T> {
    return this.#enqueue(async () => {
      const prepared = await prepare()
      try {
        return await this.transaction.allOrNothing(() => work(prepared))
      } catch (error) {
        if (!(isTaken(error) || error instanceof ConflictError) || !(await this.#writeTouched())) throw error
        return this.transaction.allOrNothing(() => work(prepared))
      }
    }, model)
  }

  /** Writes assigned values of rows, and changes inside their lists and JSON. */
  flush(): Promise<void> {
    return this.#enqueue(() => this.#writeAssigned())
  }

  flushTouched(): Promise<boolean> {
    return this.#enqueue(() => this.#writeTouched())
  }

  commit(): Promise<void> {
    if (this.owner.commitsOnce === true) return Promise.reject(commitsWithAnswer())
    return this.#enqueue(() => this.#commit())
  }

  /** Completes all operations and writes all assigned values: only the commit is left. */
  async settle(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    await this.#idle()
    const written = this.#append(() => this.#writeAssigned())
    this.#isClosed = true
    await written
    this.#isSettled = true
  }

  /**
   * Pending operations are completed first. Rejects with the reason if the commit failed; it is then rolled back. An aborted
   * unit is not waited for: it is rolled back as soon as the store has ended its statement.
   */
  async finish(isKept: boolean, last?: LastWork): Promise<undefined> {
    if (!isKept && this.owner.signal?.aborted === true) {
      this.#isClosed = true
      this.giveUp(reasonOf(this.owner.signal))
      return
    }
    // A broken unit that holds nothing may wait for a turn that it will never use.
    if (isKept || this.#broken === undefined || this.isHolding) await this.#idle()
    this.#isClosed = true
    if (this.#isFinishing) return
    this.#isFinishing = true
    try {
      if (isKept) await this.#retried(() => this.#commit(last))
    } catch (error) {
      throw this.#asSeen(error)
    } finally {
      await this.transaction.rollBack()
    }
  }

  /** Rolls it back, and fails later operations. For actions that ignore their signal, too: others must not wait for them. */
  giveUp(reason: Error): void {
    if (this.#isFinishing) return
    this.#broken ??= reason
    void this.transaction.rollBackAfter(this.#isBusy ? this.#tail : undefined)
  }

  /** Called when the store is closed: later operations fail, and uncommitted changes are lost. */
  cut(): Promise<void> {
    this.#broken ??= databaseClosed()
    return this.transaction.rollBackNow()
  }

  async #idle(): Promise<void> {
    for (let last: unknown; last !== this.#tail; ) {
      last = this.#tail
      await last
    }
  }

  #enqueue<T>(work: () => Promise<T>, model?: string): Promise<T> {
    return this.#isClosed ? Promise.reject(unitEnded()) : this.#append(work, model)
  }

  #append<T>(work: () => Promise<T>, model?: string): Promise<T> {
    const done = this.#tail.then(async () => {
      this.#isBusy = true
      try {
        if (this.#broken !== undefined) throw this.#broken
        this.requireWanted()
        return await this.#retried(work)
      } catch (error) {
        throw this.#asSeen(error, model)
      } finally {
        this.#isBusy = false
        this.#idleSinceMs = monotonicNow()
      }
    })
    this.#tail = done.catch(() => undefined)
    const above = this.owner.holderAbove?.() as Unit | undefined
    const outcome = above === undefined ? done : unlessHeldAbove(done, this, above)
    const { signal } = this.owner
    return signal === undefined ? outcome : untilAborted(outcome, signal)
  }

  #asSeen(error: unknown, model?: string): Error {
    if (isInterruption(error)) this.wasInterrupted = true
    this.engine.reportFault(error)
    return isBusyError(error) ? this.engine.busy(this) : storeError(error, model)
  }

  /** Waits for an unreachable store as long as nothing can be lost. */
  async #retried<T>(work: () => Promise<T>): Promise<T> {
    const beganAtMs = monotonicNow()
    const givesUpAtMs = beganAtMs + this.engine.options.waitMs
    for (;;) {
      const hadBegun = this.isHolding
      try {
        return await work()
      } catch (error) {
        if (!isAway(error)) throw error
        if (this.engine.isClosed) this.#broken ??= databaseClosed()
        if (hadBegun) this.#broken ??= this.transaction.broken(error, beganAtMs - this.#idleSinceMs)
        await this.transaction.abandon()
        if (this.#broken !== undefined) {
          this.engine.reportFault(error)
          throw this.#broken
        }
        if (monotonicNow() + retryEveryMs >= givesUpAtMs) throw error
        await new Promise<void>((resolve) => setTimeout(resolve, retryEveryMs))
        this.requireWanted()
      }
    }
  }

  /** Returns whether anything was assigned. */
  async #writeTouched(): Promise<boolean> {
    const hasAny = hasAssignments(this.manager, this.engine.plans, false)
    if (hasAny) await this.#writeAssigned()
    return hasAny
  }

  /** Writes everything that has changed in the rows, including changes inside lists and JSON. */
  async #writeAssigned(): Promise<void> {
    // Once settled, a full comparison would find only later assignments.
    if (!hasAssignments(this.manager, this.engine.plans, !this.#isSettled)) return
    const rows = await changedRows(this.manager, this.engine.plans)
    if (rows.length === 0) return
    const lists = changedLists(this)
    await this.transaction.allOrNothing(() => requireListed(lists, this).then(() => this.manager.flush()))
    for (const row of rows) this.changes.add('updated', row)
  }

  async #commit(last?: LastWork): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    await this.#writeAssigned()
    await this.transaction.commit(last === undefined ? undefined : await this.transaction.within(last))
  }
}
