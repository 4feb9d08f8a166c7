// What one Igor client counts for in the server's accounting: its place, which is its own while it is away too, and what waits
// for it and of it, which is idle then and the first to go. The client is over when either has to go.
import type { Account } from '../../core/accounting/account.ts'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import { Held, placeBytes } from '../../core/accounting/held.ts'
import type { Meter } from '../../core/accounting/meter.ts'
import type { Owner } from '../../core/accounting/owner.ts'

export class Holdings {
  readonly place: Account
  /** Messages on their way to it. */
  readonly messages: Meter
  /** What its open streams began with. */
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

  /** Whoever counts with it has the same. */
  get holder(): object {
    return this.place.part.address
  }

  set isAway(isAway: boolean) {
    if (isAway) this.#waiting.rest()
    else this.#waiting.wake()
  }

  /** Where it is: of its connection, or the last one. */
  get address(): string | undefined {
    return this.#address
  }

  /** It is known who it is, or it came back from elsewhere. */
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

/** The first of those that belong to whoever has most of them. */
export function firstOfMost<T>(all: Iterable<T>, holderOf: (one: T) => unknown): T | undefined {
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
