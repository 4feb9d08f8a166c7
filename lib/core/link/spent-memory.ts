// Returns the memory of payloads that were sent and acknowledged to its lender (wire/bytes/spare-memory.ts). A peer may
// acknowledge data that it has not read yet, so memory is returned only when everything written has left the process, and
// never by a link that cannot know this.
import type { Payload } from '../wire/bytes/payload.ts'
import { isLent, takeBack } from '../wire/bytes/spare-memory.ts'
import type { Link } from './link.ts'

/** Payloads beyond this are left to the garbage collector. */
const maxWaiting = 64

/** Whether the payload's memory can be returned once it was sent over this link. */
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
    if (this.#waiting.length < maxWaiting && returnsOver(this.#link, payload)) this.#waiting.push(payload)
  }

  /** Called when nothing is left to write to the link. */
  allWritten(): void {
    if (this.#link.isDrained?.() !== true) return
    for (const payload of this.#waiting) takeBack(payload)
    this.#waiting = []
  }
}
