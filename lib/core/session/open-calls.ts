// Counts the outgoing calls that are not settled for their users, and the size of their data. A server calls its clients too, and
// keeps its calls to a client that is away.
import { Held, placeBytes } from '../accounting/held.ts'
import { type Meter, type MeterSource, unaccounted } from '../accounting/meter.ts'
import { callSize, type OutgoingCall } from './outgoing-call.ts'

export class OpenCalls {
  readonly #onBusyChange: () => void
  #account: MeterSource = unaccounted
  #held: Meter | undefined
  #count = 0

  /** `onBusyChange` is called when the first call opens and when the last one is settled. */
  constructor(onBusyChange: () => void) {
    this.#onBusyChange = onBusyChange
  }

  get count(): number {
    return this.#count
  }

  /** Further calls count for this account. */
  countFor(account: MeterSource): void {
    if (account === this.#account) return
    this.#account = account
    this.#held = undefined
  }

  opened(call: OutgoingCall): void {
    this.#held ??= this.#account.meter(Held.Calls)
    this.#held.change(sizeOf(call))
    if (this.#count++ === 0) this.#onBusyChange()
  }

  closed(call: OutgoingCall): void {
    this.#held?.change(-sizeOf(call))
    if (--this.#count === 0) this.#onBusyChange()
  }
}

function sizeOf({ request }: OutgoingCall): number {
  return callSize(request) + placeBytes.call
}
