// The Context of one run. What costs something (signal, log, emit, client) is made when it is first asked for.
import { ServerError } from '../base/errors.ts'
import { type Logger, withFields } from '../base/log.ts'
import { unawaited } from '../base/unawaited.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { Payload } from '../wire/payload.ts'
import type { Caller, Context, ServerView, SessionView } from './context.ts'
import type { RunParent } from './run-options.ts'

/** What surrounds a run: its session, and what the server or client behind it offers. */
export interface RunSurroundings {
  readonly session: SessionView
  readonly server: ServerView
  readonly log: Logger
  /** On the clock by which the call's deadline is kept. */
  nowMs(): number
  /** Runs actions at the caller's side, within the time of this run. */
  callerFor(parent: RunParent): Caller
}

/** What features add to the context of a run. Of which types says whoever adds it, see data/context-db.ts. */
export interface FeatureFields {
  readonly db: unknown
}

/** What `emit` returns where there is nothing to wait for. */
const sent: Promise<void> = Promise.resolve()

export class RunContext implements Context<unknown> {
  readonly #call: IncomingCall
  readonly #surroundings: RunSurroundings
  readonly #encodeItem: (item: unknown) => Payload
  #fields: FeatureFields | undefined
  #emit: ((item: unknown) => Promise<void>) | undefined
  #client: Caller | undefined
  #log: Logger | undefined

  constructor(call: IncomingCall, surroundings: RunSurroundings, encodeItem: (item: unknown) => Payload) {
    this.#call = call
    this.#surroundings = surroundings
    this.#encodeItem = encodeItem
  }

  /** Before the action runs: what a feature that adapts it adds, read when the action asks for it. */
  provide(fields: FeatureFields): void {
    this.#fields = fields
  }

  get db(): never {
    if (this.#fields !== undefined) return this.#fields.db as never
    const message = 'context.db: no data here; it is there in actions of a server made with { data: { models: [...] } }'
    throw new ServerError(message, { code: 'INVALID_USAGE' })
  }

  get callId(): number {
    return this.#call.seq
  }

  get actionName(): string {
    return this.#call.name
  }

  get session(): SessionView {
    return this.#surroundings.session
  }

  get server(): ServerView {
    return this.#surroundings.server
  }

  get publish(): ServerView['publish'] {
    const { server } = this
    return (topic, message, options) => server.publish(topic, message, options)
  }

  get client(): Caller {
    this.#client ??= this.#surroundings.callerFor(this)
    return this.#client
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  get deadline(): Date | undefined {
    const left = this.remainingMs
    return left === Number.POSITIVE_INFINITY ? undefined : new Date(Date.now() + left)
  }

  get remainingMs(): number {
    const at = this.#call.deadlineAtMs
    return at === Number.POSITIVE_INFINITY ? at : Math.max(0, at - this.#surroundings.nowMs())
  }

  get attempt(): number {
    return this.#call.attempt
  }

  get log(): Logger {
    this.#log ??= withFields(this.#surroundings.log, {
      action: this.#call.name,
      call: this.#call.seq,
      session: this.session.id,
    })
    return this.#log
  }

  get emit(): (item: unknown) => Promise<void> {
    this.#emit ??= (item) => this.#emitItem(item)
    return this.#emit
  }

  /** Sends an item. A promise: wait for it before the next. Throws when nobody waits for items any more. */
  push(item: unknown): Promise<void> | undefined {
    const call = this.#call
    if (call.abortReason !== undefined) throw call.abortReason
    return call.emit(this.#encodeItem(item))
  }

  #emitItem(item: unknown): Promise<void> {
    let isTaken: Promise<void> | undefined
    try {
      isTaken = this.push(item)
    } catch (error) {
      return unawaited(Promise.reject(error), this.#onLost)
    }
    return isTaken === undefined ? sent : unawaited(this.#whenTaken(isTaken), this.#onLost)
  }

  async #whenTaken(isTaken: Promise<void>): Promise<void> {
    await isTaken
    const { abortReason } = this.#call
    if (abortReason !== undefined) throw abortReason
  }

  /** That the caller has gone is nobody's fault. */
  readonly #onLost = (error: unknown): void => {
    if (error !== this.#call.abortReason) this.log.warn({ error }, 'an item could not be sent')
  }
}
