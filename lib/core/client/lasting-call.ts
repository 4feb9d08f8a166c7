// A stream that outlives its calls: when the session of its call is lost, it makes another call. Lost links are not noticed here,
// because the session handles them. The source decides which call to make, where to continue, and which ends are final.
//
//   start ──> first item: open ──> items ... ──> ended temporarily ──> backoff ──> start
//     ╰─────────────────────────────────────╰──> ended for good
import { type Call, type Outcome, puller } from '../action/call.ts'
import { runClean } from '../base/async-context.ts'
import { Backoff } from '../base/backoff.ts'
import { sleep } from '../base/clock.ts'
import { deferred } from '../base/deferred.ts'
import { CancelledError, IsockError } from '../base/errors.ts'
import { turnsOf } from '../base/handler-turns.ts'
import type { ClientKit } from './client-kit.ts'
import { type Items, PulledSteps } from './pulled-steps.ts'

/** The source of a stream. `Step` is what the reader gets for an item, if anything. */
export interface LastingSource<Step> {
  /** Makes a call for the stream, from where it was interrupted. */
  start(): Call<unknown, unknown>
  /** Called with the first item of each call, which admits the reader. Throws if the item is malformed, as `onItem` does. */
  onOpen(item: unknown): readonly Step[]
  onItem(item: unknown): readonly Step[]
  /** Called when a call has ended. Returns 'again', or the error that ends the stream, undefined if it is complete. */
  judge(outcome: Outcome<unknown>, wasOpen: boolean): 'again' | { readonly error: unknown }
}

/** A call that ends sooner does not count as a success, so the next attempt waits longer. */
const shortLifeMs = 1_000

export class LastingCall<Step extends object> {
  /** Settles when the server has admitted the reader for the first time. Rejects if it never will. */
  readonly ready: Promise<void>
  /** Settles when the stream has ended, even if `ready` has not settled before. */
  readonly done: Promise<void>
  readonly #kit: ClientKit
  readonly #source: LastingSource<Step>
  readonly #steps: PulledSteps<Step>
  readonly #abort = new AbortController()
  #hasBeenOpen = false
  #isDraining = false
  /** True while the server has admitted the current call. */
  #isOpen = false
  readonly #ready = deferred<void>()
  readonly #done = deferred<void>()
  #call: Call<unknown, unknown> | undefined
  #end: { readonly error: unknown } | undefined

  constructor(kit: ClientKit, source: LastingSource<Step>) {
    this.#kit = kit
    this.#source = source
    this.#steps = new PulledSteps<Step>((item) => this.#stepsIn(item), kit.turns ?? turnsOf(kit.clock))
    this.ready = this.#ready.promise
    this.done = this.#done.promise
    // The reader gets the error from `take`.
    this.ready.catch(() => undefined)
    this.done.catch(() => undefined)
  }

  get isOver(): boolean {
    return this.#end !== undefined
  }

  /** Whether the server has ever admitted the reader. */
  get hasBeenOpen(): boolean {
    return this.#hasBeenOpen
  }

