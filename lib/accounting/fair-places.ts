// A table with so many places, which all clients share: sessions, links that are not let in, rooms, streams. While there is
// room everybody gets a place. When it is full, a newcomer gets the place of somebody from the address or identity that has
// most, if that has more than the newcomer's own; an idle one goes first. What the server's own program has goes last.
import type { Account } from './account.ts'
import type { Holder } from './holders.ts'

export class FairPlaces {
  readonly max: number
  /** As in `sessions`. */
  readonly name: string
  readonly #server: Holder
  readonly #onShed: () => void
  readonly #holdersOf = new Map<Account, readonly Holder[]>()
  /** Oldest first. */
  readonly #taken = new Map<Holder, Set<Account>>()

  constructor(name: string, max: number, server: Holder, onShed: () => void) {
    this.name = name
    this.max = max
    this.#server = server
    this.#onShed = onShed
  }

  get count(): number {
    return this.#holdersOf.size
  }

  get isFull(): boolean {
    return this.count >= this.max
  }

  /** Whether `take` would give it one. */
  hasPlaceFor(account: Account): boolean {
    return !this.isFull || this.#sparableFor(account) !== undefined
  }

  /** Gives the account a place, if need be that of another one. False: there is none that may be taken. */
  take(account: Account): boolean {
    while (this.isFull) if (!this.#makeRoom(account)) return false
    this.#put(account)
    return true
  }

  /** Its account belongs to somebody else from now on. */
  moved(account: Account): void {
    if (!this.#holdersOf.has(account)) return
    this.leave(account)
    this.#put(account)
  }

  leave(account: Account): void {
    const holders = this.#holdersOf.get(account)
    if (holders === undefined) return
    this.#holdersOf.delete(account)
    for (const holder of holders) {
      const own = this.#taken.get(holder)
      own?.delete(account)
      if (own?.size === 0) this.#taken.delete(holder)
    }
  }

  #put(account: Account): void {
    const holders = holdersOf(account)
    this.#holdersOf.set(account, holders)
    for (const holder of holders) {
      const own = this.#taken.get(holder)
      if (own === undefined) this.#taken.set(holder, new Set([account]))
      else own.add(account)
    }
  }

  #makeRoom(asking: Account): boolean {
    const sparable = this.#sparableFor(asking)
    if (sparable === undefined) return false
    this.leave(sparable)
    this.#onShed()
    sparable.shed()
    return true
  }

  #sparableFor(asking: Account): Account | undefined {
    const own = this.#mostOf(holdersOf(asking))
    const most = this.#most()
    return idleOf(most) ?? (most.size > own + 1 ? oldestOf(most) : this.#anyIdle(own))
  }

  #mostOf(holders: readonly Holder[]): number {
    return Math.max(...holders.map((holder) => this.#taken.get(holder)?.size ?? 0))
  }

  /** Of one of the clients. */
  #most(): ReadonlySet<Account> {
    let most: ReadonlySet<Account> = new Set()
    for (const [holder, own] of this.#taken) if (own.size > most.size && holder !== this.#server) most = own
    return most
  }

  /** One that nobody uses, of somebody who has more than so many: a client, or else the server. */
  #anyIdle(than: number): Account | undefined {
    for (const [account, holders] of this.#holdersOf)
      if (account.isIdle && !holders.includes(this.#server) && this.#mostOf(holders) > than) return account
    const own = this.#taken.get(this.#server) ?? new Set()
    return own.size > than ? idleOf(own) : undefined
  }
}

function idleOf(accounts: ReadonlySet<Account>): Account | undefined {
  for (const account of accounts) if (account.isIdle) return account
  return undefined
}

function oldestOf(accounts: ReadonlySet<Account>): Account | undefined {
  const [oldest] = accounts
  return oldest
}

/** Whom the places of this account count for: its address, and its identity where it has one. */
export function holdersOf({ part }: Account): readonly Holder[] {
  const { address, identity } = part
  return identity === undefined ? [address] : [address, identity]
}
