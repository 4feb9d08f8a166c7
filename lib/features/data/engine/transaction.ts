// The transaction of one unit of work: begun by its first write, committed or rolled back, possibly begun again. While it is
// open the unit blocks others: it holds the turn to write to a libsql store, a connection of the pool, or row locks.
import { OutcomeUnknownError } from '../../../core/base/errors.ts'
import { followSignal } from '../../../core/base/followed-signals.ts'
import { monotonicNow } from '../../../core/base/platform-timers.ts'
import type { Run } from '../durable/durable-store.ts'
import { type LastStatement, runLast } from '../durable/last-statement.ts'
import { backendOf, cancelStatement } from './cancel-statement.ts'
import type { ChangeLog } from './change-log.ts'
import { runIn } from './durable-store.ts'
import type { Engine, Holder, Manager } from './engine.ts'
import { idleLimitMs } from './idle-transactions.ts'
import { addLast, hasWrittenNone } from './last-with-commit.ts'
import { beginDurably } from './libsql/begin-durably.ts'
import { storeBusy } from './libsql/write-lock.ts'
import { isAway, isBusyError, isStoreFault, storeFault } from './store-errors.ts'
import { commitOutcomeUnknown, connectionLost, databaseClosed, idledTooLong, unitEnded } from './unit-errors.ts'

export interface TransactionOptions {
  readonly holder: Holder
  readonly changes: ChangeLog
  readonly signal: AbortSignal | undefined
  /** Called when the signal aborts while it is open. */
  readonly onAbort: () => void
  /** Its commit is on disk when it is answered. */
  readonly isDurable?: boolean
}

const nothingKept = 'nothing of what this action did was kept'

export class Transaction {
  readonly #engine: Engine
  readonly #options: TransactionOptions
  #manager: Manager | undefined
  #sinceMs: number | undefined
  #unfollow: (() => void) | undefined
  #isBeginning = false
  #isGivenUp = false
  #savepoints = 0
  #rolledBack: Promise<void> = Promise.resolve()

  constructor(engine: Engine, options: TransactionOptions) {
    this.#engine = engine
    this.#options = options
  }

  /** Made when it is needed: where many units wait for their turn, their managers would be most of what a garbage collection copies. */
  get manager(): Manager {
    this.#manager ??= this.#engine.fork()
    return this.#manager
  }

  get isOpen(): boolean {
    return this.#sinceMs !== undefined
  }

  /** It waits for its turn, or for a connection. */
  get isBeginning(): boolean {
    return this.#isBeginning
  }

  /** How long it has been open; 0 if it is not. */
  get heldMs(): number {
    return this.#sinceMs === undefined ? 0 : monotonicNow() - this.#sinceMs
  }

  /** Runs work that writes or locks, in the transaction or a new one: all of it, or none. */
  async allOrNothing<T>(work: () => Promise<T>): Promise<T> {
    const { changes } = this.#options
    const savepoint = this.isOpen ? `unit_${++this.#savepoints}` : undefined
    const mark = changes.length
    if (savepoint === undefined) await this.#begin()
    else await this.#execute(`savepoint ${savepoint}`)
    try {
      const result = await work()
      if (savepoint !== undefined) await this.#execute(`release savepoint ${savepoint}`)
      return result
    } catch (error) {
      if (isAway(error)) throw error
      changes.forgetFrom(mark)
      // A failed first operation leaves no transaction: PostgreSQL would reject whatever follows in it.
      if (savepoint === undefined) await this.rollBack()
      else await this.#execute(`rollback to savepoint ${savepoint}`)
      throw error
    }
  }

  /** Runs isock's own statements in the transaction, which begins for them if needed. If it throws, the transaction must be rolled back. */
  async within<T>(work: (run: Run) => Promise<T>): Promise<T> {
    if (!this.isOpen) await this.#begin()
    return work((sql, values) => runIn(this.manager, sql, values))
  }

  /**
   * `last`: runs before it, and must write a row.
   * @throws the store's errors; if the store is unreachable, the error of `broken`: nothing is left of the transaction.
   */
  async commit(last?: LastStatement): Promise<void> {
    const isWith = last !== undefined && this.#engine.isPostgres
    if (last !== undefined && !isWith) await this.within((run) => runLast(run, last))
    if (!this.isOpen) return
    const { signal, changes } = this.#options
    signal?.throwIfAborted()
    try {
      if (isWith) addLast(this.manager.getTransactionContext(), last)
      await commitWritten(this.manager)
    } catch (error) {
      if (!isAway(error)) throw last === undefined ? error : last.errorOf(hasWrittenNone(error) ? undefined : error)
      // A COMMIT that fails in this process is known to have failed. One that was sent to a server may have succeeded.
      throw this.#engine.isPostgres ? commitOutcomeUnknown() : error
    }
    this.#end()
    await changes.publish()
  }

