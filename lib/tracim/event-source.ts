// The interface of a daemon's event source, and any async iterable as a source.
import { ServerError } from '../core/base/errors.ts'
import { followSignal } from '../core/base/followed-signals.ts'
import { isRecord } from './daemon-event.ts'
import type { TracimEvent } from './event-types.ts'

/** A request that a client wants forwarded. */
export interface PassedRequest {
  readonly method: string
  /** Begins with a slash. */
  readonly endpoint: string
  readonly body: Uint8Array | undefined
}

export interface PassedAnswer {
  readonly statusCode: number
  /** Such as `OK`. */
  readonly statusText: string
  readonly body: Uint8Array
}

/** The source of a daemon's events, and the target of its requests. */
export interface EventSource {
  /** Prepares the source. Returns the id of the user that it acts for. */
  connect(signal: AbortSignal): Promise<string>
  /** Events, each as an object or as JSON text. Ends when the signal aborts. */
  events(signal: AbortSignal): AsyncIterable<TracimEvent | string>
  request(request: PassedRequest, signal: AbortSignal): Promise<PassedAnswer>
}

/** Any async iterable as a source, such as a channel's subscription. It accepts no requests. */
export class IterableSource implements EventSource {
  readonly #items: AsyncIterable<unknown>
  readonly #userId: string
  readonly #toEvent: (item: unknown) => TracimEvent
  #count = 0

  constructor(items: AsyncIterable<unknown>, userId: string, toEvent?: (item: unknown) => TracimEvent) {
    this.#items = items
    this.#userId = userId
    this.#toEvent = toEvent ?? ((item) => this.#asEvent(item))
  }

  async connect(): Promise<string> {
    return this.#userId
  }

  async *events(signal: AbortSignal): AsyncGenerator<TracimEvent> {
    const iterator = this.#items[Symbol.asyncIterator]()
    let stop: (() => void) | undefined
    const unfollow = followSignal(signal, () => stop?.())
    try {
      while (!signal.aborted) {
        // Racing the same promise in all rounds would keep every round in memory.
        const next = await new Promise<IteratorResult<unknown> | undefined>((resolve, reject) => {
          stop = () => resolve(undefined)
          iterator.next().then(resolve, reject)
        })
        if (next === undefined || next.done) return
        yield this.#toEvent(next.value)
      }
    } finally {
      unfollow()
      // Not awaited, because a generator that waits for its own source never settles this.
      iterator.return?.().then(undefined, () => undefined)
    }
  }

  async request(): Promise<PassedAnswer> {
    throw new ServerError('this daemon has no Tracim to forward requests to', { code: 'NOT_ALLOWED' })
  }

  /** An item with an `event_type` is an event. Any other item becomes the fields of a `message`. */
  #asEvent(item: unknown): TracimEvent {
    const given = isRecord(item) && typeof item['event_type'] === 'string' ? item : undefined
    const defaults = { event_id: ++this.#count, event_type: 'message', read: null, created: new Date().toISOString() }
    return given === undefined ? { ...defaults, fields: item } : { ...defaults, fields: {}, ...given }
  }
}
