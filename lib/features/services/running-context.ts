// The ServiceContext of one run: the context of the built-in action that runs it, and its responses. All clients share the
// service, so one that takes responses slowly or never must not hold it up: a run waits for its client for `patienceMs` in
// total, and then drops further responses.
import type { Caller, Context, ServerView, SessionView } from '../../core/action/context.ts'
import { type Clock, sleep } from '../../core/base/clock.ts'
import { BusyError, ServerError } from '../../core/base/errors.ts'
import type { Logger } from '../../core/base/log.ts'
import { unawaited } from '../../core/base/unawaited.ts'
import type { ServiceContext } from './service.ts'

/** How long one run may wait for its client to take responses, in total. */
const patienceMs = 10_000
/** The time that each taken response earns back: a client that takes ten a second is never too slow. */
const patienceForEachMs = 100

export class RunningContext implements ServiceContext {
  readonly #context: Context<unknown>
  /** The method, as in `service "Counter": exec`. */
  readonly #label: string
  readonly #clock: Clock
  /** The run's own signal, when its client has a receipt: it does not end with the client. */
  readonly #detached: AbortSignal | undefined
  #patienceLeftMs = patienceMs
  /** The waiting time is counted up to here: several responses may wait at the same time. */
  #countedUntilMs = 0
  #isOver = false
  #isGivenUp = false

  constructor(context: Context<unknown>, label: string, clock: Clock, detached?: AbortSignal) {
    this.#context = context
    this.#clock = clock
    this.#label = label
    this.#detached = detached
  }

  get callId(): number {
    return this.#context.callId
  }

  get actionName(): string {
    return this.#context.actionName
  }

  get session(): SessionView {
    return this.#context.session
  }

  get server(): ServerView {
    return this.#context.server
  }

  get db(): Context['db'] {
    const message = `${this.#label}: a service has no context.db, because its state is not rolled back; use context.server.db.transaction()`
    throw new ServerError(message, { code: 'INVALID_USAGE' })
  }

  get publish(): ServerView['publish'] {
    return this.#context.publish
  }

  get client(): Caller {
    return this.#context.client
  }

  get signal(): AbortSignal {
    return this.#detached ?? this.#context.signal
  }

  get deadline(): Date | undefined {
    return this.#detached === undefined ? this.#context.deadline : undefined
  }

  get remainingMs(): number {
    return this.#detached === undefined ? this.#context.remainingMs : Number.POSITIVE_INFINITY
  }

  get attempt(): number {
    return this.#context.attempt
  }

  get log(): Logger {
    return this.#context.log
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
    if (this.#isGivenUp || this.#detached !== undefined) return
    const { signal } = this.#context
    const isTaken = new AbortController()
    const startedAtMs = this.#clock.now()
    try {
      const taken = this.#context.emit(value).finally(() => isTaken.abort())
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
