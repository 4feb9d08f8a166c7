// The store as one process reaches it: connections over a network that delays, holds and cuts, and on them what lib's engine of data
// does: transactions that are tried again while the store is away, and errors as callers get them.
import type { Timer } from '../../../lib/core/base/clock.ts'
import { deferred } from '../../../lib/core/base/deferred.ts'
import { ConflictError, StoreUnavailableError } from '../../../lib/features/data/data-errors.ts'
import type { DurableStore, Run, Value } from '../../../lib/features/data/durable/durable-store.ts'
import type { Random } from '../random.ts'
import type { SimClock } from '../sim-clock.ts'
import { type Backend, type FakeStore, StoreError } from './fake-store.ts'
import type { SimProcess } from './sim-process.ts'
import type { RowData } from './sql.ts'

/** What happens to the messages between processes and their store. */
export interface StoreNetwork {
  readonly clock: SimClock
  readonly random: Random
  readonly store: FakeStore
  /** How likely a COMMIT loses its connection, and any other message. */
  readonly commitCuts: number
  readonly otherCuts: number
  readonly latencyMs: number
  /** Called when a message of a process leaves, reaches the store, and when its answer reaches the process. */
  onMessage(process: SimProcess, phase: Phase, sql: string): void
}

export type Phase = 'sent' | 'arrived' | 'answered'

const retryEveryMs = 100

export class StoreClient implements DurableStore {
  readonly isPostgres = true
  readonly #network: StoreNetwork
  readonly #process: SimProcess
  readonly #waitMs: number
  readonly #connections = new Set<StoreConnection>()
  /** Until then nothing passes between the process and the store. */
  #cutOffUntilMs = 0
  #isClosed = false

  constructor(network: StoreNetwork, process: SimProcess, waitMs: number) {
    this.#network = network
    this.#process = process
    this.#waitMs = waitMs
  }

  get clock(): SimProcess {
    return this.#process
  }

