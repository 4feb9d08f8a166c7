// The sum of what a server holds for its clients, by kind and by holder. Makes room when it exceeds the server's limit.
// Tables with a bound on places (sessions, links, streams) are shared fairly by FairPlaces.
//
//   session, link, room, key ──> Account ──> Part (identity at an address) ──> sums by address and by identity
//                                   └──────> totals by kind ──> above maxHeldBytes: shedding.ts
import { runClean } from '../base/async-context.ts'
import { nextTick, setImmediate } from '../base/platform-timers.ts'
import { Account, type AccountKeeper, type AccountSubject } from './account.ts'
import { FairPlaces } from './fair-places.ts'
import { FairQuota } from './fair-quota.ts'
import { type HeldKind, type HeldName, heldNames } from './held.ts'
import { type Holder, Holders, Part } from './holders.ts'
import { addressKey, type Owner } from './owner.ts'
import { shed as shedFrom } from './shedding.ts'
import type { Usage } from './usage.ts'

export interface AccountingOptions {
  /** Above it, room is made. */
  readonly maxHeldBytes: number
  /** Whether many clients share this address, as those behind a proxy do. */
  readonly isShared: (address: string) => boolean
}

/** The part of a table that `usage` reads. */
type SharedTable = Pick<FairPlaces, 'count' | 'max'>

/** Room is made until this share of the bound is free again. */
const freeShare = 1 / 16
/** How many holders `usage` lists. */
const largestShown = 5

export class Accounting implements AccountKeeper {
  readonly #options: AccountingOptions
  readonly #holders = new Holders()
  readonly #bytes = heldNames.map(() => 0)
  readonly #places = new Map<string, SharedTable>()
  #heldBytes = 0
  #openedCount = 0
  #shedCount = 0
  #isMakingRoom = false

  constructor(options: AccountingOptions) {
    this.#options = options
  }

  /** The bytes of all accounts. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** The part for what the server's own program keeps without a client's request. */
  get server(): Part {
    return this.#holders.server
  }

  get isFull(): boolean {
    return this.#heldBytes > this.#options.maxHeldBytes
  }

  /** Opens an account, in use. Its subject closes it. */
  open(subject: AccountSubject): Account {
    this.#openedCount++
    return new Account(this, subject)
  }

  /** Evicts an account to make room for others. */
  shed(account: Account): void {
    this.#shedCount++
    account.shed()
  }

  /** A table of places that this accounting shares out. `name` appears in `usage`. */
  places(name: string, max: number): FairPlaces {
    const places = new FairPlaces(name, max, this.#holders.server.address, () => this.#shedCount++)
    this.#places.set(this.#freeName(name), places)
    return places
  }

  /** An amount shared by all clients; only idle shares can be reclaimed. With a name, `usage` shows it as a table of places. */
  quota(max: number, name?: string): FairQuota {
    const quota = new FairQuota(max, () => this.#shedCount++)
    if (name !== undefined) this.#places.set(this.#freeName(name), quota)
    return quota
  }

  /** Removes a table that no longer exists from `usage`. */
  forget(table: SharedTable): void {
    for (const [name, each] of this.#places) if (each === table) this.#places.delete(name)
  }

  /** What is currently held. */
  usage(): Usage {
    const held = Object.fromEntries(heldNames.map((name, kind) => [name, this.#bytes[kind] ?? 0]))
    const largest = [...this.#holders.all(), this.#holders.server.address]
      .sort((one, other) => other.bytes - one.bytes)
      .slice(0, largestShown)
    const shown = largest.filter(({ bytes }) => bytes > 0)
    return {
      heldBytes: this.#heldBytes,
      maxHeldBytes: this.#options.maxHeldBytes,
      held: held as Record<HeldName, number>,
      places: Object.fromEntries([...this.#places].map(([name, { count, max }]) => [name, { taken: count, max }])),
      addresses: this.#holders.addressCount,
      identities: this.#holders.identityCount,
      largest: shown.map(({ key, bytes }) => ({ holder: key, bytes })),
      shed: this.#shedCount,
    }
  }

  onHeld(kind: HeldKind, byBytes: number): void {
    this.#heldBytes += byBytes
    this.#bytes[kind] = (this.#bytes[kind] ?? 0) + byBytes
    if (byBytes > 0 && this.isFull && !this.#isMakingRoom) {
      this.#isMakingRoom = true
      // Deferred, and outside the caller's context: the holder of the new bytes is in the middle of an operation.
      nextTick(() => runClean(this.#makeRoom, undefined))
    }
  }

  partOf(owner: Owner | Part): Part {
    if (owner === this.#holders.server) return this.#holders.server
    // It may have been removed with the last of its accounts.
    if (owner instanceof Part) return this.#holders.obtain(owner.address.key, owner.identity?.key)
    const { address, identity } = owner
    // Clients that share an address are distinguished by identity; without one, each counts alone.
    if (address !== undefined && this.#options.isShared(address))
      return this.#holders.obtain(identity === undefined ? `client ${this.#openedCount}` : `of ${identity}`, identity)
    return this.#holders.obtain(addressKey(address), identity)
  }

  tidy(part: Part): void {
    this.#holders.tidy(part)
  }

  /** Makes the name unique: several ports have tables of the same name. */
  #freeName(name: string): string {
    let free = name
    for (let number = 2; this.#places.has(free); number++) free = `${name}${number}`
    return free
  }

  /** Called when the last call of an address has ended. */
  callsEnded(address: Holder): void {
    for (const part of address.parts) this.#holders.tidy(part)
  }

  readonly #makeRoom = (): void => {
    const { maxHeldBytes } = this.#options
    const enough = maxHeldBytes * (1 - freeShare)
    const count = shedFrom(this.#holders, maxHeldBytes, () => this.#heldBytes <= enough)
    this.#shedCount += count
    // Sockets and timers get their turn in between. If nothing could be evicted, the next increase starts it again.
    this.#isMakingRoom = count > 0 && this.#heldBytes > enough
    if (this.#isMakingRoom) setImmediate(this.#makeRoom)
  }
}
