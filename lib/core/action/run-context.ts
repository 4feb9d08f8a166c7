// The Context of one run. What costs something (signal, log, emit, client) is made when it is first asked for.
import { brand } from '../base/brand.ts'
import { type Logger, withFields } from '../base/log.ts'
import { unawaited } from '../base/unawaited.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import type { Caller, Context, ServerView, SessionView } from './context.ts'
import { missingFeature } from './missing-feature.ts'
import type { NestedCall, RunOptions, RunParent } from './run-options.ts'

/** What surrounds a run: its session, and what the server or client behind it offers. */
export interface RunSurroundings {
  readonly session: SessionView
  readonly server: ServerView
  readonly log: Logger
  /** On the clock by which the call's deadline is kept. */
  nowMs(): number
  /** Runs actions at the caller's side, within the time of this run. */
  callerFor(parent: RunParent): Caller
  /** A run of the session is none of the program's code any more: it waits for its client. */
  onWaiting?(): void
}

/**
 * What a feature adds to a run: a field of its context, and work that is kept only with the run's answer. The field's
 * type is declared by the feature, see data/context-db.ts.
 */
export interface RunFeature {
  readonly db: unknown
  /** Keeps what the run did. Called once, when the answer is checked and encoded. Undefined: there was nothing to keep. */
  keep(): Promise<void> | undefined
  /** Takes back what the run did, before its failure is sent. Never rejects. Undefined: there was nothing to take back. */
  undo(): Promise<void> | undefined
  /** Waits for the run's client, which must not hold up others for long. Rejects when it does. */
  forClient<T>(waiting: Promise<T>): Promise<T>
  /** The run makes a call, and is taken to wait for it. */
  onCall(call: NestedCall): void
}

/** What `emit` returns where there is nothing to wait for. */
const sent: Promise<void> = Promise.resolve()

const nothing = (): void => undefined

export class RunContext implements Context<unknown> {
  readonly #call: IncomingCall
  readonly #surroundings: RunSurroundings
  readonly #encodeItem: (item: unknown) => Payload | Promise<Payload>
  #feature: RunFeature | undefined
  #emit: ((item: unknown) => Promise<void>) | undefined
  #client: Caller | undefined
  #log: Logger | undefined

  #pushed: Promise<void> | undefined

  constructor(
    call: IncomingCall,
    surroundings: RunSurroundings,
    encodeItem: (item: unknown) => Payload | Promise<Payload>,
  ) {
    this.#call = call
    this.#surroundings = surroundings
    this.#encodeItem = encodeItem
  }

  /** It is a stream of the library's own: it waits for a client that is away for as long as the session lasts. */
  waitForClient(): void {
    this.#call.isOfLibrary = true
    this.#surroundings.onWaiting?.()
  }

  /** Called before the action runs, by the feature that adapts it. */
  provide(feature: RunFeature): void {
    this.#feature = feature
  }

  /** Keeps what the run did, now that nothing but the answer is left to do. Undefined: there was nothing to keep. */
  keep(): Promise<void> | undefined {
    return this.#feature?.keep()
  }

  /** Takes back what the run did. Undefined: there was nothing to take back. */
  undo(): Promise<void> | undefined {
    return this.#feature?.undo()
  }

  /** See {@link RunParent}. */
  onCall(call: NestedCall): void {
    this.#feature?.onCall(call)
  }

  /** Waits until the client has taken an item. */
  untilTaken(taken: Promise<void>): Promise<void> {
    return this.#feature === undefined ? taken : this.#feature.forClient(taken)
  }

  get db(): never {
    if (this.#feature !== undefined) return this.#feature.db as never
    throw missingFeature('context.db', 'data')
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
    this.#client ??= this.#watched(this.#surroundings.callerFor(this))
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

  /** A call that the client does not answer is a wait for the client, too. */
  #watched(caller: Caller): Caller {
    const feature = this.#feature
    if (feature === undefined) return caller
    return {
      runAction: (action: never, data?: unknown, options?: RunOptions) => {
        const call = caller.runAction(action, data, options)
        // Nothing happens where it is over.
        feature.forClient(call).catch((error: unknown) => call.cancel(String((error as Error | null)?.message)))
        return call as never
      },
    }
  }

  /** Sends an item. A promise: wait for it before the next. Throws when nobody waits for items any more. */
  push(item: unknown): Promise<void> | undefined {
    const call = this.#call
    if (call.abortReason !== undefined) throw call.abortReason
    const payload = this.#encodeItem(item)
    const isReady = this.#pushed === undefined && !(payload instanceof Promise)
    return isReady ? call.emit(payload) : this.#pushLater(payload)
  }

  /** Settles when the items that are checked at the moment are sent or refused. Undefined: there are none. */
  get pushed(): Promise<void> | undefined {
    return this.#pushed
  }

  /** In the order in which they were given. */
  #pushLater(payload: Payload | Promise<Payload>): Promise<void> {
    const emitted = Promise.all([payload, this.#pushed]).then(([ready]) => ({ isTaken: this.#call.emit(ready) }))
    this.#pushed = emitted.then(nothing, nothing)
    return emitted.then(({ isTaken }) => isTaken)
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
    await this.untilTaken(isTaken)
    const { abortReason } = this.#call
    if (abortReason !== undefined) throw abortReason
  }

  /** That the caller has gone is nobody's fault. */
  readonly #onLost = (error: unknown): void => {
    if (error !== this.#call.abortReason) this.log.warn({ error }, 'an item could not be sent')
  }
}

// Features of another copy of this package may be attached to a server of this one.
brand('isock.RunContext', RunContext)
