// A table with a fixed number of places that all clients share: sessions, links before admission, rooms, streams. Every
// request gets a place while there is room. When it is full, a newcomer replaces an account of the address or identity
// that has the most, if that one has more than the newcomer's own. Idle accounts are evicted first, those of the server's
// own program last.
import type { Account } from './account.ts'
import type { Holder } from './holders.ts'

export class FairPlaces {
  readonly max: number
  /** For example `sessions`. */
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

  /** Whether `take` would succeed. */
  hasPlaceFor(account: Account): boolean {
    return !this.isFull || this.#evictableFor(account) !== undefined
  }

  /** Assigns the account a place, evicting another account if necessary. Returns false if no place can be freed. */
  take(account: Account): boolean {
    while (this.isFull) if (!this.#makeRoom(account)) return false
    this.#put(account)
    return true
  }

  /** Called when the account has moved to another owner. */
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
    const evictable = this.#evictableFor(asking)
    if (evictable === undefined) return false
    this.leave(evictable)
    this.#onShed()
    evictable.shed()
    return true
  }

  #evictableFor(asking: Account): Account | undefined {
    const own = this.#mostOf(holdersOf(asking))
    const largest = this.#largest()
    if (largest === undefined) return this.#idleOf(this.#server, own)
    const idle = this.#idleOf(largest)
    if (idle !== undefined) return idle
    const most = this.#taken.get(largest) ?? new Set()
    if (most.size > own + 1) return oldestOf(most)
    // If no holder has more than the asking one, there is nothing to look for: repeated requests of a hoarder stay cheap.
    return (most.size > own ? this.#anyIdle(own) : undefined) ?? this.#idleOf(this.#server, own)
  }

  #mostOf(holders: readonly Holder[]): number {
    return Math.max(...holders.map((holder) => this.#taken.get(holder)?.size ?? 0))
  }

  /** The client with the most places. */
  #largest(): Holder | undefined {
    let largest: Holder | undefined
    let most = 0
    for (const [holder, { size }] of this.#taken) {
      if (size <= most || holder === this.#server) continue
      largest = holder
      most = size
    }
    return largest
  }

  /** An idle account of the largest client that has an idle one and more than `than` places. */
  #anyIdle(than: number): Account | undefined {
    let found: Account | undefined
    let most = than
    for (const [holder, { size }] of this.#taken) {
      if (size <= most || holder === this.#server) continue
      const idle = this.#idleOf(holder)
      if (idle === undefined) continue
      found = idle
      most = size
    }
    return found
  }

  /** An idle account of this holder, if it has more than `than` places. */
  #idleOf(holder: Holder, than = 0): Account | undefined {
    const own = this.#taken.get(holder)
    if (own === undefined || own.size <= than || !hasIdle(holder)) return undefined
    for (const account of own) if (account.isIdle) return account
    return undefined
  }
}

function hasIdle({ parts }: Holder): boolean {
  for (const { idle } of parts) if (idle.size > 0) return true
  return false
}

function oldestOf(accounts: ReadonlySet<Account>): Account | undefined {
  const [oldest] = accounts
  return oldest
}

/** The holders that the places of this account count for: its address, and its identity if it has one. */
export function holdersOf({ part }: Account): readonly Holder[] {
  const { address, identity } = part
  return identity === undefined ? [address] : [address, identity]
}
