// A stream that outlives its calls: when the session that one was of is lost, it is asked for again. Links that break are
// the session's business and not noticed here. What is asked for, where it goes on and which endings are final says its
// source; what its reader is told, whoever has it.
//
//   start ──> first item: open ──> items ... ──> ended in passing ──> backoff ──> start
//     ╰─────────────────────────────────────╰──> ended for good
import type { Call, Outcome } from '../action/call.ts'
import { runClean } from '../base/async-context.ts'
import { Backoff } from '../base/backoff.ts'
import { sleep } from '../base/clock.ts'
import { deferred } from '../base/deferred.ts'
import { CancelledError, IsockError } from '../base/errors.ts'
import { turnsOf } from '../base/handler-turns.ts'
import type { ClientKit } from './client-kit.ts'
import { type Items, PulledSteps } from './pulled-steps.ts'

/** What it is a stream of. `Step` is what there may be in an item for the reader. */
export interface LastingSource<Step> {
  /** Asks for the stream, from where it broke off. */
  start(): Call<unknown, unknown>
  /** The first item of each call: the server has let us in. Throws for what it cannot read, likewise `onItem`. */
  onOpen(item: unknown): readonly Step[]
  onItem(item: unknown): readonly Step[]
  /** A call has ended: whether to ask again, or what ends it for good; undefined: it is at its end. */
  judge(outcome: Outcome<unknown>, wasOpen: boolean): 'again' | { readonly error: unknown }
}

/** One that lasts less long does not count as a success: the next attempt waits longer. */
const shortLifeMs = 1_000

export class LastingCall<Step extends object> {
  /** Settles when the server has let us in for the first time; rejects when it will not. */
  readonly ready: Promise<void>
  /** Settles when it has ended for good, before `ready` where that did not. */
  readonly done: Promise<void>
  readonly #kit: ClientKit
  readonly #source: LastingSource<Step>
  readonly #steps: PulledSteps<Step>
  readonly #abort = new AbortController()
  #hasBeenOpen = false
  #isDraining = false
  /** The last call was let in. */
  #isOpen = false
  readonly #ready = deferred<void>()
  readonly #done = deferred<void>()
  #call: Call<unknown, unknown> | undefined
  #end: { readonly error: unknown } | undefined

  constructor(kit: ClientKit, source: LastingSource<Step>) {
    this.#kit = kit
    this.#source = source
    this.#steps = new PulledSteps<Step>((item) => this.#stepsIn(item), turnsOf(kit.clock))
    this.ready = this.#ready.promise
    this.done = this.#done.promise
    // Whoever reads gets the error there.
    this.ready.catch(() => undefined)
    this.done.catch(() => undefined)
  }

  get isOver(): boolean {
    return this.#end !== undefined
  }

  /** The server has let us in before. */
  get hasBeenOpen(): boolean {
    return this.#hasBeenOpen
  }

  begin(): void {
    // It outlives the run that began it: no call of it may take over that run's time.
    void runClean(() => this.#keepOpen(), undefined)
  }

  /** The next step; undefined: it is over. Rejects with what ended it. */
  async take(): Promise<Step | undefined> {
    const step = await this.#steps.take()
    const error = this.#end?.error
    if (step === undefined && error !== undefined) throw error
    return step
  }

  /** Hands each step to `onStep` instead, the next one when that has settled. Settles when it is over, as `take` does. */
  async each(onStep: (step: Step) => unknown): Promise<void> {
    await this.#steps.each(onStep)
    const error = this.#end?.error
    if (error !== undefined) throw error
  }

  /** Ends it, as one that was asked to; what has come until now can still be taken. Settles when it has ended. */
  async drain(): Promise<void> {
    this.#isDraining = true
    // A pause before the next attempt is over too.
    this.#abort.abort()
    this.#call?.cancel()
    await this.done.catch(() => undefined)
  }

  /** Ends it for good; what was read already can still be taken, unless it is to be dropped. */
  end(error: unknown, backlog: 'keep' | 'drop'): void {
    if (this.isOver) return
    this.#end = { error }
    this.#steps.close(backlog)
    this.#abort.abort()
    this.#call?.cancel()
    if (error === undefined) this.#done.resolve()
    else this.#done.reject(error)
    this.#ready.reject(error ?? new CancelledError('it was ended before it was ready'))
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
      // A reader that is behind does not get more and more that has to be kept.
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

/** undefined: it has ended without one, as its outcome tells. Rejects where it cannot be read. */
function firstOf(items: Items): Promise<{ readonly item: unknown } | undefined> {
  return new Promise((resolve, reject) => {
    const onEnd = (error?: unknown): void => (error === undefined ? resolve(undefined) : reject(error))
    items.puller((item) => resolve({ item }), onEnd)()
  })
}

/** The server has ended the session and wants no other one of us. */
function dismissalIn(outcome: Outcome<unknown>): unknown {
  if (outcome.ok || !(outcome.error instanceof IsockError)) return undefined
  const { error } = outcome
  return [error, error.cause].find((each) => each instanceof IsockError && each.code === 'SESSION_ENDED')
}

const passingCodes: ReadonlySet<string> = new Set(['OUTCOME_UNKNOWN', 'SHUTTING_DOWN', 'LINK_LOST'])

/** The call ended because its server or session is gone, which another one may get past. */
export function isLoss(error: unknown): boolean {
  return error instanceof IsockError && passingCodes.has(error.code)
}

/** The server had no room for the call: others that leave make some. One that was let in and then dropped is another matter. */
export function isTurnedAway(outcome: Outcome<unknown>, wasOpen: boolean): boolean {
  return !wasOpen && !outcome.ok && outcome.error instanceof IsockError && outcome.error.code === 'BUSY'
}

/** The iterator of one that is read step by step; leaving the loop stops it. */
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
