// The queue that starts the calls of all sessions. While handlers leave the processor free, calls start immediately. When
// they keep it busy, each turn of the event loop runs calls for a slice of time only, so that sockets are read in between: a
// call that was cancelled or timed out meanwhile is answered without being started. A server that ran everything it has read
// would end up running nothing but calls whose callers have gone.
// Waiting calls take turns between addresses (call-turns.ts). Near the limit of running calls, an address with more than a
// fair share gets no more, and makes room for others (room-for-calls.ts).
//
//   CALL ──> run immediately                 while handlers take little processor time
//     ╰────> waits ──> run, slice by slice   while they take all of it
//                ╰───> rejected as busy, or answered as late: not started
import type { Holder } from '../accounting/holders.ts'
import type { Clock } from '../base/clock.ts'
import { BusyError, type IsockError } from '../base/errors.ts'
import { queueMicrotask, setImmediate } from '../base/platform-timers.ts'
import { errorBeforeStart } from '../session/callee-errors.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import { Kind } from '../wire/frames/frame.ts'
import { CallTurns, type RunStarter } from './call-turns.ts'

/** A fraction of the bound: while more calls run, no address gets more than a fair share, so that there is room for others. */
const sharedPart = 3 / 4
/** An address may have at most this multiple of what is left: so one with few calls finds room, even if many others come. */
const mostOfFree = 2
/** The processor time that handlers may take before sockets get their turn. */
const sliceMs = 10

export interface RunQueueEvents {
  /** Called when the last call of a holder without accounts has ended. */
  onIdle(holder: Holder): void
  /** Called when an address with less than this fair share was rejected. */
  onScarce(share: number): void
}

export class RunQueue {
  readonly #clock: Clock
  readonly #maxRunningCalls: number
  readonly #sharedCount: number
  readonly #events: RunQueueEvents
  readonly #waiting = new CallTurns()
  /** Errors, each created once: an error costs more than a small call, and many calls may be rejected. */
  #full: BusyError | undefined
  #unfair: BusyError | undefined
  #unansweredCount = 0
  /** The number of holders with running calls. */
  #holderCount = 0
  #admittedCount = 0
  #spentMs = 0
  #sliceEndsAtMs = 0
  #startedAtMs = 0
  #isYielding = false
  #lastStarted: string | undefined
  #longest: string | undefined
  #longestMs = 0

  constructor(clock: Clock, maxRunningCalls: number, events: RunQueueEvents) {
    this.#events = events
    this.#clock = clock
    this.#maxRunningCalls = maxRunningCalls
    this.#sharedCount = maxRunningCalls * sharedPart
  }

  /** All calls accepted so far. */
  get admittedCount(): number {
    return this.#admittedCount
  }

  /** The action of the call that started last. */
  get lastStarted(): string | undefined {
    return this.#lastStarted
  }

  /** The action that kept the processor longest since the last call of this method, and for how long: until its first real wait. */
  takeLongest(): { readonly action: string | undefined; readonly tookMs: number } {
    const longest = { action: this.#longest, tookMs: this.#longestMs }
    this.#longest = undefined
    this.#longestMs = 0
    return longest
  }

  /** The reason why no more calls of this holder are currently accepted, if any. */
  refusal(starter: Pick<RunStarter, 'holder'>): BusyError | undefined {
    const count = this.#unansweredCount
    if (count < this.#sharedCount) return undefined
    const { running } = starter.holder
    const share = Math.max(1, this.#sharedCount / this.#holderCount)
    if (running < share) {
      if (running < (this.#maxRunningCalls - count) * mostOfFree) return undefined
      this.#events.onScarce(share)
    }
    if (count < this.#maxRunningCalls) {
      this.#unfair ??= new BusyError(
        `the server is near its limit of ${this.#maxRunningCalls} running calls, and this address has its share of them`,
      )
      return this.#unfair
    }
    this.#full ??= new BusyError(`the server is at its limit of ${this.#maxRunningCalls} running calls`)
    return this.#full
  }

  /** Runs the call now, or after those before it. */
  start(call: IncomingCall, starter: RunStarter): void {
    const { holder } = starter
    this.#unansweredCount++
    this.#admittedCount++
    if (holder.running++ === 0) this.#holderCount++
    call.holder = holder
    call.whenAnswered = this.#onAnswered
    // It was admitted just now.
    if (!this.#isYielding) this.#start(call, starter, Number.POSITIVE_INFINITY, call.admittedAtMs)
    else {
      call.keepData()
      this.#waiting.add({ call, starter, giveUpAtMs: halfOf(call) })
    }
  }

  #start(call: IncomingCall, starter: RunStarter, giveUpAtMs: number, nowMs: number): void {
    const refusal = refusalOf(call, nowMs, giveUpAtMs)
    if (refusal === undefined) {
      this.#lastStarted = call.name
      starter.run(call)
    } else {
      const error = starter.encodeError(refusal)
      call.answerWith({ kind: Kind.Failure, seq: call.seq, items: 0, notStarted: true, error })
    }
    if (this.#isYielding) return
    const tookMs = this.#clock.now() - nowMs
    this.#spentMs += tookMs
    if (this.#spentMs < sliceMs) return
    this.#took(tookMs)
    this.#isYielding = true
    setImmediate(this.#runSlice)
  }

  readonly #runSlice = (): void => {
    this.#startedAtMs = this.#clock.now()
    this.#sliceEndsAtMs = this.#startedAtMs + sliceMs
    this.#startNext()
  }

  /** Starts the next call in a microtask, so that the one before it runs first past its `await`s: handlers do most of their work there. */
  readonly #startNext = (): void => {
    const nowMs = this.#clock.now()
    const tookMs = nowMs - this.#startedAtMs
    this.#took(tookMs)
    this.#waiting.over(tookMs)
    if (this.#waiting.isEmpty) {
      this.#isYielding = false
      this.#spentMs = 0
    } else if (nowMs >= this.#sliceEndsAtMs) setImmediate(this.#runSlice)
    else {
      this.#startedAtMs = nowMs
      const { call, starter, giveUpAtMs } = this.#waiting.begin()
      this.#start(call, starter, giveUpAtMs, nowMs)
      queueMicrotask(this.#startNext)
    }
  }

  /** Called when the call that started last returned, unless it was quick. */
  #took(tookMs: number): void {
    if (tookMs <= this.#longestMs) return
    this.#longestMs = tookMs
    this.#longest = this.#lastStarted
  }

  readonly #onAnswered = (call: IncomingCall): void => {
    const holder = call.holder as Holder
    this.#unansweredCount--
    if (--holder.running > 0) return
    this.#holderCount--
    if (holder.hasLeft) this.#events.onIdle(holder)
  }
}

/**
 * A call that has waited for half of its time is rejected while the caller can still go elsewhere. Started later, it would
 * take the time of others and be late itself.
 */
function halfOf({ admittedAtMs, deadlineAtMs }: IncomingCall): number {
  return admittedAtMs + (deadlineAtMs - admittedAtMs) / 2
}

function refusalOf(call: IncomingCall, nowMs: number, giveUpAtMs: number): IsockError | undefined {
  const error = errorBeforeStart(call, nowMs)
  if (error !== undefined || giveUpAtMs > nowMs) return error
  return new BusyError(`action "${call.name}" waited for half of its time and could not start`)
}
