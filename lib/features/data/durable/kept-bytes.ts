// The bytes of results that one session has in its store: bounded, and given back when the client has acknowledged them. The row of a
// result that was dropped keeps its number, so that a late copy of its call does not run.
//
//   committed ──> counts ──acknowledged──> large, or much is kept: dropped in a batch ──> counts for nothing
//                   ╰──────────────────────> small: stays until a later call of its slot overwrites it, or much is kept
import { BusyError } from '../../../core/base/errors.ts'
import type { SlotSize } from './answer-rows.ts'

/** A smaller result is worth no statement of its own while little is kept. */
const leastDroppedBytes = 64 * 1024
/** Results that are dropped in one transaction. */
const batch = 100
/** What a client may leave unacknowledged while it is idle: in all, and more for each slot. See session/acks.ts. */
const unsaidBytes = 256 * 1024
const unsaidBytesPerSlot = 256

export interface KeptBytesOptions {
  readonly maxBytes: number
  readonly slotCount: number
  /** Drops these results from their rows. Rejects if the store cannot be reached. */
  drop(results: readonly SlotSize[]): Promise<void>
}

export class KeptBytes {
  readonly #options: KeptBytesOptions
  readonly #maxBytes: number
  /** By slot. */
  readonly #results = new Map<number, SlotSize>()
  /** Those of before the adoption that no call has asked for yet. */
  #unclaimed: SlotSize[]
  /** Those that are acknowledged, by slot. */
  readonly #acknowledged = new Map<number, SlotSize>()
  #bytes = 0
  #isDropping = false

  /** `adopted`: what another server has recorded. */
  constructor(options: KeptBytesOptions, adopted: readonly SlotSize[]) {
    const { maxBytes, slotCount } = options
    this.#options = options
    // Else a client that owes no acknowledgement could be refused forever.
    this.#maxBytes = Math.max(maxBytes, unsaidBytes + slotCount * unsaidBytesPerSlot)
    this.#unclaimed = [...adopted]
    for (const result of adopted) this.#count(result)
  }

  /** Called when a result is in its row. */
  committed(slot: number, seq: number, bytes: number): void {
    this.#count({ slot, seq, bytes })
  }

  /** Called when the client asks for the answer of this call: it is acknowledged as others are. */
  claim(seq: number): void {
    if (this.#unclaimed.length > 0) this.#unclaimed = this.#unclaimed.filter((result) => result.seq !== seq)
  }

  /** Called when the client has the answer of this call. */
  acknowledged(slot: number, seq: number): void {
    const result = this.#results.get(slot)
    if (result === undefined || result.seq > seq) return
    this.#acknowledged.set(slot, result)
    if (result.bytes > leastDroppedBytes || this.#isMuch) void this.#drop()
  }

  /** Why no call may start, if so. `isNew`: it never ran elsewhere, so that its client has asked for all answers that it lacked. */
  refusal(isNew: boolean): BusyError | undefined {
    if (isNew && this.#unclaimed.length > 0) {
      for (const { slot, seq } of this.#unclaimed.splice(0)) this.acknowledged(slot, seq)
    }
    if (this.#bytes <= this.#maxBytes) return undefined
    void this.#drop()
    return new BusyError(
      `this session has more than ${this.#maxBytes} bytes of results in the store that its client has not acknowledged; read them, or raise limits.maxLedgerBytes`,
    )
  }

  get #isMuch(): boolean {
    return this.#bytes > this.#maxBytes / 2
  }

  #count(result: SlotSize): void {
    this.#forget(result.slot)
    this.#results.set(result.slot, result)
    this.#bytes += result.bytes
  }

  #forget(slot: number): void {
    this.#bytes -= this.#results.get(slot)?.bytes ?? 0
    this.#results.delete(slot)
    this.#acknowledged.delete(slot)
  }

  /** What fails is dropped with the next acknowledgement, or the next call that is refused. */
  async #drop(): Promise<void> {
    if (this.#isDropping) return
    this.#isDropping = true
    try {
      // All acknowledgements of one frame share a transaction.
      await undefined
      for (let due = this.#due(); due.length > 0; due = this.#due()) {
        await this.#options.drop(due)
        for (const result of due) if (this.#results.get(result.slot) === result) this.#forget(result.slot)
      }
    } catch {
      // See above.
    } finally {
      this.#isDropping = false
    }
  }

  #due(): SlotSize[] {
    const all = [...this.#acknowledged.values()]
    return (this.#isMuch ? all : all.filter(({ bytes }) => bytes > leastDroppedBytes)).slice(0, batch)
  }
}
