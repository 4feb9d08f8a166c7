// The places of requests and of streams: what a request holds from its head to its end counts for who makes it, and goes
// where others need the room. A request that waits for its body may be ended, one that runs may not, and of streams the
// oldest of who has most.
//
//   request: waits for its body ──> runs ──> over
//                                     ╰────> stream ──> over
import type { Account } from '../../core/accounting/account.ts'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import type { FairQuota } from '../../core/accounting/fair-quota.ts'
import { placeBytes } from '../../core/accounting/held.ts'
import { BusyError, CancelledError, OutcomeUnknownError } from '../../core/base/errors.ts'
import { HttpFault, retryAfter } from './error-answer.ts'

export interface PlaceLimits {
  readonly maxRequests: number
  readonly maxStreams: number
}

export class RequestPlaces {
  readonly #limits: PlaceLimits
  readonly #accounting: Accounting
  readonly #requests: FairQuota
  readonly #streams: FairPlaces

  constructor(limits: PlaceLimits, accounting: Accounting) {
    this.#limits = limits
    this.#accounting = accounting
    this.#requests = accounting.quota(limits.maxRequests, 'httpRequests')
    this.#streams = accounting.places('httpStreams', limits.maxStreams)
  }

  /** Requests that are worked on, streams aside. */
  get requestCount(): number {
    return this.#requests.count
  }

  get streamCount(): number {
    return this.#streams.count
  }

  /** `onShed`: it has to end, for this reason. Throws HttpFault (503). */
  take(address: string | undefined, onShed: (reason: Error) => void): RequestPlace {
    const place = new RequestPlace(this, this.#accounting, address, onShed)
    if (this.#requests.take(place.account)) return place
    place.account.close()
    throw this.#requestsFull()
  }

  /** The guards said who makes it. Throws HttpFault (503) where that one has more than a fair share. */
  moved({ account }: RequestPlace): void {
    if (!this.#requests.moved(account)) throw this.#requestsFull()
  }

  wasUsed({ account }: RequestPlace): void {
    this.#requests.refresh(account)
  }

  /** Its answer becomes a stream, which may last. Throws HttpFault (503). */
  toStream({ account }: RequestPlace): void {
    this.#requests.leave(account)
    if (account.isClosed || !this.#streams.take(account))
      throw new HttpFault(503, 'BUSY', `${this.#limits.maxStreams} streams are open already`, retryAfter)
  }

  leave({ account }: RequestPlace): void {
    this.#requests.leave(account)
    this.#streams.leave(account)
    account.close()
  }

  /** When all have left. */
  close(): void {
    this.#accounting.forget(this.#requests)
    this.#accounting.forget(this.#streams)
  }

  #requestsFull(): HttpFault {
    return new HttpFault(
      503,
      'BUSY',
      `of ${this.#limits.maxRequests} requests at once this one is too many`,
      retryAfter,
    )
  }
}

/** What a call ended with, as it is told of: where it had to make room, that. */
export function endingOf(error: unknown, { reason }: AbortSignal): unknown {
  const hadToGo = reason instanceof BusyError || reason instanceof OutcomeUnknownError
  return hadToGo && error instanceof CancelledError ? reason : error
}

/** One request's. */
export class RequestPlace {
  readonly account: Account
  readonly #places: RequestPlaces
  readonly #address: string | undefined
  #isShed = false
  #onShed: (() => void) | undefined
  #isStream = false

  constructor(
    places: RequestPlaces,
    accounting: Accounting,
    address: string | undefined,
    onShed: (reason: Error) => void,
  ) {
    this.#places = places
    this.#address = address
    this.account = accounting.open({
      owner: { address, identity: undefined },
      bytes: placeBytes.request,
      shed: () => {
        this.#isShed = true
        this.#onShed?.()
        onShed(this.#reason)
      },
    })
  }

  /** Calls this first when it has to make room, which may have been before; until what is returned is called. */
  whenShed(react: () => void): () => void {
    this.#onShed = react
    if (this.#isShed) react()
    return () => {
      this.#onShed = undefined
    }
  }

  /** Whom it counts for, by the word of the guards. Throws HttpFault (503) where that one has more than a fair share. */
  identify(identity: string | undefined): void {
    if (identity === undefined) return
    this.account.moveTo({ address: this.#address, identity })
    this.#places.moved(this)
  }

  /** Of those that wait, it is the last that makes room. */
  wasUsed(): void {
    this.#places.wasUsed(this)
  }

  /** Once for what is certainly going to stream, before anything runs. Throws HttpFault (503). */
  becomeStream(): void {
    if (this.#isStream) return
    this.#isStream = true
    this.#places.toStream(this)
  }

  leave(): void {
    this.#places.leave(this)
  }

  get #reason(): Error {
    const message = 'others needed the room, and this client has most of it'
    if (this.#isStream) return new BusyError(message, { notStarted: false })
    return new OutcomeUnknownError(`${message}; the call may have run`)
  }
}
