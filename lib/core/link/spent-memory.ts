// Memory of what was sent and is answered, on its way back to who lends it (wire/bytes/spare-memory.ts). A peer may say that it has
// what it has not read yet: so the memory comes back when all that was written has left the process, and from a link that
// cannot tell it never does.
import type { Payload } from '../wire/bytes/payload.ts'
import { isLent, takeBack } from '../wire/bytes/spare-memory.ts'
import type { Link } from './link.ts'

/** More than this do not wait: they are garbage, as they would be without all this. */
const mostWaiting = 64

/** Whether there is anything to come back. */
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

  /** Nothing is left that was not written to the link. */
  allWritten(): void {
    if (this.#link.isDrained?.() !== true) return
    for (const payload of this.#waiting) takeBack(payload)
    this.#waiting = []
  }
}