  begin(): void {
    // It outlives the run that started it, so its calls must not inherit that run's deadline.
    void runClean(() => this.#keepOpen(), undefined)
  }

  /** Returns the next step, or undefined if the stream has ended. Rejects with the error that ended it. */
  async take(): Promise<Step | undefined> {
    const step = await this.#steps.take()
    const error = this.#end?.error
    if (step === undefined && error !== undefined) throw error
    return step
  }

  /** Calls `onStep` with each step, one after the other. Settles when the stream has ended, as `take` does. */
  async each(onStep: (step: Step) => unknown): Promise<void> {
    await this.#steps.each(onStep)
    const error = this.#end?.error
    if (error !== undefined) throw error
  }

  /** Ends the stream gracefully. Received steps can still be taken. Settles when it has ended. */
  async drain(): Promise<void> {
    this.#isDraining = true
    // Also ends a wait before the next attempt.
    this.#abort.abort()
    this.#call?.cancel()
    await this.done.catch(() => undefined)
  }

  /** Ends the stream. Received steps can still be taken, unless they are dropped. */
  end(error: unknown, backlog: 'keep' | 'drop'): void {
    if (this.isOver) return
    this.#end = { error }
    this.#steps.close(backlog)
    this.#abort.abort()
    this.#call?.cancel()
    if (error === undefined) this.#done.resolve()
    else this.#done.reject(error)
    this.#ready.reject(error ?? new CancelledError('the stream was ended before it was ready'))
  }

  async #keepOpen(): Promise<void> {
    const { clock, random, backoff: options } = this.#kit
    let backoff = new Backoff(options, random)
    while (!this.isOver) {
      const startedAtMs = clock.now()
      const outcome = await this.#serve()
      if (this.isOver) return
      if (this.#isDraining) return this.end(undefined, 'keep')
      const dismissal = dismissalIn(outcome)
      if (dismissal !== undefined) return this.end(dismissal, 'keep')
      const verdict = this.#source.judge(outcome, this.#isOpen)
      if (verdict !== 'again') return this.end(verdict.error, 'keep')
      if (this.#isOpen && clock.now() - startedAtMs > shortLifeMs) backoff = new Backoff(options, random)
      // A slow reader would otherwise leave steps of more and more calls to keep.
      do await sleep(clock, backoff.durationMs, this.#abort.signal, true).catch(() => undefined)
      while (this.#steps.isBehind && !this.isOver && !this.#isDraining)
      if (this.#isDraining) return this.end(undefined, 'keep')
      backoff = backoff.next()
    }
  }

  /** One call, from its start to its end. Never rejects. */
  async #serve(): Promise<Outcome<unknown>> {
    this.#isOpen = false
    const call = this.#source.start()
    this.#call = call
    try {
      const first = await firstOf(call)
      if (first !== undefined) {
        const steps = this.#source.onOpen(first.item)
        this.#hasBeenOpen = this.#isOpen = true
        this.#steps.open(call, steps)
        this.#ready.resolve()
      }
      const outcome = await call.outcome()
      await this.#steps.finish()
      return outcome
    } catch (error) {
      call.cancel()
      return { ok: false, error }
    }
  }

  #stepsIn(item: unknown): readonly Step[] {
    try {
      return this.#source.onItem(item)
    } catch (error) {
      this.end(error, 'keep')
      return []
    }
  }
}

/** Returns the first item, or undefined if the call ended without one. Rejects if the item is malformed. */
function firstOf(items: Items): Promise<{ readonly item: unknown } | undefined> {
  return new Promise((resolve, reject) => {
    const onEnd = (error?: unknown): void => (error === undefined ? resolve(undefined) : reject(error))
    items[puller]((item) => resolve({ item }), onEnd)()
  })
}

/** The error by which the server has ended the session for good, if it has. */
function dismissalIn(outcome: Outcome<unknown>): unknown {
  if (outcome.ok || !(outcome.error instanceof IsockError)) return undefined
  const { error } = outcome
  return [error, error.cause].find((each) => each instanceof IsockError && each.code === 'SESSION_ENDED')
}

const passingCodes: ReadonlySet<string> = new Set(['OUTCOME_UNKNOWN', 'SHUTTING_DOWN', 'LINK_LOST'])

/** Whether the call ended because its server or session is gone, so that another call may succeed. */
export function isLoss(error: unknown): boolean {
  return error instanceof IsockError && passingCodes.has(error.code)
}

/** Whether the server had no room for the call, so that a later one may succeed. False for a call that was admitted and then dropped. */
export function isTurnedAway(outcome: Outcome<unknown>, wasOpen: boolean): boolean {
  return !wasOpen && !outcome.ok && outcome.error instanceof IsockError && outcome.error.code === 'BUSY'
}

/** The iterator of a stream. Leaving the loop stops the stream. */
export function iteratorOf<Item>(
  next: () => Promise<IteratorResult<Item, undefined>>,
  stop: () => void,
): AsyncIterableIterator<Item, undefined, undefined> {
  const iterator: AsyncIterableIterator<Item, undefined, undefined> = {
    [Symbol.asyncIterator]: () => iterator,
    next,
    return: async () => {
      stop()
      return { done: true, value: undefined }
    },
  }
  return iterator
}
