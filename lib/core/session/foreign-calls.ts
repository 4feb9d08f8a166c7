// The calls of an adopted session that may have run at the server that had it before. Nothing is answered to such a call before its
// answer is recorded: else that server, if it only stood still, could run the call after its caller heard that it never started.
//
//   CALL, attempt > 1, seq unknown ──> recorded action: look for its answer ──found──> replay
//                                      │                        ╰──none──> start, or refuse; the answer is recorded first
//                                      ├─> idempotent: start; a refusal is an unknown outcome
//                                      ╰─> any other: its outcome is unknown
//   CANCEL, seq unknown            ──> record that it never started, or replay
//
// A client sends its old calls again before it makes new ones. So its first CALL with attempt 1 ends the time in which an unknown number
// may have run elsewhere.
import type { Clock, Timer } from '../base/clock.ts'
import { type IsockError, OutcomeUnknownError } from '../base/errors.ts'
import { type CallFrame, type CreditFrame, type FailureFrame, Kind, type ResultFrame } from '../wire/frames/frame.ts'
import type { CallRecords, RecordedAnswer } from './call-records.ts'
import type { CallKeeper, IncomingCall } from './incoming-call.ts'
import type { OutboundStream } from './outbound-stream.ts'
import type { ErrorEncoder } from './refusals.ts'

/** How long it waits before it asks again for what could not be found out. */
const askAgainMs = 200

/** The ledger that has the calls. */
export interface ForeignHome {
  onAnswered(call: IncomingCall, answer: ResultFrame | FailureFrame, isRecorded?: boolean, wasAbandoned?: boolean): void
  openItems(call: IncomingCall): OutboundStream
  onWeighed(bytes: number): void
  /** Starts a call for which there is no answer. */
  start(call: IncomingCall): void
}

/** What is around a ledger. */
export interface ForeignSurroundings {
  readonly clock: Clock
  readonly callee: ErrorEncoder
}

export class ForeignCalls implements CallKeeper {
  readonly mayHaveRun = true
  readonly #records: CallRecords
  readonly #home: ForeignHome
  readonly #around: ForeignSurroundings
  /** Calls whose answer is being recorded. */
  readonly #recording = new Set<IncomingCall>()
  /** The last credit of calls without items. */
  readonly #credits = new Map<IncomingCall, CreditFrame>()
  #isOver = false
  #isEnded = false
  /** What is to be asked again. */
  #again: (() => void)[] = []
  #timer: Timer | undefined

  constructor(records: CallRecords, home: ForeignHome, around: ForeignSurroundings) {
    this.#records = records
    this.#home = home
    this.#around = around
  }

  /** Whether calls with unknown numbers may still have run elsewhere. */
  get isOpen(): boolean {
    return !this.#isOver
  }

  /** Whether this call, which is unknown here, may have run elsewhere. */
  includes({ attempt }: CallFrame): boolean {
    if (attempt <= 1) this.#isOver = true
    return !this.#isOver
  }