  /** Never rejects. */
  rollBack(): Promise<void> {
    this.#options.changes.forgetFrom(0)
    if (!this.isOpen) return this.#rolledBack
    this.#end()
    this.#rolledBack = this.manager.rollback().catch(() => this.abandon())
    return this.#rolledBack
  }

  /** Cancels the current statement, and rolls back when it has ended. The transaction does not begin again. Never rejects. */
  async rollBackAfter(statement: Promise<unknown> | undefined): Promise<void> {
    this.#isGivenUp = true
    const isCancelled = statement !== undefined && this.isOpen
    if (isCancelled) await Promise.all([statement, cancelStatement(this.#engine, this.manager)])
    else await statement
    await this.rollBack()
  }

  /** Also while a statement runs, which is cancelled. Never rejects. */
  async rollBackNow(): Promise<void> {
    await cancelStatement(this.#engine, this.manager)
    await this.rollBack()
  }

  /** The transaction was lost with its connection, if there was one. Never rejects. */
  async abandon(): Promise<void> {
    if (!this.isOpen && !this.manager.isInTransaction()) return
    this.#end()
    await this.manager.rollback().catch(() => undefined)
    this.manager.setTransactionContext(undefined as never)
  }

  /** The error of a unit whose transaction ended with this error, when it had done nothing for `idleMs`. */
  broken(error: unknown, idleMs = 0): Error {
    if (error instanceof OutcomeUnknownError) return error
    if (this.#engine.isPostgres && this.#options.isDurable === true && idleMs >= idleLimitMs(this.#engine.options))
      return idledTooLong(idleLimitMs(this.#engine.options))
    if (isStoreFault(error)) return storeFault(error, nothingKept)
    return this.#engine.isPostgres || !isBusyError(error) ? connectionLost() : storeBusy(nothingKept)
  }

  /** Another transaction waits for a row or table that this one has locked. PostgreSQL only. */
  async isWaitedFor(): Promise<boolean> {
    return this.#finds('select 1 from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))')
  }

  /** The other transaction waits for a lock of this one, directly or not. PostgreSQL only. */
  async locksOut(other: Transaction): Promise<boolean> {
    const pid = other.isOpen ? await backendOf(other.manager) : undefined
    return pid !== undefined && this.#finds(`select 1 from (${waitedForBy(pid)}) found where pid = pg_backend_pid()`)
  }

  async #begin(): Promise<void> {
    const { holder, signal, onAbort } = this.#options
    this.#isBeginning = true
    try {
      if (this.#options.isDurable === true) await beginDurably(this.#engine, this.manager, holder.label)
      else await this.manager.begin()
    } finally {
      this.#isBeginning = false
    }
    this.#sinceMs = monotonicNow()
    this.#engine.transactions.add(holder)
    if (signal?.aborted !== true && !this.#engine.isClosed && !this.#isGivenUp) {
      this.#unfollow = followSignal(signal, onAbort)
      return
    }
    // Nobody waits for it any more, but it blocks others, and its action may run for long.
    await this.rollBack()
    signal?.throwIfAborted()
    throw this.#isGivenUp ? unitEnded() : databaseClosed()
  }

  #end(): void {
    const { holder } = this.#options
    this.#sinceMs = undefined
    this.#engine.transactions.delete(holder)
    this.#unfollow?.()
    this.#unfollow = undefined
  }

  async #finds(query: string): Promise<boolean> {
    if (!this.isOpen) return false
    const rows = (await this.#execute(`select exists (${query}) as found`, 'all')) as { readonly found: boolean }[]
    return rows[0]?.found === true
  }

  #execute(sql: string, method: 'run' | 'all' = 'run'): Promise<unknown> {
    return this.manager.getConnection().execute(sql, [], method, this.manager.getTransactionContext())
  }
}

/** Commits what has been written. MikroORM's own commit would compare every field of every row first, which the unit has done. */
async function commitWritten(manager: Manager): Promise<void> {
  await manager.getConnection().commit(manager.getTransactionContext() as never)
  manager.setTransactionContext(undefined as never)
}

/** The backends that one waits for, directly or not: queued waiters are reported as blocked by their predecessors only. */
function waitedForBy(pid: number): string {
  const next = (of: string): string => `select unnest(pg_blocking_pids(${of})) as pid`
  return `with recursive waited as (${next(String(pid))} union ${next('waited.pid')} from waited) select pid from waited`
}
