// A first-come, first-served lock for writing to a store that allows one writer at a time.

import { clearTimeout, setTimeout } from '../../../../core/base/platform-timers.ts'
import { type Place, Queue } from '../../../../core/base/queue.ts'
import { StoreUnavailableError } from '../../data-errors.ts'

export class WriteLock {
  readonly #waiting = new Queue<() => void>()
  readonly #waitMs: number
  #isTaken = false

  constructor(waitMs: number) {
    this.#waitMs = waitMs
  }

  /** The number of waiters. */
  get waitingCount(): number {
    return this.#waiting.length
  }

  /** Waits for the turn to write, and returns the function that ends it. @throws StoreUnavailableError if it does not come in time. */
  take(): Promise<() => void> {
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
      if (this.#isTaken) place = this.#waiting.add(begin)
      else begin()
    })
  }

  readonly #end = (): void => {
    this.#isTaken = false
    this.#waiting.take()?.()
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
