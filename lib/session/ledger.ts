// The callee's half of a session: what was asked for, by slot, and what was answered. It makes a repeated call
// join the run or get the stored answer, and never lets one run twice.
//
//   CALL seq, entry of its slot:   none or an older, settled one  -> admit, or refuse as not started
//                                  the same seq, running          -> join: the answer will come by this link
//                                  the same seq, answered         -> send the stored answer again
//                                  a newer seq                    -> stale: its caller has settled it, say nothing
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { type IsockError, ProtocolError } from '../base/errors.ts'
import {
  type AckFrame,
  type CallFrame,
  type CancelFrame,
  CancelReason,
  type CreditFrame,
  type InputEndFrame,
  type ItemFrame,
  Kind,
} from '../wire/frame.ts'
import { payloadSize } from '../wire/payload.ts'
import { AbandonedCalls } from './abandoned-calls.ts'
import { AnswerStore } from './answer-store.ts'
import { cancelErrorFor, errorBeforeStart } from './call-errors.ts'
import { CallStreams } from './call-streams.ts'
import { CallTable } from './call-table.ts'
import { HeldCalls } from './held-calls.ts'
import { type AbortScope, type CallKeeper, IncomingCall } from './incoming-call.ts'
import type { LedgerOptions } from './ledger-options.ts'
import { LifeSigns } from './life-signs.ts'
import type { CalledAction } from './name-refs.ts'
import type { OutboundStream } from './outbound-stream.ts'
import { Refusals } from './refusals.ts'
import { RunLoad } from './run-load.ts'

export class Ledger implements CallKeeper {
  readonly #options: LedgerOptions
  readonly #slotCount: number
  readonly #calls: CallTable
  readonly #answers: AnswerStore
  readonly #deadlines: DeadlineSweep
  readonly #load: RunLoad
  readonly #streams: CallStreams
  readonly #held: HeldCalls
  readonly #signs: LifeSigns
  readonly #abandoned: AbandonedCalls
  #isEnded = false
  readonly #refusals: Refusals

  constructor(options: LedgerOptions) {
    this.#options = options
    this.#slotCount = options.limits.maxCallsInFlight
    const { clock, limits, account, port, encodeError } = options
    this.#calls = new CallTable(limits.maxCallsInFlight, account)
    const calls = this.#calls.all
    this.#refusals = new Refusals(encodeError)
    this.#signs = new LifeSigns(clock, port, calls)
    this.#answers = new AnswerStore({ limits, account, port, encodeError, onWaiting: () => this.#signs.watch() })
    this.#streams = new CallStreams(options)
    this.#load = new RunLoad(limits.maxInFlightBytes, account, options.onBusyChange)
    this.#deadlines = new DeadlineSweep(options.clock, this.#sweep)
    this.#held = new HeldCalls({ clock, limits, port, start: options.startCall, calls, answers: this.#answers })
    this.#abandoned = new AbandonedCalls(options, this.#load)
  }

  get runningCount(): number {
    return this.#load.count
  }

  /** The peer's calls, those that were answered among them. */
  get calls(): CallTable {
    return this.#calls
  }

  /** Calls that were answered, but the answer waits for items or for a link that takes more. */
  get unsentCount(): number {
    return this.#answers.unsentCount
  }

