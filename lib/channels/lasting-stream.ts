// A stream that outlives its calls: when the server that it came from is gone, it is asked for again. Links that break
// are the session's business and not noticed here; what begins anew, and where, is said by the class that extends this.
//
//   start ──> first item: open ──> items ... ──> ended in passing ──> backoff ──> start
//     ╰─────────────────────────────────────╰──> ended for good: done
import type { Call } from '../action/call.ts'
import { Backoff } from '../base/backoff.ts'
import { sleep } from '../base/clock.ts'
import { BusyError, CancelledError, ClientError, type ErrorCode, IsockError, ServerError } from '../base/errors.ts'
import { invalidOption, requireCount } from '../base/options.ts'
import type { ClientKit } from '../client/client-kit.ts'
import { PulledSteps } from './pulled-steps.ts'

/** Options of whatever lasts. */
export interface LastingOptions {
  /** Attempts to begin anew that may fail one after the other. Default Infinity: until `unsubscribe()`. */
  readonly retry?: number
  /** Told when it goes on after it had to begin anew; `recovered`: nothing was lost by that. */
  readonly onReconnect?: (recovered: boolean) => void
}

/** Whatever it reads. */
export type AnyLastingStream = Pick<LastingStream<object, unknown>, 'end'>

/** How a call of it began. */
export interface Opening<Step> {
  readonly recovered: boolean
  readonly steps: readonly Step[]
}

/** Endings that another attempt may get past. */
const passingCodes: ReadonlySet<string> = new Set(['OUTCOME_UNKNOWN', 'SHUTTING_DOWN', 'LINK_LOST'])
/** One that lasts less long does not count as a success: the next attempt waits longer. */
const shortLifeMs = 1_000

/** Keeps a place in what it reads: `Step` is what comes, `Item` what its reader gets of it. */
export abstract class LastingStream<Step extends object, Item> implements AsyncIterable<Item>, AsyncDisposable {
  /** Settles when the server has let us in for the first time; rejects when it will not. */
  readonly ready: Promise<void>
  /** Resolves after `unsubscribe()`, rejects with what ended it otherwise. */
  readonly done: Promise<void>
  protected readonly kit: ClientKit
  readonly #options: LastingOptions
  readonly #retry: number
  readonly #abort = new AbortController()
  readonly #onEnd: (stream: AnyLastingStream) => void
  readonly #steps = new PulledSteps<Step>((item) => this.#stepsIn(item))
  #call: Call<unknown, unknown> | undefined
  #end: { readonly error: unknown } | undefined
  #wasOpen = false
  #hasHandler = false
  #ready: { resolve(): void; reject(error: unknown): void } | undefined
  #done: { resolve(): void; reject(error: unknown): void } | undefined

  constructor(kit: ClientKit, options: LastingOptions, onEnd: (stream: AnyLastingStream) => void) {
    this.kit = kit
    this.#options = options
    this.#retry = requireCount('retry', options.retry ?? Number.POSITIVE_INFINITY)
    this.#onEnd = onEnd
    this.ready = new Promise((resolve, reject) => {
      this.#ready = { resolve, reject }
    })
    this.done = new Promise((resolve, reject) => {
      this.#done = { resolve, reject }
    })
    // Whoever iterates gets the error there.
    this.ready.catch(() => undefined)
    this.done.catch(() => undefined)
  }

  /** Whether it is over. */
  get isOver(): boolean {
    return this.#end !== undefined
  }

  /** Ends it: whoever waits for an item is told that there are no more, and the server forgets it. */
  unsubscribe(): void {
    this.end(undefined)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.unsubscribe()
    return this.done
  }

  /** Iterating reads; leaving the loop unsubscribes. Items that nobody reads wait at the server. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Item, undefined, undefined> {
    if (this.#hasHandler)
      throw new ClientError('it has a handler, which gets all that comes: iterate, or pass a handler')
    const iterator: AsyncIterableIterator<Item, undefined, undefined> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => this.#next(),
      return: async () => {
        this.unsubscribe()
        return { done: true, value: undefined }
      },
    }
    return iterator
  }

  /** Begins; with a handler that gets all items, one after the other. @internal */
  begin(handler?: (item: Item) => unknown): this {
    if (handler !== undefined && typeof handler !== 'function') throw invalidOption('handler', 'a function', handler)
    void this.#keepOpen()
    this.#hasHandler = handler !== undefined
    if (handler !== undefined) void this.#feed(handler)
    return this
  }

