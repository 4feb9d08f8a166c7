// When the calls of all sessions start. As long as handlers leave the processor free that is at once. When they keep
// it, each turn of the event loop runs them for a slice of time only, so that sockets are read in between: what was
// cancelled or grew late meanwhile is answered without being started. A server that ran all that it has read would
// run, in the end, nothing but calls whose callers have gone.
//
//   CALL ──> run at once                     while handlers take little of the processor
//     ╰────> waits ──> run, slice by slice   while they take all of it
//                ╰───> refused as busy, or answered as late: not started
import type { Clock } from '../base/clock.ts'
import { BusyError, CancelledError, DeadlineError, type IsockError } from '../base/errors.ts'
import { setImmediate } from '../base/platform-timers.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import { Kind } from '../wire/frame.ts'
import type { Payload } from '../wire/payload.ts'

/** Who runs a call when its turn has come. */
export interface RunStarter {
  run(call: IncomingCall): void
  encodeError(error: IsockError): Payload
}

interface WaitingCall {
  readonly call: IncomingCall
  readonly starter: RunStarter
  /** From then on it is not started any more. */
  readonly giveUpAtMs: number
}

/** What handlers may take of the processor before sockets get their turn. */
const sliceMs = 10

export class RunQueue {
  readonly #clock: Clock
  readonly #maxRunningCalls: number
  #waiting: WaitingCall[] = []
  #head = 0
  #unansweredCount = 0
  #admittedCount = 0
  #spentMs = 0
  #isYielding = false

  constructor(clock: Clock, maxRunningCalls: number) {
    this.#clock = clock
    this.#maxRunningCalls = maxRunningCalls
  }

  /** All calls that were taken so far. */
  get admittedCount(): number {
    return this.#admittedCount
  }

  /** Why no more calls are taken at the moment, if so. */
  refusal(): BusyError | undefined {
    if (this.#unansweredCount < this.#maxRunningCalls) return undefined
    return new BusyError(`${this.#maxRunningCalls} calls run at this server already`)
  }

  /** Runs the call now, or when those before it had their turn. */
  start(call: IncomingCall, starter: RunStarter): void {
    this.#unansweredCount++
    this.#admittedCount++
    call.whenAnswered = this.#onAnswered
    // It was admitted in this very moment.
    if (!this.#isYielding) this.#start(call, starter, Number.POSITIVE_INFINITY, call.admittedAtMs)
    else {
      call.keepData()
      this.#waiting.push({ call, starter, giveUpAtMs: halfOf(call) })
    }
  }

  #start(call: IncomingCall, starter: RunStarter, giveUpAtMs: number, nowMs: number): void {
    const refusal = refusalOf(call, nowMs, giveUpAtMs)
    if (refusal === undefined) starter.run(call)
    else {
      const error = starter.encodeError(refusal)
      call.answerWith({ kind: Kind.Failure, seq: call.seq, items: 0, notStarted: true, error })
    }
    this.#spentMs += this.#clock.now() - nowMs
    if (this.#spentMs < sliceMs || this.#isYielding) return
    this.#isYielding = true
    setImmediate(this.#goOn)
  }

  readonly #goOn = (): void => {
    this.#isYielding = false
    this.#spentMs = 0
    while (!this.#isYielding && this.#head < this.#waiting.length) {
      const { call, starter, giveUpAtMs } = this.#waiting[this.#head++] as WaitingCall
      this.#start(call, starter, giveUpAtMs, this.#clock.now())
    }
    // Not with each slice: there may be many more that wait than one slice runs.
    if (this.#head * 2 < this.#waiting.length) return
    this.#waiting = this.#waiting.slice(this.#head)
    this.#head = 0
  }

  readonly #onAnswered = (): void => {
    this.#unansweredCount--
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
  const { name, abortReason, deadlineAtMs } = call
  if (deadlineAtMs <= nowMs || abortReason instanceof DeadlineError)
    return new DeadlineError(`the time for action "${name}" ran out before it started`, { notStarted: true })
  if (abortReason !== undefined)
    return new CancelledError(`action "${name}" was cancelled before it started`, {
      cause: abortReason,
      notStarted: true,
    })
  if (giveUpAtMs <= nowMs) return new BusyError(`action "${name}" waited for half of its time and could not start`)
  return undefined
}
