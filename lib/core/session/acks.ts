// Acknowledges results, so that the callee can drop them before their slots are used again. The next call of a slot acknowledges a
// small result for free; large ones are acknowledged in an ACK frame.
import { maxAcksPerFrame } from '../wire/frames/frame.ts'

/** The most bytes that stay unacknowledged: the callee keeps no more than this for an idle caller. */
const unsaidBytes = 128 * 1024
/** Smaller results are not worth an ACK. */
const leastToldBytes = 256

export class Acks {
  readonly #sizes: number[] = []
  readonly #seqs: number[] = []
  #bytes = 0

  /** Called when a call of this slot was settled by a result of this size. */
  settled(slot: number, seq: number, size: number): void {
    this.#bytes += size - (this.#sizes[slot] ?? 0)
    this.#sizes[slot] = size
    this.#seqs[slot] = seq
  }

  /** Called when the slot is used again, which acknowledges its result. */
  reused(slot: number): void {
    this.#bytes -= this.#sizes[slot] ?? 0
    this.#sizes[slot] = 0
    this.#seqs[slot] = 0
  }

  /** The seqs of large results once they are worth a frame; otherwise empty. */
  due(): number[] {
    return this.#bytes < unsaidBytes ? [] : this.#take(leastToldBytes)
  }

  /** All seqs that were not acknowledged: over a new link, the callee cannot know which answers arrived. */
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
