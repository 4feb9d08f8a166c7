// The calls of a ledger by slot. Grows with the slots that the caller uses. An entry stays until its slot is used again, so that
// repeated calls are recognized.
import { Held, placeBytes } from '../accounting/held.ts'
import type { Meter, MeterSource } from '../accounting/meter.ts'
import type { IncomingCall } from './incoming-call.ts'

export class CallTable {
  readonly slotCount: number
  readonly #account: MeterSource
  #held: Meter | undefined
  #entries: (IncomingCall | undefined)[] = []

  constructor(slotCount: number, account: MeterSource) {
    this.slotCount = slotCount
    this.#account = account
  }

  /** All entries, by slot. Do not keep it: the first call replaces the list. */
  get all(): readonly (IncomingCall | undefined)[] {
    return this.#entries
  }

  /** Whether code of the program runs for the peer, and not only streams of the library, which can wait for it forever. */
  get isWorking(): boolean {
    return this.#entries.some((call) => call?.state === 'running' && !call.isOfLibrary)
  }

  /** Whether each answer was sent over the current link or acknowledged, which then also holds for the calls that run. */
  get hasSentAll(): boolean {
    return this.#entries.every((call) => call === undefined || call.state === 'acknowledged' || call.isAnswerSent)
  }

  /** Whether the peer has never made a call. */
  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** The calls whose handlers run or wait for the processor, and were not aborted. */
  get going(): IncomingCall[] {
    return this.#entries.filter(
      (call): call is IncomingCall => call?.state === 'running' && !call.isHeld && call.abortReason === undefined,
    )
  }

  /** The entry in the slot of this call: the call itself, an older or a newer one. */
  at(seq: number): IncomingCall | undefined {
    return this.#entries[seq % this.slotCount]
  }

  /** The call itself, if it is there. */
  find(seq: number): IncomingCall | undefined {
    const entry = this.#entries[seq % this.slotCount]
    return entry?.seq === seq ? entry : undefined
  }

  put(call: IncomingCall): void {
    const slot = call.seq % this.slotCount
    if (this.#entries.length <= slot) this.#grow(slot + 1)
    this.#entries[slot] = call
  }

  /** From now on it counts for nothing. */
  release(): void {
    this.#held?.close()
  }

  #grow(length: number): void {
    this.#held ??= this.#account.meter(Held.Calls)
    this.#held.change((length - this.#entries.length) * placeBytes.call)
    // A list that grows by `push` allocates room for many: most sessions have one call at a time.
    if (length === 1) this.#entries = [undefined]
    else while (this.#entries.length < length) this.#entries.push(undefined)
  }
}
