// Shows life to the callers of calls that wait here for a full link, held or answered, so that they do not time out by silence. Sends
// an INPUT_CREDIT that grants nothing.
import type { Clock, Timer } from '../base/clock.ts'
import { Kind } from '../wire/frames/frame.ts'
import type { FramePort } from './frame-port.ts'
import type { IncomingCall } from './incoming-call.ts'

/** By default a caller waits for a minute of silence. */
const everyMs = 15_000

/** All calls of the ledger, including those that run. */
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

  /** Called when a call waits for the link. */
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
