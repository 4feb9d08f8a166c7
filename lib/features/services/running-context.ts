// The ServiceContext of one run: the context of the built-in action that runs it, and its responses. All clients share the
// service, so one that takes responses slowly or never must not hold it up: a run waits for its client for `patienceMs` in
// total, and then drops further responses.
import { BaseContext, type ContextSurroundings, type RunCall } from '../../core/action/base-context.ts'
import type { Context } from '../../core/action/context.ts'
import { type Clock, sleep } from '../../core/base/clock.ts'
import { BusyError, ServerError } from '../../core/base/errors.ts'
import { unawaited } from '../../core/base/unawaited.ts'
import type { ServiceContext } from './service.ts'

/** How long one run may wait for its client to take responses, in total. */
const patienceMs = 10_000
/** The time that each taken response earns back: a client that takes ten a second is never too slow. */
const patienceForEachMs = 100

export interface RunningOptions {
  /** The run's own signal, when its client has a receipt: it ends neither with the client nor at the call's deadline. */
  readonly detached?: AbortSignal | undefined
  /** That of a durable service; '': it has none. */
  readonly key?: string
  /** The transaction of a durable service. */
  readonly db?: unknown
  /** Takes responses. Default: the context. */
  readonly emit?: Context<unknown>['emit']
}

export class RunningContext extends BaseContext implements ServiceContext {
  readonly #context: Context<unknown>
  /** The method, as in `service "Counter": exec`. */
  readonly #label: string
  readonly #clock: Clock
  /** The client has a receipt, so nobody reads responses. */
  readonly #isDetached: boolean
  readonly #options: RunningOptions
  #patienceLeftMs = patienceMs
  /** The waiting time is counted up to here: several responses may wait at the same time. */
  #countedUntilMs = 0
  #isOver = false
  #isGivenUp = false

  constructor(context: Context<unknown>, label: string, clock: Clock, options: RunningOptions = {}) {
    super(callOf(context, clock, options.detached), surroundingsOf(context, clock))
    this.#context = context
    this.#clock = clock
    this.#label = label
    this.#options = options
    this.#isDetached = options.detached !== undefined
  }

  get key(): string | undefined {
    return this.#options.key || undefined
  }

  get db(): never {
    if (this.#options.db !== undefined) return this.#options.db as never
    const message = `${this.#label}: a service has no context.db, because its state is not rolled back; use context.server.db.transaction(), or make the service durable`
    throw new ServerError(message, { code: 'INVALID_USAGE' })
  }

  get emit(): (value: unknown) => Promise<void> {
    return this.respond
  }

  readonly respond = (value: unknown): Promise<void> =>
    unawaited(this.#respond(value), (error) => this.log.warn({ error }, 'a response could not be sent'))

  async #respond(value: unknown): Promise<void> {
    if (this.#isOver)
      throw new ServerError(`${this.#label} has ended, so it cannot respond; await all work before it returns`, {
        code: 'INVALID_USAGE',
      })
    // After the receipt there is no reader.
    if (this.#isGivenUp || this.#isDetached) return
    const { signal } = this.#context
    const isTaken = new AbortController()
    const startedAtMs = this.#clock.now()
    try {
      const emit = this.#options.emit ?? this.#context.emit
      const taken = emit(value).finally(() => isTaken.abort())
      const patience = new Promise<void>((resolve) => {
        const giveUp = (): void => {
          this.#isGivenUp = true
          resolve()
        }
        this.#runsOut(startedAtMs, isTaken.signal).then(giveUp, () => undefined)
      })
      await Promise.race([taken, patience])
      this.#count(startedAtMs)
      // loss() reports a response that is lost from here on.
      taken.catch(() => undefined)
    } catch (error) {
      // A client that has gone must not make exec fail half-way: all clients share the state.
      if (!signal.aborted) throw error
    }
  }

  /** Waits while there is patience left: responses taken meanwhile earn some back. Rejects when this response is rejected. */
  async #runsOut(sinceMs: number, isTaken: AbortSignal): Promise<void> {
    let leftMs = this.#patienceLeftMs
    do {
      await sleep(this.#clock, leftMs, isTaken)
      leftMs = this.#leftMs(sinceMs)
    } while (leftMs > 0 && !this.#isGivenUp)
  }

  #leftMs(sinceMs: number): number {
    return this.#patienceLeftMs - (this.#clock.now() - Math.max(sinceMs, this.#countedUntilMs))
  }

  #count(sinceMs: number): void {
    this.#patienceLeftMs = Math.min(patienceMs, Math.max(0, this.#leftMs(sinceMs) + patienceForEachMs))
    this.#countedUntilMs = this.#clock.now()
  }

  /** The error when the client did not get all responses. */
  loss(): BusyError | undefined {
    if (!this.#isGivenUp) return undefined
    const message = `${this.#label} ran, but its client did not take the responses within ${patienceMs} ms`
    return new BusyError(message, { notStarted: false })
  }

  /** Called when the method has ended. */
  close(): void {
    this.#isOver = true
  }
}

function callOf(context: Context<unknown>, clock: Clock, detached: AbortSignal | undefined): RunCall {
  return {
    seq: context.callId,
    name: context.actionName,
    attempt: context.attempt,
    metadata: context.metadata,
    deadlineAtMs: detached === undefined ? clock.now() + context.remainingMs : Number.POSITIVE_INFINITY,
    get signal() {
      return detached ?? context.signal
    },
  }
}

/** Read when the method does: a run that the server started throws for what it lacks. */
function surroundingsOf(context: Context<unknown>, clock: Clock): ContextSurroundings {
  return {
    get session() {
      return context.session
    },
    get server() {
      return context.server
    },
    get log() {
      return context.log
    },
    nowMs: () => clock.now(),
    callerFor: () => context.client,
  }
}
