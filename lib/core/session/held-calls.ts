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
import type { IncomingCall } from './incoming-call.ts'
import type { LedgerCalls } from './life-signs.ts'
import type { CalledAction } from './name-refs.ts'

/** How long calls that do not answer hold back others. */
const expectForMs = 1_000
/** By 2^6-th parts: how fast an expectation comes down to what answers are now. It goes up immediately. */
const easing = 6

/** The session that the calls are of. */
export interface CallsHome {
  readonly clock: Clock
  readonly limits: Pick<Limits, 'maxLedgerBytes' | 'maxInFlightBytes'>
  readonly isAttached: boolean
  readonly callee: { startCall(call: IncomingCall): void }
}

/** How many bytes of answers wait for the link. */
export interface WaitingAnswers {
  readonly waitingBytes: number
}

const none: readonly IncomingCall[] = []

export class HeldCalls {
  readonly #home: CallsHome
  readonly #answers: WaitingAnswers
  readonly #calls: LedgerCalls
  #held: readonly IncomingCall[] = none
  #head = 0
  #expectedBytes = 0
  #isStarting = false
  #timer: Timer | undefined

  constructor(home: CallsHome, answers: WaitingAnswers, calls: LedgerCalls) {
    this.#home = home
    this.#answers = answers
    this.#calls = calls
  }

  /** Starts the call now, or when there is room for its answer. */
  admit(call: IncomingCall): void {
    if (this.#head === this.#held.length && this.#mayStart(call)) return this.#start(call)
    call.isHeld = true
    call.keepData()
    // A list of its own from the first one on.
    if (this.#held === none) this.#held = [call]
    else (this.#held as IncomingCall[]).push(call)
    this.#timer ??= this.#setTimer()
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
    if (this.#isStarting || !this.#home.isAttached) return
    this.#isStarting = true
    while (this.#head < this.#held.length) {
      const call = this.#held[this.#head] as IncomingCall
      if (call.isHeld && !this.#mayStart(call)) break
      this.#head++
      if (!call.isHeld) continue
      call.isHeld = false
      call.admittedAtMs = this.#home.clock.now()
      this.#start(call)
    }
    this.#isStarting = false
    // Not with each call: there may be many that are held.
    if (this.#head * 2 < this.#held.length) return
    this.#held = this.#head === this.#held.length ? none : this.#held.slice(this.#head)
    this.#head = 0
  }

  /** Takes all that are held out of here: none of them starts any more. */
  takeAll(): IncomingCall[] {
    const calls = this.#held.slice(this.#head).filter((call) => call.isHeld)
    this.#held = none
    this.#head = 0
    return calls
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#held = none
    this.#head = 0
  }

  #mayStart(call: IncomingCall): boolean {
    const { waitingBytes } = this.#answers
    const { maxLedgerBytes, maxInFlightBytes } = this.#home.limits
    if (waitingBytes > maxLedgerBytes) return false
    const expectedBytes = this.#expectedBytes + call.action.expectedBytes
    return this.#expectedBytes === 0 || waitingBytes + expectedBytes <= maxLedgerBytes + maxInFlightBytes
  }

  #start(call: IncomingCall): void {
    call.expectedBytes = call.action.expectedBytes
    this.#expectedBytes += call.expectedBytes
    this.#home.callee.startCall(call)
  }

  #setTimer(): Timer {
    return this.#home.clock.setTimer(() => this.#lookAgain(), expectForMs)
  }

  #lookAgain(): void {
    this.#timer = undefined
    if (this.#answers.waitingBytes <= this.#home.limits.maxLedgerBytes) {
      for (const call of this.#calls.all) if (call !== undefined) call.expectedBytes = 0
      this.#expectedBytes = 0
      this.startHeld()
    }
    if (this.#head === this.#held.length) return
    this.#timer = this.#setTimer()
  }
}

function learn(action: CalledAction, size: number): void {
  const { expectedBytes } = action
  action.expectedBytes = size >= expectedBytes ? size : expectedBytes - ((expectedBytes - size) >> easing)
}
