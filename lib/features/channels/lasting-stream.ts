// What a subscription and a look at presence have in common, beyond being lasting calls (client/lasting-call.ts): when they
// are ready and done, which endings they get past, and that a handler's failure is not theirs.
import type { Call, Outcome } from '../../core/action/call.ts'
import { isPromiseLike } from '../../core/action/item-source.ts'
import { keepContext } from '../../core/base/async-context.ts'
import { BusyError, ClientError, type ErrorCode, type IsockError, ServerError } from '../../core/base/errors.ts'
import { followSignal } from '../../core/base/followed-signals.ts'
import type { OptionTable } from '../../core/base/option-table.ts'
import { invalidOption, requireCount } from '../../core/base/options.ts'
import type { ClientKit } from '../../core/client/client-kit.ts'
import { isLoss, isTurnedAway, iteratorOf, LastingCall } from '../../core/client/lasting-call.ts'

/** Options of whatever lasts. */
export interface LastingOptions {
  /**
   * Attempts to begin again that may fail one after the other. Default Infinity: until `unsubscribe()`; but three for a
   * server whose bounds (`maxPerSession`, `maxRooms`) have no room for one that it never let in.
   */
  readonly retry?: number
  /** Told when it goes on after it had to begin anew; `recovered`: nothing was lost by that. */
  readonly onReconnect?: (recovered: boolean) => void
  /** When it aborts, it ends as by `unsubscribe()`. */
  readonly signal?: AbortSignal
}

export const lastingOptions: OptionTable<LastingOptions> = { retry: 'any', onReconnect: 'any', signal: 'any' }

/** Whatever it reads. */
export type AnyLastingStream = Pick<LastingStream<object, unknown>, 'end'>

/** How a call of it began. */
export interface Opening<Step> {
  readonly recovered: boolean
  readonly steps: readonly Step[]
}

/** Enough for what leaves in the same turn; more would hide from its user that there is too much of it. */
const retryIfFull = 3

/** Keeps a place in what it reads: `Step` is what comes, `Item` what its reader gets of it. */
export abstract class LastingStream<Step extends object, Item> implements AsyncIterable<Item>, AsyncDisposable {
  protected readonly kit: ClientKit
  readonly #options: LastingOptions
  readonly #retry: number
  /** For one that the server never let in, as its bounds have no room. */
  readonly #retryIfFull: number
  readonly #lasting: LastingCall<Step>
  /** Attempts that failed one after the other. */
  #failures = 0
  #hasHandler = false
  /** Somebody learns how it ends. */
  #isHeeded = false
  #unfollow: () => void = () => undefined
  /** Settled when the handler has got all. */
  #fed: Promise<void> | undefined

  constructor(kit: ClientKit, options: LastingOptions, onEnd: (stream: AnyLastingStream) => void) {
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
      if (!this.#isHeeded && !isOfClose) kit.log.warn({ error }, `a subscription ended: ${String(error)}`)
    })
  }

  /** Settles when the server has let us in for the first time; rejects when it will not. */
  get ready(): Promise<void> {
    this.#isHeeded = true
    return this.#lasting.ready
  }

  /** Resolves after `unsubscribe()`, rejects with what ended it otherwise. Where nobody takes either promise, or reads, an error is logged. */
  get done(): Promise<void> {
    this.#isHeeded = true
    return this.#lasting.done
  }

  /** Whether it is over. */
  get isOver(): boolean {
    return this.#lasting.isOver
  }

  /** Ends it: whoever waits for an item is told that there are no more, and the server forgets it. */
  unsubscribe(): void {
    this.end(undefined)
  }

  /**
   * Ends it at the server, and hands over what has come until then. Settles when a handler has got all of it; who iterates reads
   * on to the end. What the reader threw is logged, as always.
   *
   * @example
   * process.once('SIGTERM', async () => {
   *   await subscription.drain()
   *   await client.close()
   * })
   */
  async drain(): Promise<void> {
    await this.#lasting.drain()
    await this.#fed
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.unsubscribe()
    return this.done
  }

  /** Iterating reads; leaving the loop unsubscribes. Items that nobody reads wait at the server. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Item, undefined, undefined> {
    if (this.#hasHandler) throw new ClientError('it has a handler: iterate, or pass a handler')
    this.#isHeeded = true
    return iteratorOf(this.#next, () => this.unsubscribe())
  }

  /** Begins; with a handler that gets all items, one after the other. @internal */
  begin(handler?: (item: Item) => unknown): this {
    if (handler !== undefined && typeof handler !== 'function') throw invalidOption('handler', 'a function', handler)
    // Where it has aborted already, it is over before it asks for anything.
    this.#unfollow = followSignal(this.#options.signal, () => this.unsubscribe())
    if (!this.isOver) this.#lasting.begin()
    this.#hasHandler = handler !== undefined
    if (handler !== undefined) this.#fed = this.#feed(handler)
    return this
  }

  /** Ends it for good. undefined: because it was asked to. @internal */
  end(error: unknown): void {
    this.#lasting.end(error, error === undefined ? 'drop' : 'keep')
  }

  /** Asks for the stream, from where it broke off. */
  protected abstract start(retry: number): Call<unknown, unknown>
  /** The first item of each call: whether nothing was lost, and what there is in it for the reader. Throws likewise. */
  protected abstract onFirst(item: unknown): Opening<Step>
  /** The others: what there is in it for the reader. Throws for what it cannot read. */
  protected abstract onItem(item: unknown): readonly Step[]
  /** It is handed to the reader: as what. */
  protected abstract onTaken(step: Step): Item
  /** Whether to go on after this ending. */
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

  async #feed(handler: (item: Item) => unknown): Promise<void> {
    const failed = (error: unknown): void => this.kit.log.error({ error }, 'the handler of a subscription failed')
    const handle = (step: Step): unknown => {
      try {
        const handled = handler(this.onTaken(step))
        return isPromiseLike(handled) ? handled.then(undefined, failed) : undefined
      } catch (error) {
        return failed(error)
      }
    }
    // What ended it is for `done`.
    await this.#lasting.each(handle).catch(() => undefined)
  }
}

/** The error for how the server ended a stream. */
function errorOf(ending: unknown): IsockError {
  const { code, message } = (ending ?? {}) as { readonly code?: unknown; readonly message?: unknown }
  if (code === 'BUSY') return new BusyError(String(message), { notStarted: false })
  if (typeof code === 'string' && typeof message === 'string')
    return new ServerError(message, { code: code as ErrorCode })
  return new ServerError('the server ended the subscription and did not say why', { code: 'PROTOCOL' })
}
