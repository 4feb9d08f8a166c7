// The calls of a ledger by slot. It grows with the slots that the caller uses, and an entry stays until its slot is used
// again, so that a repeated call is known for what it is.
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

  /** All entries, by slot. Not to be kept: the first call begins another list. */
  get all(): readonly (IncomingCall | undefined)[] {
    return this.#entries
  }

  /** Code of the program runs for the peer: not only streams of the library, which wait for it as long as it likes. */
  get isWorking(): boolean {
    return this.#entries.some((call) => call?.state === 'running' && !call.isOfLibrary)
  }

  /** Each answer went over the current link or is acknowledged, and so will be those of calls that run. */
  get hasSentAll(): boolean {
    return this.#entries.every((call) => call === undefined || call.state === 'acknowledged' || call.isAnswerSent)
  }

  /** Nothing was ever asked for. */
  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Those whose handlers run, or wait for the processor, and were not ended. */
  get going(): IncomingCall[] {
    return this.#entries.filter(
      (call): call is IncomingCall => call?.state === 'running' && !call.isHeld && call.abortReason === undefined,
    )
  }

  /** What has the slot of this call: the call itself, an older or a newer one. */
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

  /** Nothing of it counts any more. */
  release(): void {
    this.#held?.close()
  }

  #grow(length: number): void {
    this.#held ??= this.#account.meter(Held.Calls)
    this.#held.change((length - this.#entries.length) * placeBytes.call)
    // A list that is pushed to has room for many: most sessions have one call at a time.
    if (length === 1) this.#entries = [undefined]
    else while (this.#entries.length < length) this.#entries.push(undefined)
  }
}
