// Call: what runAction returns. A promise of the result that can also be iterated, cancelled, and awaited as an outcome
// that never rejects.

import { brand } from '../base/brand.ts'
import { platformClock } from '../base/clock.ts'
import { ClientError } from '../base/errors.ts'
import { LoopTurns, turnsOf } from '../base/handler-turns.ts'
import { describe, invalidOption } from '../base/options.ts'
import type { Taken } from '../session/inbound-stream.ts'
import type { InputProgress } from '../session/outbound-stream.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { withCallerStack } from './caller-stack.ts'
import type { Around, PendingCall, Settler } from './pending-call.ts'

export type { InputAmount, InputProgress } from '../session/outbound-stream.ts'

/** Names of methods that are not for users: completion does not list them. */
export const outlastFaults: unique symbol = Symbol('outlastFaults')
export const puller: unique symbol = Symbol('puller')

/** How a call ended. Test `ok`: `value` and `error` may be falsy. */
export type Outcome<Output, Failure = unknown> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly error: Failure }

/**
 * One run of an action, requested by this side.
 *
 * Awaiting it returns the result; iterating it reads the items first, once: another loop rejects with ClientError
 * (`ITEMS_DISCARDED`). Items that nobody reads are kept up to the stream's window and then discarded. An error in the middle
 * arrives after the items before it. Leaving the loop early cancels the call.
 *
 * @example
 * const call = client.runAction(Count, 10)
 * for await (const n of call) console.log(n)
 * console.log(await call)
 */
export class Call<Output = unknown, Item = never, Failure = unknown>
  extends Promise<Output>
  implements AsyncIterable<Item>
{
  /** Set once, by `begin`: a subclass of Promise is constructed with an executor only. */
  // biome-ignore lint/style/useReadonlyClassProperties: see above
  #pending: PendingCall | undefined
  /** A loop has read all items. */
  #isRead = false

  /** A call that is being sent. For routers; users get theirs from `runAction`. */
  static begin<Output, Item, Failure = unknown>(pending: PendingCall, around?: Around): Call<Output, Item, Failure> {
    let settler: Settler | undefined
    const call = new Call<Output, Item, Failure>((resolve, reject) => {
      settler = { resolve: resolve as (value: unknown) => void, reject }
    })
    call.#pending = pending
    if (around === undefined) pending.start(settler as unknown as Settler)
    else pending.startWithin(settler as unknown as Settler, around)
    return call
  }

  /** A call that failed before it was sent. */
  static failed<Output, Item, Failure = unknown>(error: unknown): Call<Output, Item, Failure> {
    return new Call<Output, Item, Failure>((_resolve, reject) => reject(error))
  }

  /** The call's number in its session; 0 until it is sent. The same as the action's `context.callId`. */
  get id(): number {
    return this.#pending?.seq ?? 0
  }

  /**
   * Calls the listener with the progress of the streams in its data: how much was sent, and how much the callee has confirmed, in
   * items and bytes. The call fails with what the listener throws. Never called when the data has no streams.
   *
   * @returns the call.
   * @example
   * await client.runAction(Upload, file).onProgress(({ confirmed }) => (bar.value = confirmed.bytes / file.size))
   */
  onProgress(listener: (progress: InputProgress) => void): this {
    if (typeof listener !== 'function') throw invalidOption('listener', 'a function', listener)
    this.#pending?.onProgress(listener)
    return this
  }

  /** Cancels the call: it rejects with CancelledError, and the handler's signal aborts. A no-op once it has ended. */
  cancel(reason = 'the call was cancelled'): void {
    this.#markHandled()
    this.#pending?.cancel(reason)
  }

  /** From now on no link fault ends it: for calls that would only be made again. */
  [outlastFaults](): void {
    this.#pending?.outlastFaults()
  }

  /**
   * Waits for the end and never rejects. `error` has the type of the errors that the action declares (`static errors`), or an
   * IsockError; a bug in the handler may be another one, see docs/errors.md.
   */
  outcome(): Promise<Outcome<Output, Failure>> {
    return this.then(
      (value): Outcome<Output, Failure> => ({ ok: true, value }),
      (error: Failure): Outcome<Output, Failure> => ({ ok: false, error }),
    )
  }

  /**
   * Handles errors of one class, a declared one or one of isock's: the promise has what the handler returns. All others reject.
   * Returns a plain promise, so iterate the call first.
   *
   * @throws ClientError (`INVALID_OPTION`) for anything but a class and a function.
   * @example
   * const left = await client.runAction(Take, 9).catchError(OutOfStock, (error) => error.left)
   */
  catchError<E extends Failure, Value>(
    Class: abstract new (...args: never[]) => E,
    handler: (error: E) => Value | PromiseLike<Value>,
  ): Promise<Output | Value> {
    if (typeof Class !== 'function') throw invalidOption('Class', 'a class of errors', Class)
    if (typeof handler !== 'function') throw invalidOption('handler', 'a function', handler)
    return this.then(undefined, (error: unknown) => {
      if (error instanceof Class) return handler(error as E)
      throw error
    })
  }

  /** What Node prints of a call that somebody forgot to await. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const pending = this.#pending
    return pending === undefined
      ? 'Call { not sent }'
      : `Call(${pending.request.name}) { ${pending.isOpen ? 'open: await it' : 'ended'} }`
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Item, Output, undefined> {
    this.#markHandled()
    const pending = this.#pending
    const loop = new LoopTurns(turnsOf(pending?.clock ?? platformClock))
    const isLate = this.#isRead
    let isOver = false
    const finish = async (): Promise<IteratorResult<Item, Output>> => {
      isOver = true
      const outcome = await this.outcome()
      this.#isRead ||= outcome.ok
      // Completed again with the lines of the loop that reads the items; the error already has those of the code that made the call.
      return { done: true, value: outcome.ok ? outcome.value : await withCallerStack(outcome.error, 'keep') }
    }
    const iterator: AsyncIterableIterator<Item, Output, undefined> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => {
        if (isOver || pending === undefined) return finish()
        if (isLate) return Promise.reject(itemsGone(pending, 'were read already: keep those that you need again'))
        if (pending.items?.isDiscarding) return Promise.reject(itemsGone(pending, unread))
        return nextItem(pending, finish, loop)
      },
      return: async (value) => {
        isOver = true
        this.cancel('its reader left the loop')
        return { done: true, value: (await value) as Output }
      },
      throw: (error) => {
        isOver = true
        this.cancel(`its reader failed: ${describe(error)}`)
        return Promise.reject(error)
      },
    }
    return iterator
  }

  /**
   * Returns a function that requests the next item: then `onItem` or `onEnd` is called, now or later, `onEnd` with the error if the
   * item could not be read. For long-lived readers: it allocates nothing per item.
   */
  [puller](onItem: (item: Item) => void, onEnd: (error?: unknown) => void): () => void {
    this.#markHandled()
    const pending = this.#pending
    if (pending === undefined) return onEnd
    const onTaken = (taken: Taken): void => {
      if (!taken.item) return onEnd()
      let item: Item
      try {
        item = itemOf(pending, taken.value)
      } catch (error) {
        return onEnd(error)
      }
      onItem(item)
    }
    return () => (pending.items?.isDiscarding ? onEnd() : pending.take(onTaken))
  }

  /** Code that iterates gets the error there, and code that cancels expects it: the promise need not be awaited too. */
  #markHandled(): void {
    this.then(undefined, () => undefined)
  }
}

