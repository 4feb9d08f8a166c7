// The one place that adds up what a server holds for its clients, by kind and by who has it, and that makes room when it is
// more than the server allows. Tables with a bound on places (sessions, links, streams) are shared fairly by FairPlaces.
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
  /** Above it room is made. */
  readonly maxHeldBytes: number
  /** Whether many clients have this address, as those behind a proxy. */
  readonly isShared: (address: string) => boolean
}

/** As `usage` shows it. */
type SharedTable = Pick<FairPlaces, 'count' | 'max'>

/** Room is made until so much of the bound is free again. */
const freeShare = 1 / 16
/** In `usage`. */
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

  /** Of all accounts. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** For what the server's own program keeps, and no client has asked for. */
  get server(): Part {
    return this.#holders.server
  }

  get isFull(): boolean {
    return this.#heldBytes > this.#options.maxHeldBytes
  }

  /** An account in use. Its subject closes it. */
  open(subject: AccountSubject): Account {
    this.#openedCount++
    return new Account(this, subject)
  }

  /** It makes room for others. */
  shed(account: Account): void {
    this.#shedCount++
    account.shed()
  }

  /** A table of places that this accounting shares out. `name` is for `usage`. */
  places(name: string, max: number): FairPlaces {
    const places = new FairPlaces(name, max, this.#holders.server.address, () => this.#shedCount++)
    this.#places.set(this.#freeName(name), places)
    return places
  }

  /** An amount of which only what is idle can be taken back. With a name, `usage` shows it as a table of places. */
  quota(max: number, name?: string): FairQuota {
    const quota = new FairQuota(max, () => this.#shedCount++)
    if (name !== undefined) this.#places.set(this.#freeName(name), quota)
    return quota
  }

  /** A table that is no more: it is not shown any longer. */
  forget(table: SharedTable): void {
    for (const [name, each] of this.#places) if (each === table) this.#places.delete(name)
  }

  /** What is held at the moment. */
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
      // Not now: the one that holds more is in the middle of something. And not in its context.
      nextTick(() => runClean(this.#makeRoom, undefined))
    }
  }

  partOf(owner: Owner | Part): Part {
    if (owner === this.#holders.server) return this.#holders.server
    // It may have been forgotten with the last of its accounts.
    if (owner instanceof Part) return this.#holders.obtain(owner.address.key, owner.identity?.key)
    const { address, identity } = owner
    // Those who share an address are told apart by who they are, else each stands for itself.
    if (address !== undefined && this.#options.isShared(address))
      return this.#holders.obtain(identity === undefined ? `client ${this.#openedCount}` : `of ${identity}`, identity)
    return this.#holders.obtain(addressKey(address), identity)
  }

  tidy(part: Part): void {
    this.#holders.tidy(part)
  }

  /** Several ports have tables of one name. */
  #freeName(name: string): string {
    let free = name
    for (let number = 2; this.#places.has(free); number++) free = `${name}${number}`
    return free
  }

  /** The last call of an address has ended. */
  callsEnded(address: Holder): void {
    for (const part of address.parts) this.#holders.tidy(part)
  }

  readonly #makeRoom = (): void => {
    const { maxHeldBytes } = this.#options
    const enough = maxHeldBytes * (1 - freeShare)
    const count = shedFrom(this.#holders, maxHeldBytes, () => this.#heldBytes <= enough)
    this.#shedCount += count
    // Sockets and timers get their turn in between. Where nothing could go, what comes next begins it again.
    this.#isMakingRoom = count > 0 && this.#heldBytes > enough
    if (this.#isMakingRoom) setImmediate(this.#makeRoom)
  }
}
