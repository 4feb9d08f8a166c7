// A first-come, first-served lock for writing to a store that allows one writer at a time. Statements of libsql run in the server's
// thread, and those that wait for the turn follow each other without a pause: so the event loop gets its turn after some milliseconds.

import { clearTimeout, monotonicNow, setImmediate, setTimeout } from '../../../../core/base/platform-timers.ts'
import { type Place, Queue } from '../../../../core/base/queue.ts'
import { StoreUnavailableError } from '../../data-errors.ts'

interface Waiter {
  readonly begin: () => void
  readonly shares: boolean
}

/** For how long those that wait follow each other within one turn of the event loop. */
const longestInTurnMs = 2

export class WriteLock {
  readonly #waiting = new Queue<Waiter>()
  readonly #waitMs: number
  #isTaken = false
  /** When the first one began in this turn of the event loop. */
  #turnSinceMs: number | undefined

  constructor(waitMs: number) {
    this.#waitMs = waitMs
  }

  /** The number of waiters. */
  get waitingCount(): number {
    return this.#waiting.length
  }

  /** Whether the next waiter may continue what has the turn now. */
  get nextShares(): boolean {
    return this.#waiting.next?.shares === true
  }

  /**
   * Waits for the turn to write, and returns the function that ends it. `shares`: it may continue a group, see group-commit.ts.
   *
   * @throws StoreUnavailableError if it does not come in time.
   */
  take(shares = false): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        clearTimeout(timer)
        this.#isTaken = true
        resolve(this.#end)
      }
      let place: Place | undefined
      const timer = setTimeout(() => {
        place?.leave()
        reject(storeBusy())
      }, this.#waitMs)
      if (this.#isTaken) place = this.#waiting.add({ begin, shares })
      else begin()
    })
  }

  readonly #end = (): void => {
    if (this.#waiting.length > 0 && this.#holdsLoop()) setImmediate(this.#next)
    else this.#next()
  }

  readonly #next = (): void => {
    this.#isTaken = false
    this.#waiting.take()?.begin()
  }

  /** Whether the event loop has not had its turn for too long. */
  #holdsLoop(): boolean {
    if (this.#turnSinceMs !== undefined) return monotonicNow() - this.#turnSinceMs > longestInTurnMs
    this.#turnSinceMs = monotonicNow()
    setImmediate(() => {
      this.#turnSinceMs = undefined
    })
    return false
  }
}

const busyText = 'the store was busy with other units of work for too long'

/** `holders` names the holders, if known. */
export function storeBusy(holders = ''): StoreUnavailableError {
  return new StoreUnavailableError(holders === '' ? busyText : `${busyText}: ${holders}`)
}

export function isStoreBusy(error: unknown): boolean {
  return error instanceof StoreUnavailableError && error.message.startsWith(busyText)
}