  /** Ends it for good. undefined: because it was asked to. @internal */
  end(error: unknown): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    this.#steps.close(error === undefined ? 'drop' : 'keep')
    this.#abort.abort(new CancelledError('unsubscribed'))
    this.#call?.cancel('unsubscribed')
    if (error === undefined) {
      this.#done?.resolve()
      this.#ready?.reject(new CancelledError('it was unsubscribed before the server had answered'))
    } else {
      this.#done?.reject(error)
      this.#ready?.reject(error)
    }
    this.#onEnd(this)
  }

  /** Asks for the stream, from where it broke off. */
  protected abstract start(retry: number): Call<unknown, unknown>
  /** The first item of each call: whether nothing was lost, and what there is in it for the reader. Throws likewise. */
  protected abstract onFirst(item: unknown): Opening<Step>
  /** The others: what there is in it for the reader. Throws for what it cannot read. */
  protected abstract onItem(item: unknown): readonly Step[]
  /** It is handed to the reader: as what. */
  protected abstract onTaken(step: Step): Item
  /** Whether to go on after this ending, beyond those that every stream gets past. */
  protected isPassing(code: string): boolean {
    return passingCodes.has(code)
  }

  async #keepOpen(): Promise<void> {
    const { clock, random, backoff: options } = this.kit
    let backoff = new Backoff(options, random)
    let failures = 0
    while (this.#end === undefined) {
      const startedAtMs = clock.now()
      const { error, hasOpened } = await this.#serve()
      if (this.#end !== undefined) return
      failures = hasOpened ? 0 : failures + 1
      if (!(error instanceof IsockError && this.isPassing(error.code)) || failures > this.#retry) return this.end(error)
      if (hasOpened && clock.now() - startedAtMs > shortLifeMs) backoff = new Backoff(options, random)
      await sleep(clock, backoff.durationMs, this.#abort.signal, true).catch(() => undefined)
      backoff = backoff.next()
    }
  }

  /** One call, from its start to its end. Never rejects. */
  async #serve(): Promise<{ error: unknown; hasOpened: boolean }> {
    const call = this.start(this.#retry)
    this.#call = call
    const items = call[Symbol.asyncIterator]()
    let hasOpened = false
    try {
      const first = await items.next()
      if (!first.done) {
        const opening = this.onFirst(first.value)
        hasOpened = true
        this.#open(items, opening)
      }
      const outcome = await call.outcome()
      await this.#steps.finish(items)
      return { error: outcome.ok ? errorOf(outcome.value) : outcome.error, hasOpened }
    } catch (error) {
      call.cancel('what came could not be read')
      return { error, hasOpened }
    }
  }

  #open(items: AsyncIterator<unknown>, { recovered, steps }: Opening<Step>): void {
    this.#steps.open(items, steps)
    this.#ready?.resolve()
    const { onReconnect } = this.#options
    const wasOpen = this.#wasOpen
    this.#wasOpen = true
    try {
      if (wasOpen) onReconnect?.(recovered)
    } catch (error) {
      this.kit.log.error({ error }, 'onReconnect failed')
    }
  }

  #stepsIn(item: unknown): readonly Step[] {
    try {
      return this.onItem(item)
    } catch (error) {
      this.end(error)
      return []
    }
  }

  async #next(): Promise<IteratorResult<Item, undefined>> {
    const step = await this.#steps.take()
    if (step !== undefined) return { done: false, value: this.onTaken(step) }
    if (this.#end?.error !== undefined) throw this.#end.error
    return { done: true, value: undefined }
  }

  async #feed(handler: (item: Item) => unknown): Promise<void> {
    for (;;) {
      const step = await this.#next().catch((error: unknown) => {
        this.kit.log.warn({ error }, 'a subscription ended')
        return undefined
      })
      if (step === undefined || step.done) return
      try {
        await handler(step.value)
      } catch (error) {
        this.kit.log.error({ error }, 'the handler of a subscription failed')
      }
    }
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
