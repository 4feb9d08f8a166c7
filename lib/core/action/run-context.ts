// The Context of a call's run: its items, and what features add. Costly parts (signal, log, emit, client) are made on first use.
import { brand } from '../base/brand.ts'
import { type Logger, withFields } from '../base/log.ts'
import { unawaited } from '../base/unawaited.ts'
import type { RecordedAnswer } from '../session/call-records.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { keyEntry } from '../wire/frames/metadata.ts'
import { BaseContext, type ContextSurroundings } from './base-context.ts'
import type { Caller, ServerView } from './context.ts'
import { missingFeature } from './missing-feature.ts'
import { type Outbox, type OutboxPublisher, publishWith } from './outbox.ts'
import type { NestedCall, RunOptions } from './run-options.ts'

/** The surroundings of a call's run. */
export interface RunSurroundings extends ContextSurroundings {
  /** Called when a run is no longer in the program's code: it waits for its client. */
  onWaiting?(): void
}

/**
 * What a feature adds to a run: a field of its context, and work that is committed only with the run's answer. Features
 * declare the type of their field, see data/context-db.ts.
 */
export interface RunFeature {
  readonly db: unknown
  /**
   * Commits what the run did. Called once, when the answer is checked and encoded: it may be committed too, and another one, which was
   * committed before, may take its place. Undefined: there was nothing to commit.
   */
  keep(answer: Payload): Promise<RecordedAnswer | undefined> | undefined
  /**
   * Undoes what the run did, before its failure is sent, which may be committed as well. Never rejects. Undefined: there was nothing to
   * undo. `notStarted`: the run was refused.
   */
  undo(
    encodeFailure: () => Payload,
    notStarted: boolean,
    thrown: unknown,
  ): Promise<RecordedAnswer | undefined> | undefined
  /**
   * Whether the run may begin again after this error, which is not sent then: it has undone what the run did when the promise settles. Left
   * out: never.
   */
  again?(error: unknown, reruns: number): Promise<void> | undefined
  /** Takes what the run publishes, until its effect is committed. Left out: it is sent immediately. */
  readonly outbox?: Outbox
  /** Takes an item that is sent with the answer that `keep` returns. Left out: items are sent immediately. */
  hold?(item: Payload): void
  /** Waits for the run's client, which must not hold up others for long. Rejects when it does. */
  forClient<T>(waiting: Promise<T>): Promise<T>
  /** Called when the run makes a call, which it is assumed to wait for. */
  onCall(call: NestedCall): void
}

/** What `emit` returns when there is nothing to wait for. */
const sent: Promise<void> = Promise.resolve()

const nothing = (): void => undefined

export class RunContext extends BaseContext {
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
    super(call, surroundings)
    this.#call = call
    this.#surroundings = surroundings
    this.#encodeItem = encodeItem
  }

  /** A built-in stream: it waits for a client that is away for as long as the session lasts. */
  waitForClient(): void {
    this.#call.isOfLibrary = true
    this.#surroundings.onWaiting?.()
  }

  /** Called before the action runs, by the feature that adapts it. */
  provide(feature: RunFeature): void {
    this.#feature = feature
  }

  /** Commits what the run did, now that only the answer is left to do. See {@link RunFeature}. */
  keep(answer: Payload): Promise<RecordedAnswer | undefined> | undefined {
    return this.#feature?.keep(answer)
  }

  /** Undoes what the run did. See {@link RunFeature}. */
  undo(
    encodeFailure: () => Payload,
    notStarted: boolean,
    thrown: unknown,
  ): Promise<RecordedAnswer | undefined> | undefined {
    return this.#feature?.undo(encodeFailure, notStarted, thrown)
  }

  /** Undoes what the run did, for it to begin again. See {@link RunFeature}. */
  again(error: unknown, reruns: number): Promise<void> | undefined {
    return this.#feature?.again?.(error, reruns)
  }

  /** The idempotency key of the call. */
  get key(): string | undefined {
    return this.#call.metadata?.[keyEntry]
  }

  /** The call's data as it came. Only for recorded actions. */
  get givenData(): Payload {
    return this.#call.copyData()
  }

  /** Whether the call may have run at another server. */
  get mayHaveRun(): boolean {
    return this.#call.mayHaveRun
  }

  /** Nobody waits for the answer any more. */
  get isAbandoned(): boolean {
    return this.#call.abortReason !== undefined
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

  override get publish(): ServerView['publish'] {
    const outbox = this.#feature?.outbox
    if (outbox === undefined) return super.publish
    const server = this.server as unknown as OutboxPublisher // transactional actions run on servers only
    return (topic, message, options) => server[publishWith](outbox, topic, message, options)
  }

  override get client(): Caller {
    this.#client ??= this.#watched(super.client)
    return this.#client
  }

  override get log(): Logger {
    this.#log ??= withFields(super.log, {
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

  /** Waiting for a call to the client is also waiting for the client. */
  #watched(caller: Caller): Caller {
    const feature = this.#feature
    if (feature === undefined) return caller
    return {
      runAction: (action: never, data?: unknown, options?: RunOptions) => {
        const call = caller.runAction(action, data, options)
        // A no-op once it has ended.
        feature.forClient(call).catch((error: unknown) => call.cancel(String((error as Error | null)?.message)))
        return call as never
      },
    }
  }

  /** Sends an item. If it returns a promise, await it before the next. Throws when nobody waits for items any more. */
  push(item: unknown): Promise<void> | undefined {
    const call = this.#call
    if (call.abortReason !== undefined) throw call.abortReason
    const payload = this.#encodeItem(item)
    const isReady = this.#pushed === undefined && !(payload instanceof Promise)
    return isReady ? this.#pass(payload) : this.#pushLater(payload)
  }

  /** Settles when the items that are being checked are sent or refused. Undefined: there are none. */
  get pushed(): Promise<void> | undefined {
    return this.#pushed
  }

  /** In the order in which they were emitted. */
  #pushLater(payload: Payload | Promise<Payload>): Promise<void> {
    const emitted = Promise.all([payload, this.#pushed]).then(([ready]) => ({ isTaken: this.#pass(ready) }))
    this.#pushed = emitted.then(nothing, nothing)
    return emitted.then(({ isTaken }) => isTaken)
  }

  #pass(item: Payload): Promise<void> | undefined {
    if (this.#feature?.hold === undefined) return this.#call.emit(item)
    this.#feature.hold(item)
    return undefined
  }

  #emitItem(item: unknown): Promise<void> {
    let isTaken: Promise<void> | undefined
    try {
      isTaken = this.push(item)
    } catch (error) {
      return unawaited(Promise.reject(error), (lost) => this.#onLost(lost))
    }
    return isTaken === undefined ? sent : unawaited(this.#whenTaken(isTaken), (lost) => this.#onLost(lost))
  }

  async #whenTaken(isTaken: Promise<void>): Promise<void> {
    await this.untilTaken(isTaken)
    const { abortReason } = this.#call
    if (abortReason !== undefined) throw abortReason
  }

  /** Not logged when the caller has gone: that is not a fault. */
  #onLost(error: unknown): void {
    if (error !== this.#call.abortReason) this.log.warn({ error }, 'an item could not be sent')
  }
}

// Features of another copy of this package may be attached to a server of this one.
brand('isock.RunContext', RunContext)
