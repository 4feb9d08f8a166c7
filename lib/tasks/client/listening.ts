// A client that listens to a process: one long call after another, so that it goes on when a session is lost.
import { Backoff } from '../../base/backoff.ts'
import { sleep } from '../../base/clock.ts'
import { BusyError, IsockError } from '../../base/errors.ts'
import type { ClientKit } from '../../client/client-kit.ts'
import { type ListenEnd, type ListenItem, ListenToProcess } from '../listen-action.ts'

/** How a client listens. */
export interface ListenOptions {
  /** The session was lost, and it listens again: events of the meantime are missing. */
  readonly onGap?: () => void
  /** Stops listening when it aborts. */
  readonly signal?: AbortSignal
}

interface ListeningOptions<Event> extends ListenOptions {
  /** Gets each event; without it, somebody iterates. */
  readonly handler: ((event: Event) => unknown) | undefined
  readonly onOver: (listening: { stop(): void }) => void
}

/** An event, before it has a type. */
type AnyEvent = Exclude<ListenItem, true>

/**
 * The events of a process, from `client.onProcess`. Read it with `for await`, or pass a handler there. Leaving the loop
 * stops it. An event is not taken from the server before the one before it was read or handled.
 *
 * When a link is lost, nothing is missed as long as the server keeps the session. When the session is lost it listens
 * again by itself; then `gapCount` grows and `onGap` is called.
 */
export class Listening<Event = AnyEvent> implements AsyncIterable<Event>, AsyncDisposable {
  /** Settles when the server has taken it in: from then on nothing is missed. Rejects where it does not; resolves when stopped. */
  readonly ready: Promise<void>
  /**
   * Settles when it is over, as its reader sees it: resolves after the process has finished or this was stopped,
   * rejects with what ended it. With a handler, heed the rejection: here alone it is told.
   */
  readonly done: Promise<void>
  readonly #kit: ClientKit
  readonly #name: string
  readonly #options: ListenOptions
  readonly #abort = new AbortController()
  readonly #events: AsyncGenerator<AnyEvent | undefined, void, undefined>
  readonly #onOver: (listening: { stop(): void }) => void
  #isOver = false
  #settleDone: { resolve(): void; reject(error: unknown): void } = { resolve: () => undefined, reject: () => undefined }
  #backoff: Backoff
  #hasBeenReady = false
  #gapCount = 0

  /** Users get theirs from `client.onProcess`. @internal */
  constructor(kit: ClientKit, name: string, { handler, onOver, ...options }: ListeningOptions<Event>) {
    this.#kit = kit
    this.#name = name
    this.#options = options
    this.#onOver = onOver
    this.#backoff = new Backoff(kit.backoff, kit.random)
    this.done = new Promise((resolve, reject) => {
      this.#settleDone = { resolve, reject }
    })
    if (options.signal?.aborted) this.#abort.abort()
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#events = this.#listen()
    this.ready = this.#events.next().then(() => undefined)
    this.ready.catch(() => undefined)
    if (handler !== undefined) void this.#handle(handler)
    // Whoever iterates gets the error there.
    else this.done.catch(() => undefined)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Times that events may have been missed. */
  get gapCount(): number {
    return this.#gapCount
  }

  /** Stops listening. Nothing happens when it is over. */
  stop(): void {
    this.#abort.abort()
    this.#end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop()
  }

  /** The one stream of its events: two readers share them. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Event, void, undefined> {
    const iterator: AsyncIterableIterator<Event, void, undefined> = {
      [Symbol.asyncIterator]: () => iterator,
      next: async () => {
        await this.ready
        if (this.#abort.signal.aborted) return { done: true, value: undefined }
        // Only the step before `ready` has no value.
        return (await this.#events.next()) as IteratorResult<Event, void>
      },
      return: async () => {
        this.stop()
        return { done: true, value: undefined }
      },
    }
    return iterator
  }

  readonly #onAbort = (): void => this.stop()

  /** Gives each event to the handler, one after the other. What that throws ends it. */
  async #handle(handler: (event: Event) => unknown): Promise<void> {
    try {
      for await (const event of this) {
        try {
          await handler(event)
        } catch (error) {
          return this.#end({ error })
        }
      }
    } catch (error) {
      this.#end({ error })
    }
  }

  /** Yields undefined when it is ready for the first time, then the events. */
  async *#listen(): AsyncGenerator<AnyEvent | undefined, void, undefined> {
    try {
      while (!this.#abort.signal.aborted) {
        const end = yield* this.#listenOnce()
        if (end?.how === 'failed') throw end.error
        if (end?.how === 'finished') break
        await this.#pause()
      }
      this.#end()
    } catch (error) {
      if (this.#abort.signal.aborted) return
      this.#end({ error })
      throw error
    }
  }

  /** One call, to its end; undefined: its session was lost. */
  async *#listenOnce(): AsyncGenerator<AnyEvent | undefined, ListenEnd | undefined, undefined> {
    const { client } = this.#kit
    const options = { timeoutMs: Number.POSITIVE_INFINITY, signal: this.#abort.signal }
    const call = client.runAction(ListenToProcess, this.#name, options)
    const items = call[Symbol.asyncIterator]()
    for (;;) {
      let step: IteratorResult<ListenItem, ListenEnd>
      try {
        step = await items.next()
      } catch (error) {
        if (!this.#isLoss(error)) throw error
        return undefined
      }
      if (step.done) return step.value
      if (step.value !== true) yield step.value
      else if (!this.#hasBeenReady) {
        this.#hasBeenReady = true
        yield undefined
      } else this.#onGap()
    }
  }

  #onGap(): void {
    this.#gapCount++
    this.#backoff = new Backoff(this.#kit.backoff, this.#kit.random)
    this.#options.onGap?.()
  }

  async #pause(): Promise<void> {
    const { durationMs } = this.#backoff
    this.#backoff = this.#backoff.next()
    await sleep(this.#kit.clock, durationMs, this.#abort.signal, true)
  }

  /** Listening again may help. Before it was ready once, a server that cannot be reached is an error as for any call. */
  #isLoss(error: unknown): boolean {
    if (!(error instanceof IsockError)) return false
    if (error.code === 'OUTCOME_UNKNOWN' || error.code === 'SHUTTING_DOWN') return true
    return this.#hasBeenReady && (error.code === 'UNREACHABLE' || (error instanceof BusyError && error.notStarted))
  }

  #end(failure?: { readonly error: unknown }): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#onOver(this)
    if (failure === undefined) this.#settleDone.resolve()
    else this.#settleDone.reject(failure.error)
  }
}
