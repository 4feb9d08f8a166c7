// What a room counts for in the server's accounting: its place among the rooms of its channel, and what it keeps. Both belong to
// who made it, until somebody else has said more of what was said there. What it keeps goes first, and its subscribers
// notice it only when they come back; when its place goes, the room is over.
import type { Account } from '../../core/accounting/account.ts'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import { Held, placeBytes } from '../../core/accounting/held.ts'
import type { Part } from '../../core/accounting/holders.ts'
import type { Meter } from '../../core/accounting/meter.ts'

export interface RoomHoldingsOptions {
  readonly accounting: Accounting
  /** undefined: it has its place for good, and belongs to who made it. */
  readonly places: FairPlaces | undefined
  readonly maker: Part
  /** What it keeps has to go. */
  readonly onForget: () => void
  /** It has to go itself. */
  readonly onEnd: () => void
}

export class RoomHoldings {
  readonly #options: RoomHoldingsOptions
  #place: Account | undefined
  #kept: { readonly account: Account; readonly meter: Meter } | undefined
  #keptBytes = 0
  #owner: Part
  /** By how many bytes the owner is ahead of all others, in what is kept. */
  #lead: number = placeBytes.room
  #isInUse = true

  constructor(options: RoomHoldingsOptions) {
    this.#options = options
    this.#owner = options.maker
  }

  /** Whose it is at the moment. */
  get owner(): Part {
    return this.#owner
  }

  /** False: there is no place for it. */
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

  /** Somebody said something of this size. */
  said(by: Part, bytes: number): void {
    const { places } = this.#options
    if (places === undefined) return
    // No further ahead than with all that is kept: what was said long ago is another's to make good for no longer.
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

  /** It keeps so much. */
  keep(bytes: number): void {
    this.#keptBytes = bytes
    if (bytes > 0) this.#meterOfKept().set(bytes)
    else {
      this.#kept?.account.close()
      this.#kept = undefined
    }
  }

  /** Somebody uses it, or nobody does: then it counts as used for the last time now. */
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
