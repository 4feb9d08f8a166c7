// Calls with an idempotency key, in line: of those with the same key one runs at a time in this process, and the others get its answer. A run
// at another server is waited for as long as it lives. Leaves to the row of the key which of several counts.
import { type Clock, sleep } from '../../../core/base/clock.ts'
import { deferred } from '../../../core/base/deferred.ts'
import { unlessAborted } from '../../../core/base/followed-signals.ts'
import type { CallKey, FoundKey, KeyRows } from './key-rows.ts'

/** How often a run at another server is looked for: more seldom the longer it lasts. */
const firstLookMs = 50
const mostLookMs = 1_000

/** Lets a call with a key run. */
export interface KeyTurn {
  readonly key: CallKey
  /** The run is over, and its answer is recorded if it has one. May be called again. */
  release(): void
}

export class KeyedCalls {
  readonly rows: KeyRows
  readonly #clock: Clock
  readonly #running = new Map<string, Promise<void>>()

  constructor(rows: KeyRows, clock: Clock) {
    this.rows = rows
    this.#clock = clock
  }

  /** What is recorded of a key when no call with it runs; else the turn to run one. Rejects when the signal aborts, or without the store. */
  async enter(key: CallKey, seq: number, signal: AbortSignal): Promise<KeyTurn | Exclude<FoundKey, 'running'>> {
    const id = Buffer.from(key.hash).toString('base64')
    for (let former = this.#running.get(id); former !== undefined; former = this.#running.get(id))
      await unlessAborted(former, signal)
    const { promise, resolve } = deferred<void>()
    this.#running.set(id, promise)
    const release = (): void => {
      if (this.#running.get(id) === promise) this.#running.delete(id)
      resolve()
    }
    try {
      const found = await this.#find(key, seq, signal)
      if (found === undefined) return { key, release }
      release()
      return found
    } catch (error) {
      release()
      throw error
    }
  }

  async #find(key: CallKey, seq: number, signal: AbortSignal): Promise<Exclude<FoundKey, 'running'> | undefined> {
    for (let lookMs = firstLookMs; ; lookMs = Math.min(lookMs * 2, mostLookMs)) {
      signal.throwIfAborted()
      const found = await this.rows.find(key, seq)
      if (found !== 'running') return found
      await sleep(this.#clock, lookMs, signal)
    }
  }
}
