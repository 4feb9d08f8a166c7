// An amount, of places or bytes, that all clients share and that cannot be reclaimed while in use: running requests, keys
// of running calls, bodies being read. Only idle shares can be evicted. So the last quarter is reserved for clients with
// less than a fair share: a new address gets in, however long the calls of another last.
//
//   below three quarters        anyone may take
//   above, with a fair share    may take only by evicting an idle account of its own holder
//   above, with less than it    may take what is free, or evict an idle account of the largest holder
import type { Account } from './account.ts'
import { holdersOf } from './fair-places.ts'
import type { Holder } from './holders.ts'

interface Taken {
  readonly holders: readonly Holder[]
  amount: number
}

interface Share {
  amount: number
  /** Least recently used first. */
  readonly accounts: Set<Account>
}

const freeForAll = 3 / 4

export class FairQuota {
  readonly max: number
  readonly #onShed: () => void
  readonly #taken = new Map<Account, Taken>()
  readonly #shares = new Map<Holder, Share>()
  #addressCount = 0
  #amount = 0

  constructor(max: number, onShed: () => void) {
    this.max = max
    this.#onShed = onShed
  }

  /** The amount taken by all accounts. */
  get count(): number {
    return this.#amount
  }

  /** Grants the account this much more, evicting idle accounts if necessary. Returns false if it got nothing. */
  take(account: Account, amount = 1): boolean {
    if (amount > this.max) return false
    for (;;) {
      const isGreedy = this.isGreedy(account)
      if (!isGreedy && this.#amount + amount <= this.max) break
      const evictable = isGreedy ? this.#idleOfOwn(account) : this.#idleOfLargest(account)
      if (evictable === undefined) return false
      this.leave(evictable)
      this.#onShed()
      evictable.shed()
    }
    this.#add(account, amount)
    return true
  }

  /** Whether its holder already has a fair share, while the rest is reserved for holders with less. */
  isGreedy(account: Account): boolean {
    return this.#amount >= freeForAll * this.max && this.#ownOf(account) >= this.#fairShare
  }

  /** Called when the account has moved to another owner. Returns false if that owner exceeds its share, so the account lost its amount. */
  moved(account: Account): boolean {
    const amount = this.#taken.get(account)?.amount
    if (amount === undefined) return false
    this.leave(account)
    return this.take(account, amount)
  }

  /** Marks it as recently used: it is the last of its holder's idle accounts to be evicted. */
  refresh(account: Account): void {
    for (const holder of this.#taken.get(account)?.holders ?? []) {
      const share = this.#shares.get(holder)
      if (share?.accounts.delete(account)) share.accounts.add(account)
    }
  }

  leave(account: Account): void {
    const taken = this.#taken.get(account)
    if (taken === undefined) return
    this.#taken.delete(account)
    this.#amount -= taken.amount
    for (const holder of taken.holders) {
      const share = this.#shares.get(holder) as Share
      share.amount -= taken.amount
      share.accounts.delete(account)
      if (share.accounts.size > 0) continue
      this.#shares.delete(holder)
      if (holder === taken.holders[0]) this.#addressCount--
    }
  }

  get #fairShare(): number {
    // One more than the current addresses: a newcomer.
    return this.max / (this.#addressCount + 1)
  }

  #ownOf(account: Account): number {
    const holders = this.#taken.get(account)?.holders ?? holdersOf(account)
    return Math.max(...holders.map((holder) => this.#shares.get(holder)?.amount ?? 0))
  }

  #add(account: Account, amount: number): void {
    let taken = this.#taken.get(account)
    if (taken === undefined) {
      taken = { holders: holdersOf(account), amount: 0 }
      this.#taken.set(account, taken)
    }
    taken.amount += amount
    this.#amount += amount
    for (const holder of taken.holders) {
      let share = this.#shares.get(holder)
      if (share === undefined) {
        share = { amount: 0, accounts: new Set() }
        this.#shares.set(holder, share)
        if (holder === taken.holders[0]) this.#addressCount++
      }
      share.amount += amount
      share.accounts.add(account)
    }
  }

  #idleOfOwn(account: Account): Account | undefined {
    for (const holder of holdersOf(account)) {
      const idle = idleIn(this.#shares.get(holder), account)
      if (idle !== undefined) return idle
    }
    return undefined
  }

  /** An idle account of the largest holder with more than the asking one, or of its own holder. */
  #idleOfLargest(asking: Account): Account | undefined {
    let most = this.#ownOf(asking)
    let found: Account | undefined
    for (const share of this.#shares.values()) {
      if (share.amount <= most) continue
      const idle = idleIn(share, asking)
      if (idle === undefined) continue
      most = share.amount
      found = idle
    }
    return found ?? this.#idleOfOwn(asking)
  }
}

/** An idle account other than the asking one. */
function idleIn(share: Share | undefined, asking: Account): Account | undefined {
  for (const account of share?.accounts ?? []) if (account.isIdle && account !== asking) return account
  return undefined
}
