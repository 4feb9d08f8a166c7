// An amount, of places or of bytes, that all clients share and that cannot be taken back from those who use it: requests that
// run, keys of calls that run, bodies that are read. Only what is idle makes room. So the last quarter is for those who have
// less than a fair share: somebody from another address gets in, however long the calls of one address last.
//
//   below three quarters        everybody takes
//   above, with a fair share    takes only in place of something idle of its own holder
//   above, with less than it    takes what is free, else in place of something idle of the largest holder
import type { Account } from './account.ts'
import { holdersOf } from './fair-places.ts'
import type { Holder } from './holders.ts'

interface Taken {
  readonly holders: readonly Holder[]
  amount: number
}

interface Share {
  amount: number
  /** The one that was used least recently first. */
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

  /** Of all accounts. */
  get count(): number {
    return this.#amount
  }

  /** Gives the account so much more, if need be at the cost of idle ones. False: it gets none of it. */
  take(account: Account, amount = 1): boolean {
    if (amount > this.max) return false
    for (;;) {
      const isGreedy = this.isGreedy(account)
      if (!isGreedy && this.#amount + amount <= this.max) break
      const sparable = isGreedy ? this.#idleOfOwn(account) : this.#idleOfLargest(account)
      if (sparable === undefined) return false
      this.leave(sparable)
      this.#onShed()
      sparable.shed()
    }
    this.#add(account, amount)
    return true
  }

  /** Its holder has a fair share already, and only those with less may have what is left. */
  isGreedy(account: Account): boolean {
    return this.#amount >= freeForAll * this.max && this.#ownOf(account) >= this.#fairShare
  }

  /** Its account belongs to somebody else from now on. False: who has more than may be had, and so has lost it. */
  moved(account: Account): boolean {
    const amount = this.#taken.get(account)?.amount
    if (amount === undefined) return false
    this.leave(account)
    return this.take(account, amount)
  }

  /** It was used: of what its holder has idle, it is the last to go. */
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
    // One more than there are: somebody new.
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

  /** Of those that have more than the one who asks; else of its own. */
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

/** Another one than this. */
function idleIn(share: Share | undefined, asking: Account): Account | undefined {
  for (const account of share?.accounts ?? []) if (account.isIdle && account !== asking) return account
  return undefined
}
