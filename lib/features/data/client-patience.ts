// How long a unit of work that blocks others may stall for its client. While nobody else waits for it
// and the client has a link, it may do so. A client that is merely slow regains some time with each item.
import type { Clock, Timer } from '../../core/base/clock.ts'
import { BusyError } from '../../core/base/errors.ts'
import type { OpenUnit } from './open-unit.ts'

/** What each received or taken item gives back: a client that moves ten items a second is never too slow. */
const perItemMs = 100
/** How often it checks whether others wait for the unit, once the time is over. */
const lookEveryMs = 250
/** The limit if the store may have users in other processes, whose waits are invisible. */
const unseenMs = 60_000

export interface ClientPatienceOptions {
  readonly unit: OpenUnit
  readonly clock: Clock
  readonly patienceMs: number
  /** The store may have users in other processes. */
  readonly isShared: boolean
  /** Such as `action "upload"`. */
  readonly label: string
  isConnected(): boolean
}

export class ClientPatience {
  readonly #options: ClientPatienceOptions
  /** Rejects the current waits. */
  readonly #waiting = new Set<(error: BusyError) => void>()
  #leftMs: number
  #sinceMs = 0
  #timer: Timer | undefined

  constructor(options: ClientPatienceOptions) {
    this.#options = options
    this.#leftMs = options.patienceMs
  }

  /** The outcome of `waiting`; rejects with BusyError if time runs out, and the unit is rolled back. */
  during<T>(waiting: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) this.#begin()
      this.#waiting.add(reject)
      const over = (): void => {
        if (this.#waiting.delete(reject)) this.#onItem()
      }
      waiting.then(
        (value) => {
          over()
          resolve(value)
        },
        (error) => {
          over()
          reject(error)
        },
      )
    })
  }

  #begin(): void {
    const { clock, patienceMs } = this.#options
    this.#sinceMs = clock.now()
    this.#lookIn(Math.min(this.#leftMs, patienceMs))
  }

  #onItem(): void {
    const { clock, patienceMs } = this.#options
    const leftMs = Math.max(0, this.#leftMs - (clock.now() - this.#sinceMs))
    this.#leftMs = Math.min(patienceMs, leftMs + perItemMs)
    this.#timer?.cancel()
    if (this.#waiting.size > 0) this.#begin()
  }

  #lookIn(ms: number): void {
    this.#timer = this.#options.clock.setTimer(() => void this.#look(), ms)
  }

  async #look(): Promise<void> {
    const { unit, clock, isShared } = this.#options
    const sinceMs = this.#sinceMs
    const mustEnd = !this.#options.isConnected() || (isShared && clock.now() - sinceMs >= unseenMs)
    const isWanted = unit.isHolding && (mustEnd || (await unit.isWanted()))
    // An item may have arrived meanwhile.
    if (this.#waiting.size === 0 || this.#sinceMs !== sinceMs) return
    if (isWanted) this.#giveUp()
    else this.#lookIn(lookEveryMs)
  }

  #giveUp(): void {
    const { unit, label, patienceMs } = this.#options
    const message = `${label} was rolled back: it had written, and waited for its client for more than ${patienceMs} ms while others waited for the store; send or read faster, commit before waiting (await db.commit()), or raise data.clientPatienceMs`
    const error = new BusyError(message, { notStarted: false })
    unit.giveUp(error)
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const fail of waiting) fail(error)
  }
}
