// Memory for outgoing frames, shared by all links of one server or client: who writes borrows the rest of a slab
// and gives back what it did not use. Written parts are never used again, so nobody has to say when the socket
// is done with them; the garbage collector takes a slab when its last part was sent. An idle link holds nothing.
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
    // One that is too small is given up: kept, such rests would pile up until there is no place for a good one.
    if (rest !== undefined && rest.bytes.length - rest.start >= roomBytes) return rest
    return { bytes: allocateBytes(Math.max(slabBytes, roomBytes)), start: 0 }
  }

  giveBack(slab: Slab): void {
    if (slab.bytes.length !== slabBytes || this.#rests.length >= mostRests) return
    if (slab.bytes.length - slab.start >= leastRestBytes) this.#rests.push(slab)
  }
}
