// One unit of work: operations on the store, one after the other, that are committed together or not at all.
//
//   reading ──first write, or lock──> in a transaction ──commit()──> reading      finish(): commit or roll back, then closed
//                                          ╰──connection lost──> broken: everything fails, nothing was kept
// Reads before the first write need no transaction, so that actions that only read do not wait for each other.
import { ConflictError } from '../../base/data-errors.ts'
import { IsockError, OutcomeUnknownError } from '../../base/errors.ts'
import { changedRows, hasAssignments } from './assignments.ts'
import { cancelStatement } from './cancel-statement.ts'
import type { ChangeLog } from './change-log.ts'
import type { Engine, Manager } from './engine.ts'
import { isAway, isTaken, storeError } from './store-errors.ts'
import { connectionLost, hasEnded, isSpoiled, lostAtCommit, wasClosed } from './unit-errors.ts'
import { untilAborted } from './until-aborted.ts'

const retryEveryMs = 100

export class Unit {
  readonly engine: Engine
  readonly changes: ChangeLog
  readonly manager: Manager
  readonly #signal: AbortSignal | undefined
  #isInTransaction = false
  #isClosed = false
  #broken: Error | undefined
  #savepoints = 0
  #tail: Promise<unknown> = Promise.resolve()

  constructor(engine: Engine, changes: ChangeLog, signal: AbortSignal | undefined) {
    this.engine = engine
    this.changes = changes
    this.#signal = signal
    this.manager = engine.fork()
  }

  /** One that keeps nothing of what it loads, in the same transaction. */
  get scanner(): Manager {
    return this.manager.fork({ clear: true, keepTransactionContext: true, useContext: false }) as Manager
  }

  /** Throws where nobody waits for the unit any more. */
  readonly requireWanted = (): void => this.#signal?.throwIfAborted()

