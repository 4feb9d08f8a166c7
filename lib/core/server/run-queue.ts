// When the calls of all sessions start. As long as handlers leave the processor free that is at once. When they keep
// it, each turn of the event loop runs them for a slice of time only, so that sockets are read in between: what was
// cancelled or grew late meanwhile is answered without being started. A server that ran all that it has read would
// run, in the end, nothing but calls whose callers have gone.
// Those that wait take turns between addresses (call-turns.ts). While nearly as many calls run as may, who has more than a
// fair share of them gets no more, and makes room for others (room-for-calls.ts).
//
//   CALL ──> run at once                     while handlers take little of the processor
//     ╰────> waits ──> run, slice by slice   while they take all of it
//                ╰───> refused as busy, or answered as late: not started
import type { Holder } from '../accounting/holders.ts'
import type { Clock } from '../base/clock.ts'
import { BusyError, type IsockError } from '../base/errors.ts'
import { queueMicrotask, setImmediate } from '../base/platform-timers.ts'
import { errorBeforeStart } from '../session/callee-errors.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import { Kind } from '../wire/frames/frame.ts'
import { CallTurns, type RunStarter } from './call-turns.ts'

/** Of the bound: while more calls run, nobody gets more than a fair share, so that there is room for others. */
const sharedPart = 3 / 4
/** Nor does anybody have more than so many times what is left: who has little finds room, however many others come. */
const mostOfFree = 2
/** What handlers may take of the processor before sockets get their turn. */
const sliceMs = 10

export interface RunQueueEvents {
  /** The last call of a holder has ended that has nothing else any more. */
  onIdle(holder: Holder): void
  /** An address with less than this fair share was refused. */
  onScarce(share: number): void
}

export class RunQueue {
  readonly #clock: Clock
  readonly #maxRunningCalls: number
  readonly #sharedCount: number
  readonly #events: RunQueueEvents
  readonly #waiting = new CallTurns()
  /** Refusals, each made once: an error costs more than a small call, and those that are refused may be many. */
  #full: BusyError | undefined
  #unfair: BusyError | undefined
  #unansweredCount = 0
  /** Of those whose calls run. */
  #holderCount = 0
  #admittedCount = 0
  #spentMs = 0
  #sliceEndsAtMs = 0
  #startedAtMs = 0
  #isYielding = false

  constructor(clock: Clock, maxRunningCalls: number, events: RunQueueEvents) {
    this.#events = events
    this.#clock = clock
    this.#maxRunningCalls = maxRunningCalls
    this.#sharedCount = maxRunningCalls * sharedPart
  }

  /** All calls that were taken so far. */
  get admittedCount(): number {
    return this.#admittedCount
  }

  /** Why no more calls of this holder are taken at the moment, if so. */
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
        `many calls run at this server, of ${this.#maxRunningCalls} that may, and this address has its share of them`,
      )
      return this.#unfair
    }
    this.#full ??= new BusyError(`as many calls run at this server as may: ${this.#maxRunningCalls}`)
    return this.#full
  }

  /** Runs the call now, or when those before it had their turn. */
  start(call: IncomingCall, starter: RunStarter): void {
    const { holder } = starter
    this.#unansweredCount++
    this.#admittedCount++
    if (holder.running++ === 0) this.#holderCount++
    call.holder = holder
    call.whenAnswered = this.#onAnswered
    // It was admitted in this very moment.
    if (!this.#isYielding) this.#start(call, starter, Number.POSITIVE_INFINITY, call.admittedAtMs)
    else {
      call.keepData()
      this.#waiting.add({ call, starter, giveUpAtMs: halfOf(call) })
    }
  }

  #start(call: IncomingCall, starter: RunStarter, giveUpAtMs: number, nowMs: number): void {
    const refusal = refusalOf(call, nowMs, giveUpAtMs)
    if (refusal === undefined) starter.run(call)
    else {
      const error = starter.encodeError(refusal)
      call.answerWith({ kind: Kind.Failure, seq: call.seq, items: 0, notStarted: true, error })
    }
    if (this.#isYielding) return
    this.#spentMs += this.#clock.now() - nowMs
    if (this.#spentMs < sliceMs) return
    this.#isYielding = true
    setImmediate(this.#goOn)
  }

  readonly #goOn = (): void => {
    this.#startedAtMs = this.#clock.now()
    this.#sliceEndsAtMs = this.#startedAtMs + sliceMs
    this.#startNext()
  }

  /** One after the other, each after what the one before it has started: most of what handlers do, they do behind an `await`. */
  readonly #startNext = (): void => {
    const nowMs = this.#clock.now()
    this.#waiting.over(nowMs - this.#startedAtMs)
    if (this.#waiting.isEmpty) {
      this.#isYielding = false
      this.#spentMs = 0
    } else if (nowMs >= this.#sliceEndsAtMs) setImmediate(this.#goOn)
    else {
      this.#startedAtMs = nowMs
      const { call, starter, giveUpAtMs } = this.#waiting.begin()
      this.#start(call, starter, giveUpAtMs, nowMs)
      queueMicrotask(this.#startNext)
    }
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
 * Who has waited for half of its time is refused while the caller can still go elsewhere. Started later it would take
 * the time of others and be late itself.
 */
function halfOf({ admittedAtMs, deadlineAtMs }: IncomingCall): number {
  return admittedAtMs + (deadlineAtMs - admittedAtMs) / 2
}

function refusalOf(call: IncomingCall, nowMs: number, giveUpAtMs: number): IsockError | undefined {
  const error = errorBeforeStart(call, nowMs)
  if (error !== undefined || giveUpAtMs > nowMs) return error
  return new BusyError(`action "${call.name}" waited for half of its time and could not start`)
}
