// Returns the memory of payloads that were sent and answered to its lender (wire/bytes/spare-memory.ts). A peer may
// acknowledge data that it has not read yet, so the memory is returned only when everything written has left the process; and
// never from a link that cannot know this.
import type { Payload } from '../wire/bytes/payload.ts'
import { isLent, takeBack } from '../wire/bytes/spare-memory.ts'
import type { Link } from './link.ts'

/** Further payloads do not wait; they are garbage-collected instead. */
const mostWaiting = 64

/** Whether its memory can be returned. */
export function returnsOver(link: Pick<Link, 'isDrained'>, payload: Payload): boolean {
  return link.isDrained !== undefined && isLent(payload)
}

export class SpentMemory {
  readonly #link: Pick<Link, 'isDrained'>
  #waiting: Payload[] = []

  constructor(link: Pick<Link, 'isDrained'>) {
    this.#link = link
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  add(payload: Payload): void {
    if (this.#waiting.length < mostWaiting && returnsOver(this.#link, payload)) this.#waiting.push(payload)
  }

  /** Called when everything was written to the link. */
  allWritten(): void {
    if (this.#link.isDrained?.() !== true) return
    for (const payload of this.#waiting) takeBack(payload)
    this.#waiting = []
  }
}
