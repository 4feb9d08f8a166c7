// The members that all contexts share, read from what differs between them: a run's call and its surroundings. Leaves items,
// fields of features, and which members are out of reach to its subclasses.
import type { Logger } from '../base/log.ts'
import { type Metadata, noMetadata } from '../wire/frames/metadata.ts'
import { withoutKey } from './call-key.ts'
import type { Caller, Context, ServerView, SessionView } from './context.ts'
import type { RunParent } from './run-options.ts'

/** The call of a run, as its context reads it. */
export interface RunCall {
  readonly seq: number
  readonly name: string
  readonly attempt: number
  readonly metadata: Metadata | undefined
  readonly signal: AbortSignal
  /** On the clock of the surroundings; Infinity: none. */
  readonly deadlineAtMs: number
}

/** The surroundings of a run: its session, and what its server or client offers. What a run lacks throws when it is read. */
export interface ContextSurroundings {
  readonly session: SessionView
  readonly server: ServerView
  readonly log: Logger
  /** On the clock by which the call's deadline is kept. */
  nowMs(): number
  /** Runs actions on the caller's side, within the time of this run. */
  callerFor(parent: RunParent): Caller
}

export abstract class BaseContext implements Context<unknown> {
  readonly #call: RunCall
  readonly #surroundings: ContextSurroundings

  constructor(call: RunCall, surroundings: ContextSurroundings) {
    this.#call = call
    this.#surroundings = surroundings
  }

  abstract get db(): never

  abstract get emit(): (item: unknown) => Promise<void>

  get callId(): number {
    return this.#call.seq
  }

  get actionName(): string {
    return this.#call.name
  }

  get attempt(): number {
    return this.#call.attempt
  }

  get metadata(): Metadata {
    const { metadata } = this.#call
    return metadata === undefined ? noMetadata : withoutKey(metadata)
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  get remainingMs(): number {
    const at = this.#call.deadlineAtMs
    return at === Number.POSITIVE_INFINITY ? at : Math.max(0, at - this.#surroundings.nowMs())
  }

  get deadline(): Date | undefined {
    const left = this.remainingMs
    return left === Number.POSITIVE_INFINITY ? undefined : new Date(Date.now() + left)
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
    return this.#surroundings.callerFor(this)
  }

  get log(): Logger {
    return this.#surroundings.log
  }
}
