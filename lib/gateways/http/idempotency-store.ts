// The outcomes of calls with an Idempotency-Key. A request that repeats a key joins the run or gets its outcome. A key never runs
// twice while it is valid; if that cannot be guaranteed, the request is refused. Space is shared fairly: when there is too
// little, keys of finished calls are evicted, the oldest of the client with the most.
//
//   begin ──> running ──> kept ──> (keepMs) gone
//                │          ╰────> evicted to make room; reported as such until it is gone
//                ╰──> gone: it certainly never started
import type { Account } from '../../core/accounting/account.ts'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairQuota } from '../../core/accounting/fair-quota.ts'
import { Held, placeBytes } from '../../core/accounting/held.ts'
import type { Owner } from '../../core/accounting/owner.ts'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { deferred } from '../../core/base/deferred.ts'
import { type Answer, answerSize } from '../answer.ts'
import { HttpError, retryAfter } from './error-answer.ts'
import { EvictedKeys } from './evicted-keys.ts'
import type { IdempotencyLimits } from './http-options.ts'

/** Identifies a run by caller, action and key. */
export interface RunName {
  /** The id of the caller. */
  readonly identity: string
  readonly action: string
  readonly key: string
}

/** The first request runs the call, and must settle the entry. The others get its response. */
export type Begun =
  | { readonly isFirst: true; readonly settle: (answer: Answer, fate: 'keep' | 'drop') => void }
  | { readonly isFirst: false; readonly answer: Promise<Answer> }

interface Entry {
  readonly id: string
  readonly fingerprint: string
  readonly answer: Promise<Answer>
  readonly account: Account
  /** When the entry expires. Undefined while the call runs. */
  untilMs: number | undefined
}

export class IdempotencyStore {
  readonly #limits: IdempotencyLimits
  readonly #accounting: Accounting
  readonly #clock: Clock
  readonly #keys: FairQuota
  readonly #answers: FairQuota
  readonly #entries = new Map<string, Entry>()
  readonly #evicted: EvictedKeys
  /** Finished runs, oldest first. */
  readonly #ended = new Set<Entry>()
  #timer: Timer | undefined
  #isClosed = false

  constructor(
    limits: IdempotencyLimits,
    accounting: Accounting,
    clock: Clock,
    evicted = new EvictedKeys(limits.keepMs, clock),
  ) {
    this.#limits = limits
    this.#accounting = accounting
    this.#clock = clock
    this.#keys = accounting.quota(limits.maxKeys, 'httpKeys')
    this.#answers = accounting.quota(limits.maxKeptBytes)
    this.#evicted = evicted
  }

  get keyCount(): number {
    return this.#entries.size
  }

  get keptBytes(): number {
    return this.#answers.count
  }

  /** Throws HttpError: 422 for another request, 409 for an evicted key, 503 if no key can be evicted. */
  begin(name: RunName, owner: Owner, fingerprint: string): Begun {
    const { identity, action, key } = name
    const id = JSON.stringify([identity, action, key])
    const known = this.#entries.get(id)
    if (known !== undefined) return again(known, fingerprint)
    if (this.#evicted.has(id))
      throw new HttpError(
        409,
        'OUTCOME_UNKNOWN',
        'a call with this Idempotency-Key may have run, and its outcome is no longer stored; check whether it ran before you use a new key',
      )
    const { promise: answer, resolve } = deferred<Answer>()
    const shed = (): void => this.#shed(entry)
    const account = this.#accounting.open({ owner, bytes: placeBytes.key, shed })
    const entry: Entry = { id, fingerprint, answer, account, untilMs: undefined }
    this.#takePlace(account)
    this.#entries.set(id, entry)
    const settle = (given: Answer, fate: 'keep' | 'drop'): void => {
      if (fate === 'keep' && !this.#isClosed) this.#keep(entry, given)
      else this.#remove(entry)
      resolve(given)
    }
    return { isFirst: true, settle }
  }

  /** Called when no request can follow. Later outcomes are not stored. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    for (const entry of [...this.#ended]) this.#remove(entry)
    this.#accounting.forget(this.#keys)
  }

  #takePlace(account: Account): void {
    // A client that evicts keys too fast has to wait, because false matches would become frequent.
    const isTooFast = this.#evicted.isFull && this.#keys.isGreedy(account)
    if (!isTooFast && this.#keys.take(account)) return
    account.close()
    throw new HttpError(503, 'BUSY', 'too many calls with an Idempotency-Key are running or stored', retryAfter)
  }

  #keep(entry: Entry, answer: Answer): void {
    const { account } = entry
    entry.untilMs = this.#clock.now() + this.#limits.keepMs
    const size = answerSize(answer)
    // An entry cannot be evicted while it runs. If it should have been, or is too large, it is evicted now.
    if (account.isClosed || (size > 0 && !this.#answers.take(account, size))) return this.#evict(entry)
    this.#ended.add(entry)
    this.#keys.refresh(account)
    account.meter(Held.Keys).set(size)
    account.rest()
    this.#arm()
  }

  /** Called when the server must free memory. A running entry must stay visible to repeated requests, so it is evicted when it ends. */
  #shed(entry: Entry): void {
    if (entry.untilMs !== undefined) this.#evict(entry)
  }

  /** Removes an entry and remembers its key, because a call that ran must not run again. */
  #evict(entry: Entry): void {
    if (this.#entries.get(entry.id) !== entry) return
    this.#evicted.add(entry.id)
    this.#remove(entry)
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.id)
    this.#ended.delete(entry)
    this.#keys.leave(entry.account)
    this.#answers.leave(entry.account)
    entry.account.close()
  }

  #arm(): void {
    if (this.#timer !== undefined) return
    const [oldest] = this.#ended
    if (oldest?.untilMs === undefined) return
    this.#timer = this.#clock.setTimer(this.#sweep, oldest.untilMs - this.#clock.now())
  }

  readonly #sweep = (): void => {
    this.#timer = undefined
    const nowMs = this.#clock.now()
    for (const entry of this.#ended) {
      if ((entry.untilMs ?? 0) > nowMs) break
      this.#remove(entry)
    }
    this.#arm()
  }
}

function again({ fingerprint, answer }: Entry, given: string): Begun {
  if (fingerprint === given) return { isFirst: false, answer }
  throw new HttpError(422, 'IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key was used with another body; use a new key')
}