  /** Runs what reads after what came before it. */
  read<T>(work: () => Promise<T>, model?: string): Promise<T> {
    return this.#enqueue(async () => {
      await this.#writeTouched()
      try {
        return await work()
      } catch (error) {
        // PostgreSQL keeps nothing of a transaction in which a statement failed, and does not say so at its commit.
        if (this.engine.isPostgres && this.#isInTransaction && !(error instanceof IsockError) && !isAway(error))
          this.#broken = isSpoiled()
        throw error
      }
    }, model)
  }

  /** Runs an operation that writes or locks after those before it: all of it is done, or none. */
  write<T>(work: () => Promise<T>, model?: string): Promise<T> {
    return this.#enqueue(async () => {
      await this.#writeTouched()
      return this.#allOrNothing(work)
    }, model)
  }

  // What was assigned to other rows is written first only where it may be in the way: to look at all rows for each new one
  // would make a thousand new ones slow.
  /** Puts something new, which is prepared before. */
  put<T, P>(prepare: () => Promise<P>, work: (prepared: P) => Promise<T>, model: string): Promise<T> {
    return this.#enqueue(async () => {
      const prepared = await prepare()
      try {
        return await this.#allOrNothing(() => work(prepared))
      } catch (error) {
        if (!(isTaken(error) || error instanceof ConflictError) || !(await this.#writeTouched())) throw error
        return this.#allOrNothing(() => work(prepared))
      }
    }, model)
  }

  /** Writes what was assigned to rows, and what changed inside of their lists and JSON. */
  flush(): Promise<void> {
    return this.#enqueue(() => this.#writeAssigned())
  }

  flushTouched(): Promise<boolean> {
    return this.#enqueue(() => this.#writeTouched())
  }

  commit(): Promise<void> {
    return this.#enqueue(() => this.#commit())
  }

  /**
   * What was asked for is done first. Rejects with why it could not be committed; it is rolled back then. Nobody waits for
   * a unit that was aborted: it is rolled back as soon as the store lets go of it.
   */
  async finish(isKept: boolean): Promise<void> {
    if (!isKept && this.#signal?.aborted === true) return this.#leave()
    for (let last: unknown; last !== this.#tail; ) {
      last = this.#tail
      await last
    }
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      if (isKept) await this.#retried(() => this.#commit())
    } catch (error) {
      throw storeError(error)
    } finally {
      await this.#rollBack()
    }
  }

  #leave(): void {
    this.#isClosed = true
    const cancelled = this.#isInTransaction ? cancelStatement(this.engine, this.manager) : undefined
    void Promise.all([this.#tail, cancelled]).then(() => this.#rollBack())
  }

  /** The store is closed: what follows fails, and nothing is kept that is not committed. */
  async cut(): Promise<void> {
    this.#broken ??= wasClosed()
    await cancelStatement(this.engine, this.manager)
    await this.#rollBack()
  }

  async #begin(): Promise<void> {
    await this.manager.begin()
    this.#isInTransaction = true
    this.engine.transactions.add(this)
    if (this.#signal?.aborted !== true && !this.engine.isClosed) return
    // Nobody waits for it any more, and it holds up others: its action may go on for long.
    await this.#rollBack()
    this.requireWanted()
    throw wasClosed()
  }

  #enqueue<T>(work: () => Promise<T>, model?: string): Promise<T> {
    if (this.#isClosed) return Promise.reject(hasEnded())
    const done = this.#tail.then(async () => {
      if (this.#broken !== undefined) throw this.#broken
      this.requireWanted()
      try {
        return await this.#retried(work)
      } catch (error) {
        throw storeError(error, model)
      }
    })
    this.#tail = done.catch(() => undefined)
    return this.#signal === undefined ? done : untilAborted(done, this.#signal)
  }

  /** Waits for a store that is away, as long as nothing is lost by that. */
  async #retried<T>(work: () => Promise<T>): Promise<T> {
    const givesUpAtMs = performance.now() + this.engine.options.waitMs
    for (;;) {
      const hadBegun = this.#isInTransaction
      try {
        return await work()
      } catch (error) {
        if (!isAway(error)) throw error
        if (this.engine.isClosed) this.#broken ??= wasClosed()
        if (hadBegun || this.#broken !== undefined) throw await this.#break(error)
        await this.#abandon()
        if (performance.now() + retryEveryMs >= givesUpAtMs) throw error
        await new Promise<void>((resolve) => setTimeout(resolve, retryEveryMs))
        this.requireWanted()
      }
    }
  }

  async #break(error: unknown): Promise<Error> {
    this.#broken ??= error instanceof OutcomeUnknownError ? error : connectionLost()
    await this.#abandon()
    return this.#broken
  }

  /** The transaction, if any, has gone with its connection. */
  async #abandon(): Promise<void> {
    if (!this.#isInTransaction && !this.manager.isInTransaction()) return
    this.#isInTransaction = false
    await this.manager.rollback().catch(() => undefined)
    this.manager.setTransactionContext(undefined as never)
  }

  async #allOrNothing<T>(work: () => Promise<T>): Promise<T> {
    const savepoint = this.#isInTransaction ? `unit_${++this.#savepoints}` : undefined
    const mark = this.changes.length
    if (savepoint === undefined) await this.#begin()
    else await this.#execute(`savepoint ${savepoint}`)
    try {
      const result = await work()
      if (savepoint !== undefined) await this.#execute(`release savepoint ${savepoint}`)
      return result
    } catch (error) {
      if (isAway(error)) throw error
      this.changes.forgetFrom(mark)
      // What was the first thing done leaves no transaction: PostgreSQL would refuse whatever follows in it.
      if (savepoint === undefined) await this.#rollBack()
      else await this.#execute(`rollback to savepoint ${savepoint}`)
      throw error
    }
  }

  /** Writes what was assigned to rows, if anything was. Gives whether it was. */
  async #writeTouched(): Promise<boolean> {
    const hasAny = hasAssignments(this.manager, this.engine.plans, false)
    if (hasAny) await this.#writeAssigned()
    return hasAny
  }

  /** Writes all that is not in the rows as it was, what is inside of lists and JSON included. */
  async #writeAssigned(): Promise<void> {
    if (!hasAssignments(this.manager, this.engine.plans, true)) return
    const rows = await changedRows(this.manager, this.engine.plans)
    const write = async (): Promise<void> => {
      await this.manager.flush()
      for (const row of rows) this.changes.add('updated', row)
    }
    if (rows.length > 0) await this.#allOrNothing(write)
  }

  async #commit(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    await this.#writeAssigned()
    if (!this.#isInTransaction) return
    try {
      await this.manager.commit()
    } catch (error) {
      if (!isAway(error)) throw error
      throw await this.#break(lostAtCommit())
    }
    this.#isInTransaction = false
    await this.changes.publish()
  }

  async #rollBack(): Promise<void> {
    this.changes.forgetFrom(0)
    this.engine.transactions.delete(this)
    if (!this.#isInTransaction) return
    this.#isInTransaction = false
    await this.manager.rollback().catch(() => this.#abandon())
  }

  #execute(sql: string): Promise<unknown> {
    return this.manager.getConnection().execute(sql, [], 'run', this.manager.getTransactionContext())
  }
}
