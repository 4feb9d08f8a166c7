// The caller's end of one call: decodes what arrives, settles the Call's promise, hands items to the loop that iterates it.
import { keepContext } from '../base/async-context.ts'
import { type Clock, platformClock } from '../base/clock.ts'
import { deferred } from '../base/deferred.ts'
import { BusyError, CancelledError, IsockError } from '../base/errors.ts'
import { queueMicrotask } from '../base/platform-timers.ts'
import { lateError } from '../session/call-errors.ts'
import type { Fault, Retry } from '../session/fault.ts'
import type { Origin } from '../session/frame-port.ts'
import type { InboundStream, Taken } from '../session/inbound-stream.ts'
import type { InputProgress } from '../session/outbound-stream.ts'
import type { CallBounds, CallRequest, RawOutcome } from '../session/outgoing-call.ts'
import { OutgoingCall } from '../session/outgoing-call.ts'
import { decide, truthful } from '../session/retry-policy.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import type { ValueCodec, ValueRules } from '../wire/value-codec.ts'
import { callSite, withCallerStack } from './caller-stack.ts'
import { readFailure } from './remote-error.ts'

/** Sends calls, and resends them: a client, or a server's session. */
export interface CallRouter {
  /** The session of its calls, on a client. undefined on a server, which numbers its own calls separately. */
  readonly sessionId?: string
  /** Default: the platform's. */
  readonly clock?: Clock
  submit(call: PendingCall): void
  /** Settles a call that is not in a session at the moment. */
  giveUpDelayed(call: PendingCall, error: unknown): void
  /** Submits a refused call again later, if it can. Called before the session has released the call. */
  retryLater(call: PendingCall, refusal: IsockError): boolean
}

export interface PendingCallOptions {
  readonly request: CallRequest
  readonly bounds: CallBounds
  readonly router: CallRouter
  readonly codec: ValueCodec
  readonly rules: ValueRules
  /** The caller passed the action's class. */
  readonly hasClass: boolean
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

/** How the promise of the call is settled. */
export interface Settler {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** Runs something around a call. Never throws. */
export type Around = (send: () => Promise<unknown>) => Promise<unknown>

const endOfItems: Taken = { item: false, error: undefined }

export class PendingCall extends OutgoingCall {
  readonly codec: ValueCodec
  readonly rules: ValueRules
  readonly #router: CallRouter
  readonly #hasClass: boolean
  readonly #retryListener: ((retry: Retry) => void) | undefined
  readonly #site = callSite()
  #settler: Settler | undefined
  /** Readers that wait for items, in order. Empty: one will ask later. */
  #readers: ((taken: Taken) => void)[] | undefined
  #onDone: (() => void)[] | undefined
  #progressListeners: ((progress: InputProgress) => void)[] | undefined

  constructor(options: PendingCallOptions) {
    super(options.request, options.bounds)
    this.codec = options.codec
    this.rules = options.rules
    this.#router = options.router
    this.#hasClass = options.hasClass
    this.#retryListener = options.onRetry
  }

  /** Sends it; from now on it settles. */
  start(settler: Settler): void {
    this.#settler = settler
    this.#router.submit(this)
  }

  /**
   * Starts it within what `around` does, which sends it when it wants to, and whose outcome is the call's. One that ends before it is
   * sent ends for its user too, whatever is still done around it.
   */
  startWithin(settler: Settler, around: Around): void {
    const { clock } = this
    let hasLeft = false
    const own = deferred<unknown>()
    this.#settler = own
    own.promise.catch((error) => {
      if (!hasLeft) settler.reject(error)
    })
    const leftMs = this.deadlineAtMs - clock.now()
    const timer =
      leftMs === Number.POSITIVE_INFINITY ? undefined : clock.setTimer(() => this.fail(lateError(this)), leftMs)
    this.whenDone(() => timer?.cancel())
    const send = (): Promise<unknown> => {
      if (this.isOpen) {
        hasLeft = true
        timer?.cancel()
        this.showLife(clock.now())
        this.#router.submit(this)
      }
      return own.promise
    }
    around(send).then(
      (value) => {
        settler.resolve(value)
        this.cancel('it was answered by an interceptor')
      },
      (error) => {
        settler.reject(error)
        this.fail(error)
      },
    )
  }

  get clock(): Clock {
    return this.#router.clock ?? platformClock
  }

  get sessionId(): string | undefined {
    return this.#router.sessionId
  }

  /** Calls the listener with the progress of its input, from now on. */
  onProgress(listener: (progress: InputProgress) => void): void {
    this.#progressListeners ??= []
    this.#progressListeners.push(keepContext(listener))
  }

