// The accounts of one Igor client. One is its place, which it keeps while it is away; the other is for its queued messages
// and streams, which is then idle and evicted first. When either is evicted, the client is removed.
import type { Account } from '../../core/accounting/account.ts'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import { Held, placeBytes } from '../../core/accounting/held.ts'
import type { Meter } from '../../core/accounting/meter.ts'
import type { Owner } from '../../core/accounting/owner.ts'

export class ClientAccounts {
  readonly place: Account
  /** Messages on their way to the client. */
  readonly messages: Meter
  /** The messages that started its open streams. */
  readonly input: Meter
  readonly #waiting: Account
  #address: string | undefined

  constructor(accounting: Accounting, address: string | undefined, shed: () => void) {
    const owner = { address, identity: undefined }
    this.#address = address
    this.place = accounting.open({ owner, bytes: placeBytes.link, shed })
    this.#waiting = accounting.open({ owner: this.place.part, bytes: 0, shed })
    this.messages = this.#waiting.meter(Held.Queues)
    this.input = this.#waiting.meter(Held.Bodies)
  }

  /** Equal for clients that count together. */
  get holder(): object {
    return this.place.part.address
  }

  set isAway(isAway: boolean) {
    if (isAway) this.#waiting.rest()
    else this.#waiting.wake()
  }

  /** The address of its connection, or of the last one. */
  get address(): string | undefined {
    return this.#address
  }

  /** Called when the guards have identified the client, or it came back from another address. */
  moveTo(owner: Owner, places: FairPlaces): void {
    this.#address = owner.address
    this.place.moveTo(owner)
    this.#waiting.moveTo(this.place.part)
    places.moved(this.place)
  }

  close(): void {
    this.place.close()
    this.#waiting.close()
  }
}

/** The first entry of the holder with the most entries. */
export function oldestOfLargest<T>(all: Iterable<T>, holderOf: (one: T) => unknown): T | undefined {
  const firsts = new Map<unknown, { readonly first: T; count: number }>()
  let most: { readonly first: T; count: number } | undefined
  for (const one of all) {
    const holder = holderOf(one)
    const own = firsts.get(holder) ?? { first: one, count: 0 }
    firsts.set(holder, own)
    own.count++
    if (most === undefined || own.count > most.count) most = own
  }
  return most?.first
}
