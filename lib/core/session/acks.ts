// Which results the callee may forget although their slots are not in use again yet. Small results wait for the
// slot's next call, which says it for free; large ones are told in an ACK frame.
import { maxAcksPerFrame } from '../wire/frames/frame.ts'

/** What may stay unsaid: the callee keeps no more than this for an idle caller. */
const unsaidBytes = 128 * 1024
/** Smaller results are not worth telling. */
const leastToldBytes = 256

export class Acks {
  readonly #sizes: number[] = []
  readonly #seqs: number[] = []
  #bytes = 0

  /** A call of this slot was settled by a result of this size. */
  settled(slot: number, seq: number, size: number): void {
    this.#bytes += size - (this.#sizes[slot] ?? 0)
    this.#sizes[slot] = size
    this.#seqs[slot] = seq
  }

  /** The slot is used again: that says it. */
  reused(slot: number): void {
    this.#bytes -= this.#sizes[slot] ?? 0
    this.#sizes[slot] = 0
    this.#seqs[slot] = 0
  }

  /** The seqs of large results, once they are worth a frame; else none. */
  due(): number[] {
    return this.#bytes < unsaidBytes ? [] : this.#take(leastToldBytes)
  }

  /** All seqs that were not told: over a new link, the callee cannot know which answers arrived. */
  untold(): number[] {
    return this.#take(0)
  }

  #take(leastBytes: number): number[] {
    const seqs: number[] = []
    for (const [slot, seq] of this.#seqs.entries()) {
      if (seqs.length === maxAcksPerFrame) break
      if (!seq || (this.#sizes[slot] ?? 0) < leastBytes) continue
      seqs.push(seq)
      this.reused(slot)
    }
    return seqs
  }
}
