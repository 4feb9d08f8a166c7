// A table with so many places, which all clients share: sessions, links that are not let in, streams. While there is room
// everybody gets a place. When it is full, a newcomer gets the place of somebody from the address or identity that has
// most, if that has more than the newcomer's own; an idle one goes first.
import type { Account } from './account.ts'
import type { Holder } from './holders.ts'

export class FairPlaces {
  readonly max: number
  /** As in `sessions`. */
  readonly name: string
  readonly #onShed: () => void
  readonly #holdersOf = new Map<Account, readonly Holder[]>()
  /** Oldest first. */
  readonly #taken = new Map<Holder, Set<Account>>()

  constructor(name: string, max: number, onShed: () => void) {
    this.name = name
    this.max = max
    this.#onShed = onShed
  }

  get count(): number {
    return this.#holdersOf.size
  }

  get isFull(): boolean {
    return this.count >= this.max
  }

  /** Gives the account a place, if need be that of another one. False: there is none that may be taken. */
  take(account: Account): boolean {
    if (this.isFull && !this.#makeRoom(account)) return false
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
    const own = Math.max(...holdersOf(asking).map((holder) => this.#taken.get(holder)?.size ?? 0))
    const most = this.#most()
    const hasMore = most.size > own + 1
    const sparable = idleOf(most) ?? (hasMore ? oldestOf(most) : this.#anyIdle())
    if (sparable === undefined) return false
    this.leave(sparable)
    this.#onShed()
    sparable.shed()
    return true
  }

  #most(): ReadonlySet<Account> {
    let most: ReadonlySet<Account> = new Set()
    for (const own of this.#taken.values()) if (own.size > most.size) most = own
    return most
  }

  /** Where all have as much, somebody's who does not use it. */
  #anyIdle(): Account | undefined {
    for (const account of this.#holdersOf.keys()) if (account.isIdle) return account
    return undefined
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

function holdersOf({ part }: Account): readonly Holder[] {
  const { address, identity } = part
  return identity === undefined ? [address] : [address, identity]
}
