// Returns the memory of payloads that were sent and acknowledged to its lender (wire/bytes/spare-memory.ts). A peer may
// acknowledge data that it has not read yet, so memory is returned only when everything that was written before has left the
// process, and never by a link that cannot know this.
import type { Payload } from '../wire/bytes/payload.ts'
import { isLent, takeBack } from '../wire/bytes/spare-memory.ts'
import type { Link } from './link.ts'

/** Payloads beyond this are left to the garbage collector. */
const maxWaiting = 1_024

/** Whether the payload's memory can be returned once it was sent over this link. */
export function returnsOver(link: Pick<Link, 'unsentBytes'>, payload: Payload): boolean {
  return link.unsentBytes !== undefined && isLent(payload)
}

interface Spent {
  readonly payload: Payload
  /** How much had been written by then: its own bytes are among these. */
  readonly writtenBytes: number
}

export class SpentMemory {
  readonly #link: Pick<Link, 'unsentBytes'>
  /** In the order in which they leave. */
  readonly #waiting: Spent[] = []

  constructor(link: Pick<Link, 'unsentBytes'>) {
    this.#link = link
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** `writtenBytes`: all that was written to the link so far, or waits to be. */
  add(payload: Payload, writtenBytes: number): void {
    if (this.#waiting.length < maxWaiting && returnsOver(this.#link, payload)) {
      this.#waiting.push({ payload, writtenBytes })
    }
  }

  /** Returns what has left. `writtenBytes`: all that was written to the link so far. */
  release(writtenBytes: number): void {
    const leftBytes = writtenBytes - (this.#link.unsentBytes?.() ?? writtenBytes)
    const first = this.#waiting.findIndex((spent) => spent.writtenBytes > leftBytes)
    for (const { payload } of this.#waiting.splice(0, first < 0 ? this.#waiting.length : first)) takeBack(payload)
  }
}
