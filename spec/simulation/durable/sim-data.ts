// Data over the fake store: a database whose units of work write effects, and which is otherwise what lib's Data, ActionUnit and
// TransactionalRun use. A unit behaves as lib's engine does: its transaction begins with the first write, and a lost one breaks it.
import { OutcomeUnknownError } from '../../../lib/core/base/errors.ts'
import { followSignal } from '../../../lib/core/base/followed-signals.ts'
import type { Feature } from '../../../lib/core/server/feature.ts'
import { Data } from '../../../lib/features/data/data.ts'
import { StoreUnavailableError } from '../../../lib/features/data/data-errors.ts'
import { beginUnit, Database, durableStore } from '../../../lib/features/data/database.ts'
import type { Db } from '../../../lib/features/data/db.ts'
import type { DurableStore, Run, Value } from '../../../lib/features/data/durable/durable-store.ts'
import { type LastWork, runLast } from '../../../lib/features/data/durable/last-statement.ts'
import { field } from '../../../lib/features/data/field.ts'
import type { Migration } from '../../../lib/features/data/migration.ts'
import { Model } from '../../../lib/features/data/model.ts'
import type { OpenUnit, UnitOwner } from '../../../lib/features/data/open-unit.ts'
import { asSeen, isAway, isInterruption, type StoreClient, type StoreConnection } from './store-client.ts'

/** What a handler of the simulation does with `context.db`. */
export interface EffectDb {
  /** Writes the effect of an operation, by this run. */
  add(op: number, run: string): Promise<void>
  /** Counts it at an account, whose row it locks. */
  count(account: number): Promise<void>
  /** The effects so far. */
  effects(): Promise<number>
}

class Entry extends Model {
  run = field.text()
}

export interface SimDataOptions {
  readonly store: StoreClient
  readonly clientPatienceMs: number
  random(): number
  /** Called when the feature is loading, and when it has loaded: modules take real time. */
  onLoading(isLoading: boolean): void
}

export function simData(options: SimDataOptions): Feature<Data> {
  const { store, clientPatienceMs, random } = options
  const given = { models: [Entry], url: 'postgres://simulated/store', waitMs: store.waitMs, clientPatienceMs }
  return {
    name: 'data',
    attach: (kit) => new Data(kit, given, { database: new SimDatabase(given, options), random }),
  }
}

class SimDatabase extends Database {
  readonly #options: SimDataOptions

  constructor(given: ConstructorParameters<typeof Database>[0], options: SimDataOptions) {
    super(given)
    this.#options = options
  }

  override async open(): Promise<this> {
    return this
  }

  override async migrate(): Promise<Migration> {
    return {} as Migration // nobody reads it
  }

  override [beginUnit](owner: UnitOwner): OpenUnit {
    return new SimUnit(this.#options.store, owner)
  }

  override async [durableStore](): Promise<DurableStore> {
    const { store, onLoading } = this.#options
    let isLoading = true
    onLoading(true)
    const loaded = (): void => {
      if (!isLoading) return
      isLoading = false
      onLoading(false)
    }
    return {
      isPostgres: true,
      nameOf: (table) => table,
      read: store.read,
      transaction: (work) => {
        loaded()
        return store.transaction(work)
      },
      lacksReference: (error) => store.lacksReference(error),
    }
  }

  override async close(): Promise<void> {
    this.#options.store.close()
  }
}

class SimUnit implements OpenUnit {
  readonly db: Db
  wasInterrupted = false
  readonly #store: StoreClient
  readonly #owner: UnitOwner
  #connection: StoreConnection | undefined
  #tail: Promise<unknown> = Promise.resolve()
  #broken: Error | undefined
  #isClosed = false
  #isFinishing = false
  #unfollow: (() => void) | undefined

