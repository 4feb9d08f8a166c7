// The ServiceContext of one run: the context of the built-in action that runs it, and its responses.
import type { Caller, Context, ServerView, SessionView } from '../action/context.ts'
import { ServerError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { ServiceContext } from './service.ts'

export class RunningContext implements ServiceContext {
  readonly #context: Context<unknown>
  /** The method, as in `service "Counter": exec`. */
  readonly #label: string
  #isOver = false

  constructor(context: Context<unknown>, label: string) {
    this.#context = context
    this.#label = label
  }

  get callId(): number {
    return this.#context.callId
  }

  get session(): SessionView {
    return this.#context.session
  }

  get server(): ServerView {
    return this.#context.server
  }

  get publish(): ServerView['publish'] {
    return this.#context.publish
  }

  get client(): Caller {
    return this.#context.client
  }

  get signal(): AbortSignal {
    return this.#context.signal
  }

  get deadline(): Date | undefined {
    return this.#context.deadline
  }

  get remainingMs(): number {
    return this.#context.remainingMs
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

  readonly respond = async (value: unknown): Promise<void> => {
    if (this.#isOver)
      throw new ServerError(`${this.#label} has ended, so that it cannot respond; await what it does before`, {
        code: 'INVALID_USAGE',
      })
    const { signal } = this.#context
    try {
      await this.#context.emit(value)
    } catch (error) {
      // A client that has gone must not make exec fail half-way: its state is that of all clients.
      if (!signal.aborted) throw error
    }
  }

  /** The method has ended. */
  close(): void {
    this.#isOver = true
  }
}
