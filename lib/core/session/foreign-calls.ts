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
import { type IsockError, OutcomeUnknownError } from '../base/errors.ts'
import { type CallFrame, type CreditFrame, type FailureFrame, Kind, type ResultFrame } from '../wire/frames/frame.ts'
import type { CallRecords, RecordedAnswer } from './call-records.ts'
import type { CallKeeper, IncomingCall } from './incoming-call.ts'
import type { OutboundStream } from './outbound-stream.ts'
import type { ErrorEncoder } from './refusals.ts'

/** The ledger that has the calls. */
export interface ForeignHome {
  onAnswered(call: IncomingCall, answer: ResultFrame | FailureFrame, isRecorded?: boolean, wasAbandoned?: boolean): void
  openItems(call: IncomingCall): OutboundStream
  onWeighed(bytes: number): void
  /** Starts a call for which there is no answer. */
  start(call: IncomingCall): void
}

export class ForeignCalls implements CallKeeper {
  readonly mayHaveRun = true
  readonly #records: CallRecords
  readonly #home: ForeignHome
  readonly #errors: ErrorEncoder
  /** Calls whose answer is being recorded. */
  readonly #recording = new Set<IncomingCall>()
  /** The last credit of calls without items. */
  readonly #credits = new Map<IncomingCall, CreditFrame>()
  #isOver = false
  #isEnded = false

  constructor(records: CallRecords, home: ForeignHome, errors: ErrorEncoder) {
    this.#records = records
    this.#home = home
    this.#errors = errors
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
    this.#records.find(call.seq).then(
      (recorded) => this.#onFound(call, recorded, refusal),
      () => call.answerWith(this.#unknown(call), true),
    )
  }

  /** Called when the session has ended here. Nothing is recorded from now on: its calls are left to the server that continues it. */
  end(): void {
    this.#isEnded = true
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
    const settle = (recorded: RecordedAnswer): void => {
      this.#recording.delete(call)
      this.#replay(call, recorded, call.isAbandoned || wasAbandoned)
      // Its handler had ended before it was given up.
      if (!wasAbandoned) call.endAbandoned()
    }
    this.#records
      .record(call.seq, call.name, answer)
      .then(settle, () => settle({ answer: this.#unknown(call), items: [] }))
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
    return { kind: Kind.Failure, seq, items: 0, notStarted: false, error: this.#errors.encodeError(error) }
  }
}
