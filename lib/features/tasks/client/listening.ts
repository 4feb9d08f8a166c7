// Listening, the client's side of a process: a lasting call (client/lasting-call.ts) that ends with the process, and that misses
// events when it had to start again.
import { type Call, type Outcome, outlastFaults } from '../../../core/action/call.ts'
import { keepContext } from '../../../core/base/async-context.ts'
import { deferred } from '../../../core/base/deferred.ts'
import { IsockError, ServerError } from '../../../core/base/errors.ts'
import { followSignal } from '../../../core/base/followed-signals.ts'
import type { ClientKit } from '../../../core/client/client-kit.ts'
import { isLoss, isTurnedAway, iteratorOf, LastingCall } from '../../../core/client/lasting-call.ts'
import { type ListenItem, ListenToProcess } from '../listen-action.ts'

/** Options of `client.onProcess`. */
export interface ListenOptions {
  /** Called when it listens again after the session was lost. Events in between are missing. */
  readonly onGap?: (() => void) | undefined
  /** Stops listening when this signal aborts. */
  readonly signal?: AbortSignal | undefined
}

interface ListeningOptions<Event> extends ListenOptions {
  /** Called with each event. Without a handler, the program iterates. */
  readonly handler: ((event: Event) => unknown) | undefined
  readonly onOver: (listening: { stop(): void }) => void
}

/** An event without its type. */
type AnyEvent = Exclude<ListenItem, true>

/**
 * The events of a process, returned by `client.onProcess`. Iterate it with `for await`, or pass a handler to `onProcess`. Leaving
 * the loop stops it. The next event is requested only once the previous one was read or handled.
 *
 * A lost link misses no events while the server keeps the session. When the session is lost, it listens again automatically,
 * increments `gapCount` and calls `onGap`.
 */
export class Listening<Event = AnyEvent> implements AsyncIterable<Event>, AsyncDisposable {
  /** Resolves when the server has accepted it, after which no event is missed, or when it is stopped. Rejects if the server refuses. */
  readonly ready: Promise<void>
  /**
   * Settles when the reader has reached the end. Resolves after the process has finished or this was stopped, and rejects with
   * the error that ended it, immediately if the server does not accept it. With a handler, handle this rejection: the error
   * is not reported elsewhere.
   */
  readonly done: Promise<void>
  readonly #options: ListenOptions
  readonly #lasting: LastingCall<{ readonly event: unknown }>
  readonly #onOver: (listening: { stop(): void }) => void
  readonly #unfollow: (() => void) | undefined
  #call: Call<unknown, unknown> | undefined
  #isOver = false
  readonly #done = deferred<void>()
  #gapCount = 0

  /** Created by `client.onProcess`. @internal */
  constructor(kit: ClientKit, name: string, { handler, onOver, ...options }: ListeningOptions<Event>) {
    const { onGap } = options
    this.#options = onGap === undefined ? options : { ...options, onGap: keepContext(onGap) }
    this.#onOver = onOver
    this.done = this.#done.promise
    this.#lasting = new LastingCall<{ readonly event: unknown }>(kit, {
      start: () => {
        this.#call = kit.client.runAction(ListenToProcess, name, { timeoutMs: Number.POSITIVE_INFINITY })
        return this.#call
      },
      onOpen: this.#onOpen,
      onItem: (event) => [{ event }],
      judge: this.#judge,
    })
    // When it is stopped, `done` settles first.
    this.ready = Promise.race([this.#lasting.done, this.#lasting.ready])
    this.ready.catch(() => undefined)
    // If it was not accepted, there is nothing to read, so it ends without a reader too.
    const onEnd = (failure?: { readonly error: unknown }): void => {
      if (!this.#lasting.hasBeenOpen) this.#finish(failure)
    }
    this.#lasting.done.then(
      () => onEnd(),
      (error: unknown) => onEnd({ error }),
    )
    // If the signal is already aborted, it ends before this returns.
    this.#unfollow = followSignal(options.signal, this.#stop)
    this.#lasting.begin()
    if (handler !== undefined) void this.#handle(handler)
    // The iterating loop gets the error.
    else this.done.catch(() => undefined)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** How often events may have been missed. */
  get gapCount(): number {
    return this.#gapCount
  }

  /** Stops listening. A no-op once it has ended. */
  stop(): void {
    this.#finish()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop()
  }

  /** Iterates the events. Concurrent readers share them. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Event, undefined, undefined> {
    return iteratorOf(this.#next, this.#stop)
  }

  readonly #stop = (): void => this.#finish()

  /** Calls the handler with each event, one after the other. An error of the handler ends it. */
  async #handle(handler: (event: Event) => unknown): Promise<void> {
    try {
      for (let step = await this.#next(); !step.done; step = await this.#next()) await handler(step.value)
    } catch (error) {
      this.#finish({ error })
    }
  }

  readonly #next = async (): Promise<IteratorResult<Event, undefined>> => {
    try {
      const step = await this.#lasting.take()
      // The caller vouches for the event type.
      if (step !== undefined) return { done: false, value: step.event as Event }
    } catch (error) {
      this.#finish({ error })
      throw error
    }
    this.#finish()
    return { done: true, value: undefined }
  }

  readonly #onOpen = (): [] => {
    this.#call?.[outlastFaults]()
    if (this.#lasting.hasBeenOpen) {
      this.#gapCount++
      this.#options.onGap?.()
    }
    return []
  }

  readonly #judge = (outcome: Outcome<unknown>, wasOpen: boolean): 'again' | { readonly error: unknown } => {
    if (!outcome.ok) return this.#mayPass(outcome, wasOpen) ? 'again' : outcome
    const end = (outcome.value ?? {}) as { readonly how?: unknown; readonly error?: unknown }
    if (end.how === 'again') return end.how
    if (end.how !== 'failed') return { error: undefined }
    return { error: end.error ?? new ServerError('the process failed and gave no reason', { code: 'REMOTE_ERROR' }) }
  }

  /** Whether to listen again. Until it was ready once, an unreachable or full server is an error, as for any call. */
  #mayPass(outcome: Outcome<unknown> & { readonly ok: false }, wasOpen: boolean): boolean {
    const { error } = outcome
    if (isLoss(error)) return true
    if (!this.#lasting.hasBeenOpen) return false
    return (
      isTurnedAway(outcome, wasOpen) ||
      (error instanceof IsockError && error.notStarted && error.code === 'UNREACHABLE')
    )
  }

  /** Called when the reader has reached the end or stopped. */
  #finish(failure?: { readonly error: unknown }): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#lasting.end(undefined, 'drop')
    this.#unfollow?.()
    this.#onOver(this)
    if (failure === undefined) this.#done.resolve()
    else this.#done.reject(failure.error)
  }
}