brand('isock.Call', Call)

// `await call` takes a promise as it is only when its constructor is Promise; a subclass would cost two more turns
// of the microtask queue and a second promise per call. `then` returns plain promises for the same reason.
Object.defineProperty(Call.prototype, 'constructor', { value: Promise })

function nextItem<Item, Output>(
  pending: PendingCall,
  finish: () => Promise<IteratorResult<Item, Output>>,
  loop: LoopTurns,
): Promise<IteratorResult<Item, Output>> {
  return new Promise((resolve, reject) => {
    const onTaken = (taken: Taken): void => {
      if (!taken.item) {
        finish().then(resolve, reject)
        return
      }
      try {
        resolve({ done: false, value: itemOf(pending, taken.value) })
        loop.handed()
      } catch (error) {
        reject(error)
      }
    }
    if (!loop.asks()) return pending.take(onTaken)
    // Meanwhile the window may fill: what arrives has a reader.
    pending.expectReader()
    loop.turns.later(() => pending.take(onTaken))
  })
}

/** Decodes an item. If that throws, the call is cancelled. */
function itemOf<Item>(pending: PendingCall, payload: Payload): Item {
  try {
    return pending.codec.decode(payload, pending.rules) as Item
  } catch (error) {
    pending.cancel('an item could not be read', error)
    throw error
  }
}

const unread = 'were discarded because nobody read them: iterate the call before awaiting it'

function itemsGone(pending: PendingCall, why: string): ClientError {
  return new ClientError(`items of action "${pending.request.name}" ${why}`, { code: 'ITEMS_DISCARDED' })
}
