// Which results the callee may forget although their slots are not in use again yet. Small results wait for the
// slot's next call, which says it for free; large ones are told in an ACK frame.
import { maxAcksPerFrame } from '../wire/frame.ts'

/** What may stay unsaid: the callee keeps no more than this for an idle caller. */
const unsaidBytes = 128 * 1024

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

  /** The seqs to be told now, or undefined while it is not worth a frame. */
  due(): number[] | undefined {
    if (this.#bytes < unsaidBytes) return undefined
    const seqs: number[] = []
    for (let slot = 0; slot < this.#seqs.length && seqs.length < maxAcksPerFrame; slot++) {
      const seq = this.#seqs[slot] as number
      if (seq === 0 || seq === undefined || (this.#sizes[slot] as number) < 256) continue
      seqs.push(seq)
      this.reused(slot)
    }
    return seqs
  }
}
