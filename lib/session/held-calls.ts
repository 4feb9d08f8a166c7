// When the calls of a session start. Immediately, unless their answers could not leave: while many bytes of answers wait
// for the link, and while the calls that run are likely to answer more than should wait, further calls are held, in order
// of arrival, with their data. Nothing that a reading peer is owed has to be thrown away then.
//
//   CALL ──> starts           waiting answers <= maxLedgerBytes, and with what is expected of the running calls
//     ╰───> held ──> starts   <= maxLedgerBytes + maxInFlightBytes; one call alone always may
//
// What is expected of a call is what its action answered lately. Calls that run for long without an answer must not hold
// the others forever: after each second in which calls are held for that reason alone, nothing is expected of them any more.
import type { Clock, Timer } from '../base/clock.ts'
import type { Limits } from '../base/options.ts'
import type { FramePort } from './frame-port.ts'
import type { IncomingCall } from './incoming-call.ts'
import type { CalledAction } from './name-refs.ts'

/** How long calls that do not answer hold back others. */
const expectForMs = 1_000
/** By 2^6-th parts: how fast an expectation comes down to what answers are now. It goes up immediately. */
const easing = 6

export interface HeldCallsOptions {
  readonly clock: Clock
  readonly limits: Limits
  /** How many bytes of answers wait for the link. */
  readonly answers: { readonly waitingBytes: number }
  readonly port: FramePort
  readonly start: (call: IncomingCall) => void
  /** All calls of the session, those that run among them. */
  readonly calls: readonly (IncomingCall | undefined)[]
}

export class HeldCalls {
  readonly #options: HeldCallsOptions
  readonly #maxWaitingBytes: number
  readonly #maxExpectedBytes: number
  #held: IncomingCall[] = []
  #head = 0
  #expectedBytes = 0
  #isStarting = false
  #timer: Timer | undefined

  constructor(options: HeldCallsOptions) {
    this.#options = options
    this.#maxWaitingBytes = options.limits.maxLedgerBytes
    this.#maxExpectedBytes = options.limits.maxLedgerBytes + options.limits.maxInFlightBytes
  }

  /** Starts the call now, or when there is room for its answer. */
  admit(call: IncomingCall): void {
    if (this.#head === this.#held.length && this.#mayStart(call)) return this.#start(call)
    call.isHeld = true
    call.keepData()
    this.#held.push(call)
    this.#timer ??= this.#options.clock.setTimer(this.#lookAgain, expectForMs)
  }

  /** A started call was answered, with a result of this size, or with none. */
  answered(call: IncomingCall, resultSize: number | undefined): void {
    this.#expectedBytes -= call.expectedBytes
    call.expectedBytes = 0
    if (resultSize !== undefined) learn(call.action, resultSize)
    if (this.#head < this.#held.length) this.startHeld()
  }

  /** Starts those for which there is room now. */
  startHeld(): void {
    // A handler that answers within its start comes here again.
    if (this.#isStarting || !this.#options.port.isAttached) return
    this.#isStarting = true
    while (this.#head < this.#held.length) {
      const call = this.#held[this.#head] as IncomingCall
      if (call.isHeld && !this.#mayStart(call)) break
      this.#head++
      if (!call.isHeld) continue
      call.isHeld = false
      call.admittedAtMs = this.#options.clock.now()
      this.#start(call)
    }
    this.#isStarting = false
    // Not with each call: there may be many that are held.
    if (this.#head * 2 < this.#held.length) return
    this.#held = this.#held.slice(this.#head)
    this.#head = 0
  }

  /** Takes all that are held out of here: none of them starts any more. */
  takeAll(): IncomingCall[] {
    const calls = this.#held.slice(this.#head).filter((call) => call.isHeld)
    this.#held = []
    this.#head = 0
    return calls
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#held = []
    this.#head = 0
  }

  #mayStart(call: IncomingCall): boolean {
    const { waitingBytes } = this.#options.answers
    if (waitingBytes > this.#maxWaitingBytes) return false
    const expectedBytes = this.#expectedBytes + call.action.expectedBytes
    return this.#expectedBytes === 0 || waitingBytes + expectedBytes <= this.#maxExpectedBytes
  }

  #start(call: IncomingCall): void {
    call.expectedBytes = call.action.expectedBytes
    this.#expectedBytes += call.expectedBytes
    this.#options.start(call)
  }

  readonly #lookAgain = (): void => {
    this.#timer = undefined
    if (this.#options.answers.waitingBytes <= this.#maxWaitingBytes) {
      for (const call of this.#options.calls) if (call !== undefined) call.expectedBytes = 0
      this.#expectedBytes = 0
      this.startHeld()
    }
    if (this.#head === this.#held.length) return
    this.#timer = this.#options.clock.setTimer(this.#lookAgain, expectForMs)
  }
}

function learn(action: CalledAction, size: number): void {
  const { expectedBytes } = action
  action.expectedBytes = size >= expectedBytes ? size : expectedBytes - ((expectedBytes - size) >> easing)
}