  /** Replays the answer of a call, or starts it, or refuses it with `refusal`. It has its slot. */
  admit(call: IncomingCall, refusal: FailureFrame | undefined): void {
    const kind = this.#records.kindOf(call.name)
    if (kind === 'other') return call.answerWith(this.#unknown(call), true)
    if (kind === 'idempotent') return this.#begin(call, refusal)
    call.isHeld = true
    call.keepData()
    this.#find(call, refusal)
  }

  /** Called when the session has ended here. Nothing is recorded from now on: its calls are left to the server that continues it. */
  end(): void {
    this.#isEnded = true
    this.#askAgain()
  }

  onAnswered(call: IncomingCall, answer: ResultFrame | FailureFrame, isRecorded = false): void {
    const wasAbandoned = call.isAbandoned
    if (this.#recording.has(call)) return
    if (isRecorded || this.#isEnded) return this.#pass(call, answer)
    // A call without a name was cancelled before it came.
    const kind = call.name === '' ? 'recorded' : this.#records.kindOf(call.name)
    if (kind !== 'recorded') {
      const isRefusal = answer.kind === Kind.Failure && answer.notStarted
      return this.#pass(call, isRefusal ? this.#unknown(call) : answer)
    }
    this.#recording.add(call)
    this.#record(call, answer, wasAbandoned)
  }

  /** Called with what a caller has had of items that may be replayed to it, and takes more. */
  onCredit(call: IncomingCall, credit: CreditFrame): void {
    if (call.state === 'running') this.#credits.set(call, credit)
  }

  openItems(call: IncomingCall): OutboundStream {
    return this.#home.openItems(call)
  }

  onWeighed(bytes: number): void {
    this.#home.onWeighed(bytes)
  }

  /** Asks for its answer, until the store can say: as long as the caller waits. */
  #find(call: IncomingCall, refusal: FailureFrame | undefined): void {
    this.#records.find(call.seq).then(
      (recorded) => this.#onFound(call, recorded, refusal),
      () => {
        if (this.#isAwaited(call)) this.#later(() => this.#find(call, refusal))
        else call.answerWith(this.#unknown(call), true)
      },
    )
  }

  /** Records its answer, and sends the one that counts. */
  #record(call: IncomingCall, answer: ResultFrame | FailureFrame, wasAbandoned: boolean): void {
    const settle = (recorded: RecordedAnswer): void => {
      this.#recording.delete(call)
      this.#replay(call, recorded, call.isAbandoned || wasAbandoned)
      // Its handler had ended before it was given up.
      if (!wasAbandoned) call.endAbandoned()
    }
    const giveUp = (): void => settle({ answer: this.#unknown(call), items: [] })
    // It waited for the store, and the session has ended here meanwhile.
    if (this.#isEnded) return giveUp()
    this.#records.record(call.seq, call.name, answer).then(settle, () => {
      if (this.#isAwaited(call)) this.#later(() => this.#record(call, answer, wasAbandoned))
      else giveUp()
    })
  }

  #isAwaited(call: IncomingCall): boolean {
    return !this.#isEnded && call.state === 'running' && call.abortReason === undefined
  }

  #later(ask: () => void): void {
    this.#again.push(ask)
    this.#timer ??= this.#around.clock.setTimer(this.#askAgain, askAgainMs)
  }

  readonly #askAgain = (): void => {
    this.#timer?.cancel()
    this.#timer = undefined
    const again = this.#again
    this.#again = []
    for (const ask of again) ask()
  }

  #onFound(call: IncomingCall, recorded: RecordedAnswer | undefined, refusal: FailureFrame | undefined): void {
    // It may have been given up meanwhile, which is being recorded.
    if (call.state !== 'running' || !call.isHeld) return
    if (recorded === undefined) return this.#begin(call, refusal)
    call.isHeld = false
    this.#replay(call, recorded, call.isAbandoned)
  }

  #pass(call: IncomingCall, answer: ResultFrame | FailureFrame): void {
    this.#credits.delete(call)
    this.#home.onAnswered(call, answer)
  }

  #replay(call: IncomingCall, { items, answer }: RecordedAnswer, wasAbandoned: boolean): void {
    if (items.length > 0) call.items ??= this.openItems(call)
    for (const item of items) call.items?.push(item, true)
    const credit = this.#credits.get(call)
    this.#credits.delete(call)
    // A caller cannot have had more than there are.
    if (credit !== undefined && credit.received <= items.length) call.items?.onCredit(credit.received, credit.granted)
    this.#home.onAnswered(call, answer, true, wasAbandoned)
  }

  #begin(call: IncomingCall, refusal: FailureFrame | undefined): void {
    if (refusal === undefined) return this.#home.start(call)
    call.isHeld = false
    call.answerWith(refusal)
  }

  #unknown({ seq, name }: IncomingCall): FailureFrame {
    const error: IsockError = new OutcomeUnknownError(
      `action "${name}" was sent to a server that is gone: its outcome is unknown`,
    )
    return { kind: Kind.Failure, seq, items: 0, notStarted: false, error: this.#around.callee.encodeError(error) }
  }
}
