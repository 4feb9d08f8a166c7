// The load of a session: the data of its unanswered calls. Decides whether one more call would be too much.
import { Held } from '../accounting/held.ts'
import type { Meter, MeterSource } from '../accounting/meter.ts'
import { BusyError } from '../base/errors.ts'

/** What counts of a call. */
interface LoadedCall {
  readonly dataSize: number
  readonly decodedBytes: number
}

export interface LoadEvents {
  /** Called when the first call starts and when the last one was answered. */
  onBusyChange(): void
}

export class RunLoad {
  readonly #maxBytes: number
  readonly #events: LoadEvents
  readonly #account: MeterSource
  #held: Meter | undefined
  #count = 0
  #bytes = 0
  /** Created once, because many calls may be refused. */
  #refusal: BusyError | undefined

  constructor(maxBytes: number, account: MeterSource, events: LoadEvents) {
    this.#maxBytes = maxBytes
    this.#account = account
    this.#events = events
  }

  get count(): number {
    return this.#count
  }

  /** The reason why a call with data of this size may not start now, if any. A single call always may. */
  refusalOf(dataSize: number): BusyError | undefined {
    if (this.#bytes === 0 || this.#bytes + dataSize <= this.#maxBytes) return undefined
    this.#refusal ??= new BusyError(`the running calls of this session hold over ${this.#maxBytes} bytes of data`)
    return this.#refusal
  }

  started(dataSize: number): void {
    this.#held ??= this.#account.meter(Held.Calls)
    this.#held.change(dataSize)
    this.#bytes += dataSize
    if (this.#count++ === 0) this.#events.onBusyChange()
  }

  /** Called when decoded data takes this many more bytes. They count for the bound of all clients, not for this one. */
  weighed(bytes: number): void {
    this.#held?.change(bytes)
  }

  /** From now on it counts for nothing, even if handlers still run. */
  release(): void {
    this.#held?.close()
  }

  answered({ dataSize, decodedBytes }: LoadedCall): void {
    this.#held?.change(-dataSize - decodedBytes)
    this.#bytes -= dataSize
    if (--this.#count === 0) this.#events.onBusyChange()
  }
}
