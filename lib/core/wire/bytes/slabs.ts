// Memory for outgoing frames, shared by all links of one server or client. A writer borrows the rest of a slab and returns
// what it did not use. Written parts are never reused, so there is no need to track when the socket is done with them: a slab
// is garbage collected after its last part was sent. An idle link holds nothing.
import { allocateBytes } from './text.ts'

export interface Slab {
  readonly bytes: Uint8Array
  /** Where the free part begins. */
  start: number
}

const slabBytes = 64 * 1024
/** A rest below this is not worth keeping. */
const leastRestBytes = 512
const mostRests = 32

export class Slabs {
  readonly #rests: Slab[] = []

  /** A slab with at least this much room. */
  borrow(roomBytes: number): Slab {
    const rest = this.#rests.pop()
    // A rest that is too small is dropped: kept rests would pile up and leave no place for a good one.
    if (rest !== undefined && rest.bytes.length - rest.start >= roomBytes) return rest
    return { bytes: allocateBytes(Math.max(slabBytes, roomBytes)), start: 0 }
  }

  giveBack(slab: Slab): void {
    if (slab.bytes.length !== slabBytes || this.#rests.length >= mostRests) return
    if (slab.bytes.length - slab.start >= leastRestBytes) this.#rests.push(slab)
  }
}