  /** Called when its input may have progressed. */
  reportProgress(): void {
    const { input } = this
    if (this.#progressListeners === undefined || input === undefined || !this.isOpen) return
    try {
      const { progress } = input
      for (const listener of this.#progressListeners) listener(progress)
    } catch (error) {
      this.fail(error)
    }
  }

  override makeProgress(): void {
    super.makeProgress()
    this.reportProgress()
  }

  /** Runs when the call is over. */
  whenDone(onDone: () => void): void {
    if (!this.isOpen) return onDone()
    this.#onDone ??= []
    this.#onDone.push(onDone)
  }

  cancel(message: string, cause?: unknown): void {
    if (this.isOpen) this.fail(new CancelledError(message, { cause, notStarted: this.state === 'waiting' }))
  }

  /** Ends it immediately with this error; the handler is cancelled. */
  fail(error: unknown): void {
    if (!this.isOpen) return
    if (this.home !== undefined) this.home.giveUp(this, error)
    else this.#router.giveUpDelayed(this, error)
  }

  /** Called when a reader will ask for an item later: items are kept for it. */
  expectReader(): void {
    if (this.items === undefined) this.#readers ??= []
    else this.items.expectReader()
  }

  /** Calls back with the next item, or the end. Readers are served in order. */
  take(onTaken: (taken: Taken) => void): void {
    if (this.items !== undefined) this.items.take(onTaken)
    else if (!this.isOpen) onTaken(endOfItems)
    else {
      this.#readers ??= []
      this.#readers.push(onTaken)
    }
  }

  override onItemsOpened(items: InboundStream): void {
    const readers = this.#readers
    if (readers === undefined) return
    this.#readers = undefined
    items.expectReader()
    for (const reader of readers) items.take(reader)
  }

  override onRefused(failure: Payload, origin: Origin): boolean {
    const refusal = this.#readFailure(failure, true, origin)
    if (!(refusal instanceof IsockError)) return false
    const fault = passingFault(refusal)
    return fault !== undefined && decide(this, fault, refusal) === 'delay' && this.#router.retryLater(this, refusal)
  }

  override saysUnknown(failure: Payload): boolean {
    const error = this.#readFailure(failure, false, { session: '', address: '' })
    return error instanceof IsockError && error.code === 'OUTCOME_UNKNOWN'
  }

  override onRetry(fault: Fault, reason: IsockError): void {
    const listener = this.#retryListener
    if (listener === undefined) return
    const { request, faults, retries } = this
    const retry: Retry = { action: request.name, fault, reason, faults, retries }
    // After this turn: what it throws ends the call, which the session has in its hands just now.
    queueMicrotask(() => {
      try {
        if (this.isOpen) listener(retry)
      } catch (error) {
        this.fail(error)
      }
    })
  }

  override onSettled(outcome: RawOutcome): void {
    const settler = this.#settler as Settler
    if (outcome.how === 'value') this.#resolve(outcome.value, settler)
    else {
      const isRemote = outcome.how === 'failure'
      const error = isRemote ? this.#readFailure(outcome.failure, outcome.notStarted, outcome.origin) : outcome.error
      const honest = error instanceof IsockError ? truthful(this, error) : error
      // An abort reason of the program is the rejection as it is.
      if (!isRemote && !(honest instanceof IsockError)) settler.reject(honest)
      else
        withCallerStack(honest, isRemote && honest === error ? 'keep' : 'drop', this.#site).then(
          settler.resolve,
          settler.reject,
        )
    }
    this.items?.end(undefined)
    const readers = this.#readers
    this.#readers = undefined
    if (readers !== undefined) for (const reader of readers) reader(endOfItems)
    const onDone = this.#onDone
    this.#onDone = undefined
    if (onDone !== undefined) for (const done of onDone) done()
  }

  #resolve(payload: Payload, settler: Settler): void {
    let value: unknown
    try {
      value = this.codec.decode(payload, this.rules)
    } catch (error) {
      withCallerStack(error, 'drop', this.#site).then(settler.resolve, settler.reject)
      return
    }
    settler.resolve(value)
  }

  #readFailure(failure: Payload, notStarted: boolean, origin: Origin): unknown {
    const { seq, request } = this
    return readFailure(this.codec, {
      failure,
      notStarted,
      origin,
      seq,
      action: request.name,
      hasClass: this.#hasClass,
    })
  }
}

/** Names a refusal that another attempt may overcome; undefined for others. */
function passingFault(refusal: IsockError): Fault | undefined {
  if (refusal instanceof BusyError) return 'refused as busy'
  return refusal.code === 'SHUTTING_DOWN' ? 'refused at the end' : undefined
}
