// The places of requests and streams, counted for their client from start to end. A request whose body is still arriving can be
// evicted to make room; a running one cannot. Among streams, the oldest one of the client with the most is evicted.
//
//   request: waits for its body ──> runs ──> ended
//                                     ╰────> stream ──> ended
import type { Account } from '../../core/accounting/account.ts'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import type { FairQuota } from '../../core/accounting/fair-quota.ts'
import { placeBytes } from '../../core/accounting/held.ts'
import { BusyError, CancelledError, OutcomeUnknownError } from '../../core/base/errors.ts'
import { HttpError, retryAfter } from './error-answer.ts'

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

  /** The number of current requests, without streams. */
  get requestCount(): number {
    return this.#requests.count
  }

  get streamCount(): number {
    return this.#streams.count
  }

  /** Takes a place. `onShed` is called with the reason when the request must end. Throws HttpError (503). */
  take(address: string | undefined, onShed: (reason: Error) => void): RequestPlace {
    const place = new RequestPlace(this, this.#accounting, address, onShed)
    if (this.#requests.take(place.account)) return place
    place.account.close()
    throw this.#requestsFull()
  }

  /** Called when the guards have identified the client. Throws HttpError (503) if that client has more than a fair share. */
  moved({ account }: RequestPlace): void {
    if (!this.#requests.moved(account)) throw this.#requestsFull()
  }

  wasUsed({ account }: RequestPlace): void {
    this.#requests.refresh(account)
  }

  /** Called when the response becomes a stream, which has a place of its own. Throws HttpError (503). */
  toStream({ account }: RequestPlace): void {
    this.#requests.leave(account)
    if (account.isClosed || !this.#streams.take(account))
      throw new HttpError(503, 'BUSY', `${this.#limits.maxStreams} streams are already open`, retryAfter)
  }

  leave({ account }: RequestPlace): void {
    this.#requests.leave(account)
    this.#streams.leave(account)
    account.close()
  }

  /** Called when all requests have left. */
  close(): void {
    this.#accounting.forget(this.#requests)
    this.#accounting.forget(this.#streams)
  }

  #requestsFull(): HttpError {
    return new HttpError(
      503,
      'BUSY',
      `${this.#limits.maxRequests} requests are already running; try again later`,
      retryAfter,
    )
  }
}

/** The error to report: the reason for the eviction, if one cancelled the call. */
export function endingOf(error: unknown, { reason }: AbortSignal): unknown {
  const isEvicted = reason instanceof BusyError || reason instanceof OutcomeUnknownError
  return isEvicted && error instanceof CancelledError ? reason : error
}

/** The place of one request. */
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

  /** Calls `react` first when the request is evicted, immediately if it already was. Returns a function that undoes this. */
  whenShed(react: () => void): () => void {
    this.#onShed = react
    if (this.#isShed) react()
    return () => {
      this.#onShed = undefined
    }
  }

  /** Counts the request for an identity. Throws HttpError (503) if that identity has more than a fair share. */
  identify(identity: string | undefined): void {
    if (identity === undefined) return
    this.account.moveTo({ address: this.#address, identity })
    this.#places.moved(this)
  }

  /** Marks the place as recently used, so that it is evicted last among those waiting. */
  wasUsed(): void {
    this.#places.wasUsed(this)
  }

  /** Called before a call that will certainly stream. Throws HttpError (503). */
  becomeStream(): void {
    if (this.#isStream) return
    this.#isStream = true
    this.#places.toStream(this)
  }

  leave(): void {
    this.#places.leave(this)
  }

  get #reason(): Error {
    const message = 'others needed the room, and this client had most of it'
    if (this.#isStream) return new BusyError(message, { notStarted: false })
    return new OutcomeUnknownError(`${message}; the call may have run`)
  }
}
