// What a room costs in the server's accounting: its place among the rooms of its channel, and its history. Both are charged to
// its creator until another client has published more bytes. The history is shed first, which subscribers notice only when
// they reconnect; when the place is shed, the room ends.
import type { Account } from '../../core/accounting/account.ts'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import { Held, placeBytes } from '../../core/accounting/held.ts'
import type { Part } from '../../core/accounting/holders.ts'
import type { Meter } from '../../core/accounting/meter.ts'

export interface RoomHoldingsOptions {
  readonly accounting: Accounting
  /** Undefined for a room that keeps its place, and its owner, for good. */
  readonly places: FairPlaces | undefined
  readonly creator: Part
  /** Called when the history is shed. */
  readonly onForget: () => void
  /** Called when the room itself is shed. */
  readonly onEnd: () => void
}

export class RoomHoldings {
  readonly #options: RoomHoldingsOptions
  #place: Account | undefined
  #history: { readonly account: Account; readonly meter: Meter } | undefined
  #historyBytes = 0
  #owner: Part
  /** How many more bytes of the history the owner has published than all others. */
  #lead: number = placeBytes.room
  #isInUse = true

  constructor(options: RoomHoldingsOptions) {
    this.#options = options
    this.#owner = options.creator
  }

  /** The current owner's account. */
  get owner(): Part {
    return this.#owner
  }

  /** Returns false if there is no free place. */
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

  /** Counts a message of this size for its publisher, who may become the owner. */
  countPublished(by: Part, bytes: number): void {
    const { places } = this.#options
    if (places === undefined) return
    // Never more than the whole history: dropped messages no longer count.
    if (by === this.#owner) this.#lead = Math.min(this.#lead + bytes, this.#historyBytes + placeBytes.room)
    else this.#lead -= bytes
    if (this.#lead >= 0) return
    this.#lead = -this.#lead
    this.#owner = by
    this.#history?.account.moveTo(by)
    if (this.#place === undefined) return
    this.#place.moveTo(by)
    places.moved(this.#place)
  }

  /** Sets the memory of the history. */
  setHistoryBytes(bytes: number): void {
    this.#historyBytes = bytes
    if (bytes > 0) this.#historyMeter().set(bytes)
    else {
      this.#history?.account.close()
      this.#history = undefined
    }
  }

  /** Sets whether the room is in use. A room that is not counts as last used now. */
  setInUse(isInUse: boolean): void {
    if (isInUse && this.#isInUse) return
    this.#isInUse = isInUse
    for (const account of [this.#history?.account, this.#place]) {
      account?.wake()
      if (!isInUse) account?.rest()
    }
  }

  /** Called when the room has ended. */
  close(): void {
    if (this.#place !== undefined) this.#options.places?.leave(this.#place)
    this.#place?.close()
    this.#place = undefined
    this.setHistoryBytes(0)
  }

  #historyMeter(): Meter {
    if (this.#history === undefined) {
      const { accounting, onForget } = this.#options
      const account = accounting.open({ owner: this.#owner, bytes: 0, shed: onForget })
      this.#history = { account, meter: account.meter(Held.Histories) }
      if (!this.#isInUse) account.rest()
    }
    return this.#history.meter
  }
}
