// Decides when the calls of a session start: immediately, unless their answers could not be sent. While many bytes of answers wait for
// the link, or the running calls are expected to answer more than should wait, further calls are held with their data, in order
// of arrival. So no answer has to be dropped while the peer reads.
//
//   CALL ──> starts           waiting answers <= maxLedgerBytes, and with what is expected of the running calls
//     ╰───> held ──> starts   <= maxLedgerBytes + maxInFlightBytes; one call alone always may
//
// The size of an answer is estimated by the recent answers of its action. Calls that run for long must not hold the others forever:
// after each second in which calls are held for that reason alone, nothing is expected of the running calls any more.
import type { Clock, Timer } from '../base/clock.ts'
import type { Limits } from '../base/options.ts'
import type { IncomingCall } from './incoming-call.ts'
import type { LedgerCalls } from './life-signs.ts'
import type { CalledAction } from './name-refs.ts'

/** How long running calls without an answer hold back others. */
const expectForMs = 1_000
/** How fast an estimate falls to the size of current answers: by 2^6-th parts. It rises immediately. */
const easing = 6

/** The session of the calls. */
export interface CallsHome {
  readonly clock: Clock
  readonly limits: Pick<Limits, 'maxLedgerBytes' | 'maxInFlightBytes'>
  readonly isAttached: boolean
  readonly callee: { startCall(call: IncomingCall): void }
}

/** The bytes of answers that wait for the link. */
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
    // The shared empty list is replaced with the first one.
    if (this.#held === none) this.#held = [call]
    else (this.#held as IncomingCall[]).push(call)
    this.#timer ??= this.#setTimer()
  }

  /** Called when a started call was answered, with a result of this size, if any. */
  answered(call: IncomingCall, resultSize: number | undefined): void {
    this.#expectedBytes -= call.expectedBytes
    call.expectedBytes = 0
    if (resultSize !== undefined) learn(call.action, resultSize)
    if (this.#head < this.#held.length) this.startHeld()
  }

  /** Starts the calls for which there is room now. */
  startHeld(): void {
    // A handler that answers within its start calls this recursively.
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
    // Not after each call, because many may be held.
    if (this.#head * 2 < this.#held.length) return
    this.#held = this.#head === this.#held.length ? none : this.#held.slice(this.#head)
    this.#head = 0
  }

  /** Removes all held calls: none of them starts any more. */
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
