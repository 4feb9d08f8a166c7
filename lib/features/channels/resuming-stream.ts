// ResumingStream, the base of subscriptions and presence watches: a lasting call (client/lasting-call.ts) with `ready`,
// `done` and a limit on retries. Errors of a handler do not end it.
import type { Call, Outcome } from '../../core/action/call.ts'
import { isPromiseLike } from '../../core/action/item-source.ts'
import { keepContext } from '../../core/base/async-context.ts'
import { BusyError, ClientError, type ErrorCode, type IsockError, ServerError } from '../../core/base/errors.ts'
import { followSignal } from '../../core/base/followed-signals.ts'
import type { OptionTable } from '../../core/base/option-table.ts'
import { invalidOption, requireCount } from '../../core/base/options.ts'
import type { ClientKit } from '../../core/client/client-kit.ts'
import { isLoss, isTurnedAway, iteratorOf, LastingCall } from '../../core/client/lasting-call.ts'

/** Options of a subscription or presence watch. */
export interface ResumingOptions {
  /**
   * How often in a row it may fail to start again. Default Infinity, until `unsubscribe()`; but 3 if it was never accepted
   * because a bound of the channel (`maxPerSession`, `maxRooms`) is reached.
   */
  readonly retry?: number | undefined
  /** Called when the stream continues after it had to start again. `recovered` is true if nothing was lost. */
  readonly onReconnect?: ((recovered: boolean) => void) | undefined
  /** Ends the stream when it aborts, like `unsubscribe()`. */
  readonly signal?: AbortSignal | undefined
}

export const resumingOptions: OptionTable<ResumingOptions> = { retry: 'any', onReconnect: 'any', signal: 'any' }

/** Names of internal methods, hidden from completion. */
export const begin: unique symbol = Symbol('begin')
export const end: unique symbol = Symbol('end')

/** A stream of any items. */
export type AnyResumingStream = Pick<ResumingStream<object, unknown>, typeof end>

/** The content of the first item of a call. */
export interface Opening<Step> {
  readonly recovered: boolean
  readonly steps: readonly Step[]
}

/** Enough if others leave in the same turn. More would hide that the bound is too small. */
const retryIfFull = 3

/** A stream that keeps its position. `Step` is what arrives, `Item` what the reader gets for it. */
export abstract class ResumingStream<Step extends object, Item> implements AsyncIterable<Item>, AsyncDisposable {
  protected readonly kit: ClientKit
  readonly #options: ResumingOptions
  readonly #retry: number
  /** The limit while the server has never accepted the stream because a bound is reached. */
  readonly #retryIfFull: number
  readonly #lasting: LastingCall<Step>
  /** Failed attempts in a row. */
  #failures = 0
  #hasHandler = false
  /** True if the program will learn how the stream ends. */
  #isObserved = false
  #unfollow: () => void = () => undefined
  /** Settles when the handler has handled all items. */
  #handled: Promise<void> | undefined

