// Shows life to the callers of calls that wait here for a full link, held or answered: the time after which a caller takes
// silence for death must not end them. An INPUT_CREDIT that grants nothing says it.
import type { Clock, Timer } from '../base/clock.ts'
import { Kind } from '../wire/frames/frame.ts'
import type { FramePort } from './frame-port.ts'
import type { IncomingCall } from './incoming-call.ts'

/** A caller's default bound is a minute. */
const everyMs = 15_000

/** All calls of the ledger, those that run among them. */
export interface LedgerCalls {
  readonly all: readonly (IncomingCall | undefined)[]
}

export class LifeSigns {
  readonly #clock: Clock
  readonly #port: FramePort
  readonly #calls: LedgerCalls
  #timer: Timer | undefined
  #isClosed = false

  constructor(clock: Clock, port: FramePort, calls: LedgerCalls) {
    this.#clock = clock
    this.#port = port
    this.#calls = calls
  }

  /** A call waits for the link. */
  watch(): void {
    if (!this.#isClosed) this.#timer ??= this.#clock.setTimer(this.#show, everyMs)
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  readonly #show = (): void => {
    this.#timer = undefined
    for (const call of this.#calls.all) {
      if (call === undefined || !(call.isHeld || call.answerPlace === 'waiting')) continue
      this.#port.send({ kind: Kind.InputCredit, seq: call.seq, received: 0, granted: 0 })
      this.watch()
    }
  }
}