  /** Everything that was asked for is answered, and each answer went over the current link or is acknowledged. */
  get isClean(): boolean {
    if (this.#load.count > 0) return false
    return this.#calls.all.every((entry) => entry === undefined || entry.state === 'acknowledged' || entry.isAnswerSent)
  }

  onCall(frame: CallFrame, action: CalledAction): void {
    const entry = this.#calls.at(frame.seq)
    if (entry !== undefined && entry.seq >= frame.seq) {
      // A running one is joined: its answer will come by this link.
      if (entry.seq === frame.seq && entry.state !== 'running') this.#answers.replay(entry)
      return
    }
    if (frame.seq < this.#slotCount) throw new ProtocolError(`call ${frame.seq} is below the first number of its slot`)
    if (entry?.state === 'running')
      throw new ProtocolError(`call ${frame.seq} uses the slot of call ${entry.seq}, which runs`)
    const refusal = this.#refusalOf(frame)
    if (refusal === undefined) this.#admit(frame, action, entry)
    else this.#options.port.send(this.#refusals.of(frame.seq, refusal))
  }

  onCancel(frame: CancelFrame): void {
    const entry = this.#calls.at(frame.seq)
    if (entry === undefined || entry.seq < frame.seq) return this.#bury(frame, entry)
    if (entry.seq > frame.seq) return
    if (entry.state === 'running') return this.giveUp(entry, cancelErrorFor(entry.name, frame.reason))
    entry.items?.close() // Nobody reads what its answer may wait for.
    this.#answers.replay(entry)
  }

  onAck(frame: AckFrame): void {
    for (const seq of frame.seqs) {
      const entry = this.#calls.find(seq)
      if (entry !== undefined) this.#answers.acknowledge(entry)
    }
  }

  onCredit(frame: CreditFrame): void {
    const entry = this.#calls.find(frame.seq)
    entry?.items?.onCredit(frame.received, frame.granted)
    if (entry !== undefined) this.#answers.sendIfReady(entry)
  }

  onInput(frame: ItemFrame): void {
    const entry = this.#calls.find(frame.seq)
    if (entry?.state !== 'running') return
    entry.input?.onItem(frame.index, frame.value)
    const overload = this.#streams.inputOverload()
    if (overload === undefined) return
    entry.input?.discard()
    entry.abort(overload)
    if (entry.isHeld) this.#answerHeld(entry, overload)
  }

  onInputEnd(frame: InputEndFrame): void {
    this.#calls.find(frame.seq)?.endInput(frame.items)
  }

  /** A link was attached: streams say again what may be lost. Answers are asked for by the caller. */
  resume(): void {
    for (const entry of this.#calls.all) {
      if (entry !== undefined) this.#answers.unsend(entry)
      if (entry?.state === 'running') entry.input?.resume()
      entry?.items?.rewind()
    }
    this.#held.startHeld()
  }

  /** The link was lost: nothing is sent until there is another one. */
  onLinkLost(): void {
    this.#answers.onLinkLost()
  }

  /** The link takes more again. */
  onWritable(): void {
    this.#answers.onWritable(this.#calls.all)
    this.#held.startHeld()
  }

  /** The session is over. What settles later is said to nobody: another session's calls may have the same numbers. */
  end(reason: IsockError): void {
    this.#isEnded = true
    this.#deadlines.close()
    this.#abandoned.close()
    this.abortAll(reason)
    this.#held.close()
    this.#signs.close()
  }

  /** Tells the running handlers to stop; their answers are still sent. */
  abortAll(reason: IsockError, which?: AbortScope): void {
    // First, all of them: none is to start in the place of another.
    for (const held of this.#held.takeAll()) this.#answerHeld(held, reason)
    for (const entry of this.#calls.all) entry?.abort(reason, which)
  }

  /** Its caller gave it up, or others need its place. It has the grace of those who are cancelled. */
  giveUp(call: IncomingCall, reason: IsockError): void {
    this.#abandoned.giveUp(call, reason)
    if (call.isHeld) this.#answerHeld(call, call.abortReason as IsockError)
  }

  onAnswered(call: IncomingCall, answer: NonNullable<IncomingCall['answer']>): void {
    call.state = 'answered'
    call.letGo()
    if (!this.#isEnded) {
      call.answer = answer
      this.#answers.keep(call)
    }
    if (call.abortReason !== undefined) this.#abandoned.answered(call)
    if (!call.isAbandoned) this.#load.answered(call)
    if (!this.#options.port.isAttached) this.#options.onBusyChange()
    this.#held.answered(call, answer.kind === Kind.Result ? payloadSize(answer.value) : undefined)
  }

  readonly openItems = (call: IncomingCall): OutboundStream => this.#streams.openItems(call.seq)
  readonly onWeighed = (bytes: number): void => this.#load.weighed(bytes)

  #refusalOf(frame: CallFrame): IsockError | undefined {
    return this.#options.refusal() ?? this.#load.refusalOf(payloadSize(frame.data)) ?? this.#answers.refusal()
  }

  #admit(frame: CallFrame, action: CalledAction, former: IncomingCall | undefined): void {
    const { seq, attempt, remainingMs = Number.POSITIVE_INFINITY } = frame
    const input = frame.hasInput ? this.#streams.openInput(seq) : undefined
    const admittedAtMs = this.#options.clock.now()
    const deadlineAtMs = admittedAtMs + remainingMs
    const given = { seq, attempt, action, input, admittedAtMs, deadlineAtMs }
    const call = new IncomingCall(this, given, frame.data)
    this.#put(call, former)
    this.#load.started(call.dataSize)
    if (deadlineAtMs !== Number.POSITIVE_INFINITY) this.#deadlines.watch(deadlineAtMs)
    // Grants the first items: until now the caller has taken none from their source.
    call.input?.resume()
    this.#held.admit(call)
    if (call.isHeld) this.#signs.watch()
  }

  /** It is aborted, and has no handler that could end. */
  #answerHeld(call: IncomingCall, reason: IsockError): void {
    call.abort(reason)
    call.isHeld = false
    const error = errorBeforeStart(call, this.#options.clock.now()) ?? reason
    call.answerWith(this.#refusals.of(call.seq, error))
  }

  /** The cancel came before its call, which was lost: a late copy of the call must not run. */
  #bury(frame: CancelFrame, former: IncomingCall | undefined): void {
    if (former?.state === 'running')
      throw new ProtocolError(`cancel ${frame.seq} uses the slot of call ${former.seq}, which runs`)
    const tombstone = IncomingCall.neverStarted(this, frame.seq, this.#refusals.burial)
    this.#put(tombstone, former)
    this.#answers.keep(tombstone)
  }

  #put(call: IncomingCall, former: IncomingCall | undefined): void {
    if (former !== undefined) this.#answers.acknowledge(former)
    this.#calls.put(call)
  }

  readonly #sweep = (nowMs: number): number => {
    let earliest = Number.POSITIVE_INFINITY
    for (const entry of this.#calls.all) {
      if (entry?.state !== 'running') continue
      if (entry.deadlineAtMs > nowMs) earliest = Math.min(earliest, entry.deadlineAtMs)
      else this.giveUp(entry, cancelErrorFor(entry.name, CancelReason.Deadline))
    }
    return earliest
  }
}