  constructor(kit: ClientKit, options: ResumingOptions, onEnd: (stream: AnyResumingStream) => void) {
    this.kit = kit
    const { onReconnect } = options
    this.#options = onReconnect === undefined ? options : { ...options, onReconnect: keepContext(onReconnect) }
    this.#retry = requireCount('retry', options.retry ?? Number.POSITIVE_INFINITY)
    this.#retryIfFull = options.retry ?? retryIfFull
    this.#lasting = new LastingCall<Step>(kit, {
      start: () => this.start(this.#retry),
      onOpen: this.#onOpen,
      onItem: (item) => this.onItem(item),
      judge: this.#judge,
    })
    const onOver = (): void => {
      this.#unfollow()
      onEnd(this)
    }
    this.#lasting.done.then(onOver, (error: unknown) => {
      onOver()
      const isOfClose = error instanceof ClientError && error.code === 'CLOSED'
      if (!this.#isObserved && !isOfClose) kit.log.warn({ error }, `a subscription ended: ${String(error)}`)
    })
  }

  /** Settles when the server has first accepted the stream. Rejects if the server refuses it. */
  get ready(): Promise<void> {
    this.#isObserved = true
    return this.#lasting.ready
  }

  /** Resolves after `unsubscribe()`. Rejects with the error that ended the stream, which is logged if the program uses neither promise and does not read. */
  get done(): Promise<void> {
    this.#isObserved = true
    return this.#lasting.done
  }

  /** Whether the stream has ended. */
  get isOver(): boolean {
    return this.#lasting.isOver
  }

  /** Ends the stream, also for a waiting reader, and removes it from the server. */
  unsubscribe(): void {
    this[end](undefined)
  }

  /**
   * Ends the stream on the server, and delivers what has arrived. Settles when the handler has handled all of it; a loop reads
   * to the end. What the handler throws is logged, as always.
   *
   * @example
   * process.once('SIGTERM', async () => {
   *   await subscription.drain()
   *   await client.close()
   * })
   */
  async drain(): Promise<void> {
    await this.#lasting.drain()
    await this.#handled
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.unsubscribe()
    return this.done
  }

  /** Iterating reads, and leaving the loop unsubscribes. Unread items wait on the server. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Item, undefined, undefined> {
    if (this.#hasHandler)
      throw new ClientError('a handler already reads this stream: either iterate it or pass a handler')
    this.#isObserved = true
    return iteratorOf(this.#next, () => this.unsubscribe())
  }

  /** Starts the stream. A handler is called with all items, one by one. */
  [begin](handler?: (item: Item) => unknown): this {
    if (handler !== undefined && typeof handler !== 'function') throw invalidOption('handler', 'a function', handler)
    // If the signal is already aborted, the stream ends before it sends a request.
    this.#unfollow = followSignal(this.#options.signal, () => this.unsubscribe())
    if (!this.isOver) this.#lasting.begin()
    this.#hasHandler = handler !== undefined
    if (handler !== undefined) this.#handled = this.#handleEach(handler)
    return this
  }

  /** Ends the stream for good. `error` is undefined if the program ended it. */
  [end](error: unknown): void {
    this.#lasting.end(error, error === undefined ? 'drop' : 'keep')
  }

  /** Requests the stream from its current position. */
  protected abstract start(retry: number): Call<unknown, unknown>
  /** Reads the first item of a call. Throws if it is malformed. */
  protected abstract onFirst(item: unknown): Opening<Step>
  /** Returns the steps of any other item. Throws if it is malformed. */
  protected abstract onItem(item: unknown): readonly Step[]
  /** Called when the reader takes a step. Returns the item for it. */
  protected abstract onTaken(step: Step): Item
  /** Whether to continue after this ending. */
  protected isPassing(error: unknown): boolean {
    return isLoss(error)
  }

  readonly #onOpen = (item: unknown): readonly Step[] => {
    const { recovered, steps } = this.onFirst(item)
    try {
      if (this.#lasting.hasBeenOpen) this.#options.onReconnect?.(recovered)
    } catch (error) {
      this.kit.log.error({ error }, 'onReconnect failed')
    }
    return steps
  }

  readonly #judge = (outcome: Outcome<unknown>, wasOpen: boolean): 'again' | { readonly error: unknown } => {
    const error = outcome.ok ? errorOf(outcome.value) : outcome.error
    this.#failures = wasOpen ? 0 : this.#failures + 1
    const isFull = isTurnedAway(outcome, wasOpen)
    const retry = isFull && !this.#lasting.hasBeenOpen ? this.#retryIfFull : this.#retry
    return (isFull || this.isPassing(error)) && this.#failures <= retry ? 'again' : { error }
  }

  readonly #next = async (): Promise<IteratorResult<Item, undefined>> => {
    const step = await this.#lasting.take()
    return step === undefined ? { done: true, value: step } : { done: false, value: this.onTaken(step) }
  }

  async #handleEach(handler: (item: Item) => unknown): Promise<void> {
    const failed = (error: unknown): void => this.kit.log.error({ error }, 'the handler of a subscription failed')
    const handle = (step: Step): unknown => {
      try {
        const handled = handler(this.onTaken(step))
        return isPromiseLike(handled) ? handled.then(undefined, failed) : undefined
      } catch (error) {
        return failed(error)
      }
    }
    // `done` reports what ended it.
    await this.#lasting.each(handle).catch(() => undefined)
  }
}

/** Converts the ending that the server sent to an error. */
function errorOf(ending: unknown): IsockError {
  const { code, message } = (ending ?? {}) as { readonly code?: unknown; readonly message?: unknown }
  if (code === 'BUSY') return new BusyError(String(message), { notStarted: false })
  if (typeof code === 'string' && typeof message === 'string')
    return new ServerError(message, { code: code as ErrorCode })
  return new ServerError('the server ended the subscription and gave no reason', { code: 'PROTOCOL' })
}
