// A room in the server's accounting: its place among the rooms of its channel, and its history. Both belong to its creator,
// until another client has published more bytes there. The history is shed first, which subscribers notice only when they
// reconnect; when the place is shed, the room ends.
import type { Account } from '../../core/accounting/account.ts'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import { Held, placeBytes } from '../../core/accounting/held.ts'
import type { Part } from '../../core/accounting/holders.ts'
import type { Meter } from '../../core/accounting/meter.ts'

export interface RoomHoldingsOptions {
  readonly accounting: Accounting
  /** undefined: its place is permanent and belongs to its creator. */
  readonly places: FairPlaces | undefined
  readonly maker: Part
  /** Called when its history is shed. */
  readonly onForget: () => void
  /** Called when the room itself is shed. */
  readonly onEnd: () => void
}

export class RoomHoldings {
  readonly #options: RoomHoldingsOptions
  #place: Account | undefined
  #kept: { readonly account: Account; readonly meter: Meter } | undefined
  #keptBytes = 0
  #owner: Part
  /** By how many bytes the owner is ahead of all others, in the history. */
  #lead: number = placeBytes.room
  #isInUse = true

  constructor(options: RoomHoldingsOptions) {
    this.#options = options
    this.#owner = options.maker
  }

  /** The current owner's account. */
  get owner(): Part {
    return this.#owner
  }

  /** False: there was no free place. */
  takePlace(): boolean {
    const { accounting, places, onEnd } = this.#options
    if (places === undefined) return true
    const place = accounting.open({ owner: this.#owner, bytes: placeBytes.room, shed: onEnd })
    if (!places.take(place)) {
      place.close()
      return false
    }
    this.#place = place
    return true
  }

  /** Counts a message of this size for its publisher. */
  published(by: Part, bytes: number): void {
    const { places } = this.#options
    if (places === undefined) return
    // Never ahead by more than the whole history: messages that were dropped long ago do not count any more.
    if (by === this.#owner) this.#lead = Math.min(this.#lead + bytes, this.#keptBytes + placeBytes.room)
    else this.#lead -= bytes
    if (this.#lead >= 0) return
    this.#lead = -this.#lead
    this.#owner = by
    this.#kept?.account.moveTo(by)
    if (this.#place === undefined) return
    this.#place.moveTo(by)
    places.moved(this.#place)
  }

  /** Sets the size of the history. */
  keep(bytes: number): void {
    this.#keptBytes = bytes
    if (bytes > 0) this.#meterOfKept().set(bytes)
    else {
      this.#kept?.account.close()
      this.#kept = undefined
    }
  }

  /** Whether the room is in use; when it falls out of use, this is its last use. */
  use(isInUse: boolean): void {
    if (isInUse && this.#isInUse) return
    this.#isInUse = isInUse
    for (const account of [this.#kept?.account, this.#place]) {
      account?.wake()
      if (!isInUse) account?.rest()
    }
  }

  /** The room is over. */
  close(): void {
    if (this.#place !== undefined) this.#options.places?.leave(this.#place)
    this.#place?.close()
    this.#place = undefined
    this.keep(0)
  }

  #meterOfKept(): Meter {
    if (this.#kept === undefined) {
      const { accounting, onForget } = this.#options
      const account = accounting.open({ owner: this.#owner, bytes: 0, shed: onForget })
      this.#kept = { account, meter: account.meter(Held.Histories) }
      if (!this.#isInUse) account.rest()
    }
    return this.#kept.meter
  }
}