  get waitMs(): number {
    return this.#waitMs
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  nameOf(table: string): string {
    return table
  }

  readonly read: Run = (sql, values = []) =>
    this.#whileAway(async () => {
      const connection = this.connect()
      try {
        return await connection.request(sql, values)
      } finally {
        connection.close()
      }
    })

  transaction<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#whileAway(async () => {
      const connection = this.connect()
      try {
        const result = await work((sql, values = []) => connection.inWork(sql, values))
        await connection.commit()
        return result
      } finally {
        connection.close()
      }
    })
  }

  lacksReference(error: unknown): boolean {
    return (error as Partial<StoreError> | null)?.code === '23503'
  }

  /** One of the pool: the store hears of it with its first message. */
  connect(): StoreConnection {
    if (this.#isClosed) throw new StoreError('08003', 'the pool is closed')
    const connection = new StoreConnection(this, this.#network, this.#process)
    this.#connections.add(connection)
    return connection
  }

  ended(connection: StoreConnection): void {
    this.#connections.delete(connection)
  }

  /** How long a message waits until it can leave. */
  get heldMs(): number {
    return Math.max(0, this.#cutOffUntilMs - this.#network.clock.now())
  }

  cutOff(forMs: number): void {
    this.#cutOffUntilMs = Math.max(this.#cutOffUntilMs, this.#network.clock.now() + forMs)
    for (const connection of [...this.#connections]) connection.onCutOff()
  }

  /** The process is gone. `isHeard`: its system tells the store so. */
  die(isHeard: boolean): void {
    if (isHeard) for (const connection of [...this.#connections]) connection.leave()
  }

  close(): void {
    this.#isClosed = true
    for (const connection of [...this.#connections]) connection.close()
  }

  async #whileAway<T>(work: () => Promise<T>): Promise<T> {
    const givesUpAtMs = this.#process.now() + this.#waitMs
    for (;;) {
      try {
        return await work()
      } catch (error) {
        const isOver = this.#isClosed || this.#process.now() + retryEveryMs >= givesUpAtMs
        if (!isAway(error) || isOver) throw asSeen(error)
      }
      await new Promise<void>((resolve) => this.#process.setTimer(resolve, retryEveryMs))
    }
  }
}

/** One connection, which has at most one transaction. */
export class StoreConnection {
  readonly #client: StoreClient
  readonly #network: StoreNetwork
  readonly #process: SimProcess
  #backend: Backend | undefined
  #isBroken = false
  #hasBegun = false
  #pending: ReturnType<typeof deferred<readonly RowData[]>> | undefined
  #patience: Timer | undefined
  /** When the last message arrives: no other one overtakes it. */
  #arrivesAtMs = 0

  constructor(client: StoreClient, network: StoreNetwork, process: SimProcess) {
    this.#client = client
    this.#network = network
    this.#process = process
  }

  /** Runs a statement in the transaction, which begins with the first one. */
  async inWork(sql: string, values: readonly Value[]): Promise<readonly RowData[]> {
    if (this.#hasBegun) return this.request(sql, values)
    this.#hasBegun = true
    return this.request(sql, values, true)
  }

  async commit(): Promise<void> {
    if (this.#hasBegun) await this.request('commit', [])
    this.#hasBegun = false
  }

  async request(sql: string, values: readonly Value[], begins = false): Promise<readonly RowData[]> {
    const { random, commitCuts, otherCuts } = this.#network
    const message = async (): Promise<readonly RowData[]> => {
      this.#backend ??= this.#network.store.connect(() => this.#onKilled())
      const backend = this.#backend
      if (begins) await backend.execute('begin', [])
      return backend.execute(sql, values)
    }
    if (this.#isBroken || !random.chance(sql === 'commit' ? commitCuts : otherCuts)) return this.#exchange(message, sql)
    const how = random.pick(['lost', 'unanswered', 'late'] as const)
    return this.#exchange(message, sql, how)
  }

  /** Ends it; what was not committed is undone. */
  close(): void {
    if (!this.#isBroken) this.leave()
    this.#break(new StoreError('08006', 'Connection terminated'))
  }

  /** The process has ended it, or is gone: the store hears it after what was sent before. */
  leave(): void {
    const backend = this.#backend
    this.#at(this.#arrival(), () => backend?.leave())
  }

  /** Nothing passes any more for a while: who waits for an answer gives up before that, or not. */
  onCutOff(): void {
    if (this.#pending !== undefined) this.#beImpatient()
  }

  #exchange(
    message: () => Promise<readonly RowData[]>,
    sql: string,
    cut?: 'lost' | 'unanswered' | 'late',
  ): Promise<readonly RowData[]> {
    if (this.#isBroken) return Promise.reject(new StoreError('08003', 'Connection terminated'))
    const pending = deferred<readonly RowData[]>()
    this.#pending = pending
    if (this.#client.heldMs > 0) this.#beImpatient()
    this.#network.onMessage(this.#process, 'sent', sql)
    const { random } = this.#network
    const reset = (): void => this.#process.reach(() => this.#break(new StoreError('08006', 'Connection terminated')))
    if (cut === 'lost') {
      this.#at(this.#arrival(), () => {
        this.#backend?.leave()
        reset()
      })
      return pending.promise
    }
    if (cut === 'late') this.#at(this.#network.clock.now() + random.between(0, 20), reset)
    const arrivalMs = this.#arrival() + (cut === 'late' ? random.between(0, 3_000) : 0)
    this.#at(arrivalMs, () => {
      // What was held goes with its connection.
      if (this.#isBroken && cut !== 'late' && this.#wasHeld) return this.#backend?.leave()
      this.#network.onMessage(this.#process, 'arrived', sql)
      message().then(
        (rows) => this.#answer(sql, cut !== undefined, () => pending.resolve(rows)),
        (error) => this.#answer(sql, cut !== undefined, () => pending.reject(error)),
      )
    })
    return pending.promise
  }

  /** It was given up while the store could not be reached. */
  #wasHeld = false

  #answer(sql: string, isCut: boolean, settle: () => void): void {
    if (isCut) {
      this.#backend?.leave()
      this.#at(this.#network.clock.now(), () =>
        this.#process.reach(() => this.#break(new StoreError('08006', 'Connection terminated'))),
      )
      return
    }
    this.#at(this.#arrival(), () => {
      this.#network.onMessage(this.#process, 'answered', sql)
      this.#process.reach(() => {
        if (this.#isBroken) return
        this.#patience?.cancel()
        this.#pending = undefined
        settle()
      })
    })
  }

  #onKilled(): void {
    this.#at(this.#arrival(), () =>
      this.#process.reach(() => this.#break(new StoreError('57P01', 'terminating connection'))),
    )
  }

  #beImpatient(): void {
    this.#patience?.cancel()
    this.#patience = this.#process.setTimer(
      () => {
        if (this.#client.heldMs === 0) return
        this.#wasHeld = true
        this.leave()
        this.#break(new StoreError('08006', 'Connection terminated'))
      },
      this.#network.random.between(500, 8_000),
    )
  }

  #break(error: StoreError): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#patience?.cancel()
    this.#client.ended(this)
    this.#pending?.reject(error)
    this.#pending = undefined
  }

  #arrival(): number {
    const { clock, random, latencyMs } = this.#network
    const takesMs = latencyMs === 0 ? 0 : random.between(0, latencyMs)
    this.#arrivesAtMs = Math.max(this.#arrivesAtMs, clock.now() + this.#client.heldMs + takesMs)
    return this.#arrivesAtMs
  }

  #at(atMs: number, run: () => void): void {
    const { clock } = this.#network
    clock.setTimer(run, atMs - clock.now())
  }
}

/** As the engine of data judges the driver's errors. */
export function isAway(error: unknown): boolean {
  if (error instanceof StoreUnavailableError) return true
  return error instanceof StoreError && /^(08|57P0|25P03)/.test(error.code)
}

export function isInterruption(error: unknown): boolean {
  return error instanceof StoreError && error.code === '40P01'
}

export function asSeen(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error
  if (isInterruption(error)) return new ConflictError('the change conflicted with another one')
  if (isAway(error)) return new StoreUnavailableError(`the store is unreachable (${error.code})`)
  return error
}