  constructor(store: StoreClient, owner: UnitOwner) {
    this.#store = store
    this.#owner = owner
    const db: EffectDb = {
      add: async (op, run) => {
        await this.#write('insert into ledger (run, op) values (?, ?)', [run, op])
      },
      count: async (account) => {
        const sql =
          'insert into account as held (id, entries) values (?, 1) on conflict (id) do update set entries = held.entries + 1'
        await this.#write(sql, [account])
      },
      effects: async () => (await this.#enqueue(() => this.#read('select run from ledger'))).length,
    }
    this.db = db as unknown as Db
  }

  get isHolding(): boolean {
    return this.#connection !== undefined
  }

  async isWanted(): Promise<boolean> {
    return true
  }

  async settle(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    await this.#tail
    this.#isClosed = true
  }

  async finish(isKept: boolean, last?: LastWork): Promise<undefined> {
    if (!isKept && this.#owner.signal?.aborted === true) {
      this.#isClosed = true
      this.giveUp(this.#owner.signal.reason as Error)
      return
    }
    if (isKept || this.#broken === undefined || this.isHolding) await this.#tail
    this.#isClosed = true
    if (this.#isFinishing) return
    this.#isFinishing = true
    try {
      if (isKept) await this.#retried(() => this.#commit(last))
    } catch (error) {
      throw this.#asSeen(error)
    } finally {
      this.#end()
    }
  }

  giveUp(reason: Error): void {
    if (this.#isFinishing) return
    this.#broken ??= reason
    // As one that cancels its statement.
    this.#end()
  }

  async #commit(last?: LastWork): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    const run: Run = (sql, values = []) => this.#begun().inWork(sql, values)
    const statement = await last?.(run)
    if (statement !== undefined) await runLast(run, statement)
    const connection = this.#connection
    if (connection === undefined) return
    this.#owner.signal?.throwIfAborted()
    try {
      await connection.commit()
    } catch (error) {
      if (!isAway(error)) throw error
      throw new OutcomeUnknownError('the connection to the store was lost during the commit')
    }
  }

  #write(sql: string, values: readonly Value[]): Promise<unknown> {
    return this.#enqueue(() => this.#begun().inWork(sql, values))
  }

  #read(sql: string): Promise<readonly unknown[]> {
    return this.#connection === undefined ? this.#store.read(sql) : this.#connection.request(sql, [])
  }

  #begun(): StoreConnection {
    if (this.#connection === undefined) {
      this.#connection = this.#store.connect()
      const { signal } = this.#owner
      this.#unfollow = followSignal(signal, () => this.giveUp(signal?.reason as Error))
    }
    return this.#connection
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error('the unit has ended'))
    const done = this.#tail.then(async () => {
      try {
        if (this.#broken !== undefined) throw this.#broken
        this.#owner.signal?.throwIfAborted()
        return await this.#retried(work)
      } catch (error) {
        throw this.#asSeen(error)
      }
    })
    this.#tail = done.catch(() => undefined)
    return done
  }

  /** Waits for a store that is away while nothing can be lost. */
  async #retried<T>(work: () => Promise<T>): Promise<T> {
    const { clock, waitMs } = this.#store
    const givesUpAtMs = clock.now() + waitMs
    for (;;) {
      const hadBegun = this.isHolding
      try {
        return await work()
      } catch (error) {
        if (!isAway(error)) throw error
        this.#end()
        if (this.#broken !== undefined) throw this.#broken
        if (hadBegun) {
          this.#broken = new StoreUnavailableError('the connection to the store was lost; nothing was kept')
          throw this.#broken
        }
        if (this.#store.isClosed || clock.now() + 100 >= givesUpAtMs) throw error
        await new Promise<void>((resolve) => clock.setTimer(resolve, 100))
        this.#owner.signal?.throwIfAborted()
      }
    }
  }

  #asSeen(error: unknown): unknown {
    if (isInterruption(error)) this.wasInterrupted = true
    return asSeen(error)
  }

  #end(): void {
    this.#unfollow?.()
    this.#unfollow = undefined
    this.#connection?.close()
    this.#connection = undefined
  }
}
