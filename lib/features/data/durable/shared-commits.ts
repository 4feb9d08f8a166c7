// Small writes that share their commits: those of one tick, and those that arrive while the former commit is under way, are one
// transaction. One that fails does not fail the others. Each must be harmless to do twice, as a commit whose answer was lost makes it.
//
//   add, add ──> next microtask ──> one transaction ──> settled          failed: each again, in a transaction of its own
//   add ────────────────────────────> waits ──────────────> the next transaction
import { IsockError } from '../../../core/base/errors.ts'
import { queueMicrotask } from '../../../core/base/platform-timers.ts'
import type { DurableStore, Run } from './durable-store.ts'

/** The most writes of one transaction: one that is too long keeps the first of them waiting. */
const mostShared = 128

interface Write {
  readonly work: (run: Run) => Promise<unknown>
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

export class SharedCommits {
  readonly #store: DurableStore
  readonly #waiting: Write[] = []
  #isUnderWay = false

  constructor(store: DurableStore) {
    this.#store = store
  }

  /** Settles when the work is committed, or has failed and left nothing. */
  add<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject })
      if (this.#isUnderWay) return
      this.#isUnderWay = true
      queueMicrotask(() => void this.#writeAll())
    })
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0, mostShared))
    this.#isUnderWay = false
  }

  /** Never rejects. */
  async #write(writes: readonly Write[]): Promise<void> {
    try {
      const results = await this.#store.transaction(async (run) => {
        const done: unknown[] = []
        for (const { work } of writes) done.push(await work(run))
        return done
      })
      for (const [i, { resolve }] of writes.entries()) resolve(results[i] as never)
    } catch (error) {
      const isAlone = writes.length === 1
      if (isAlone || isOfStore(error)) for (const { reject } of writes) reject(error)
      else for (const write of writes) await this.#write([write])
    }
  }
}

/** The store is away, or others keep it busy for too long: none of the writes is at fault. */
function isOfStore(error: unknown): boolean {
  return error instanceof IsockError && error.code === 'STORE_UNAVAILABLE'
}
