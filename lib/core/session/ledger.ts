// The callee's half of a session: the peer's calls by slot, and their answers. A repeated call joins the run or gets the stored
// answer. No call runs twice.
//
//   CALL seq, entry of its slot:   none, or an older, settled one -> admit, or refuse as not started
//                                  the same seq, running          -> join: the answer will be sent over this link
//                                  the same seq, answered         -> resend the stored answer
//                                  a newer seq                    -> stale: its caller has settled it; ignore
import type { MeterSource } from '../accounting/meter.ts'
import { type IsockError, ProtocolError } from '../base/errors.ts'
import { payloadSize } from '../wire/bytes/payload.ts'
import {
  type AckFrame,
  type CallFrame,
  type CancelFrame,
  type CreditFrame,
  type InputEndFrame,
  type ItemFrame,
  Kind,
  type PeerLimits,
} from '../wire/frames/frame.ts'
import { AbandonedCalls } from './abandoned-calls.ts'
import { type AnswerKeeper, AnswerStore } from './answer-store.ts'
import { CallDeadlines } from './call-deadlines.ts'
import type { AdoptedCalls } from './call-records.ts'
import { CallStreams } from './call-streams.ts'
import { CallTable } from './call-table.ts'
import { cancelErrorFor, errorBeforeStart } from './callee-errors.ts'
import { ForeignCalls, type ForeignHome } from './foreign-calls.ts'
import { HeldCalls } from './held-calls.ts'
import { type AbortScope, type CallKeeper, IncomingCall } from './incoming-call.ts'
import type { LedgerHome } from './ledger-home.ts'
import { LifeSigns } from './life-signs.ts'
import type { CalledAction } from './name-refs.ts'
import type { OutboundStream } from './outbound-stream.ts'
import { callSize } from './outgoing-call.ts'
import { Refusals } from './refusals.ts'
import { RunLoad } from './run-load.ts'

export class Ledger implements CallKeeper, AnswerKeeper, ForeignHome {
  readonly #home: LedgerHome
  readonly #peerLimits: PeerLimits
  readonly #account: MeterSource
  /** The peer's calls, including those that were answered. */
  readonly calls: CallTable
  readonly #answers: AnswerStore
  readonly #load: RunLoad
  readonly #held: HeldCalls
  #deadlines: CallDeadlines | undefined
  #streams: CallStreams | undefined
  #signs: LifeSigns | undefined
  #abandoned: AbandonedCalls | undefined
  #refusals: Refusals | undefined
  readonly #foreign: ForeignCalls | undefined
  #isEnded = false

  /** `adopted`: the session's calls went to another server before. */
  constructor(home: LedgerHome, peerLimits: PeerLimits, account: MeterSource, adopted?: AdoptedCalls) {
    this.#home = home
    this.#peerLimits = peerLimits
    this.#account = account
    this.calls = new CallTable(adopted?.slotCount ?? home.limits.maxCallsInFlight, account)
    if (adopted !== undefined) this.#foreign = new ForeignCalls(adopted.records, this, home)
    this.#answers = new AnswerStore(home, account, this)
    this.#load = new RunLoad(home.limits.maxInFlightBytes, account, home)
    this.#held = new HeldCalls(home, this.#answers, this.calls)
  }

  get runningCount(): number {
    return this.#load.count
  }

  /** The number of calls whose answer waits for items or for a full link. */
  get unsentCount(): number {
    return this.#answers.unsentCount
  }

  /**
   * Whether all calls are answered, and each answer was sent over the current link or acknowledged. Never of an adopted session: calls
   * that went to the other server may not have come here yet.
   */
  get isClean(): boolean {
    return this.#foreign === undefined && this.#load.count === 0 && this.calls.hasSentAll
  }

  onCall(frame: CallFrame, action: CalledAction): void {
    const entry = this.calls.at(frame.seq)
    if (entry !== undefined && entry.seq >= frame.seq) {
      // It joins a running one: the answer will be sent over this link.
      if (entry.seq === frame.seq && entry.state !== 'running') this.#answers.replay(entry)
      return
    }
    if (frame.seq < this.calls.slotCount)
      throw new ProtocolError(`call ${frame.seq} is below the first number of its slot`)
    if (entry?.state === 'running')
      throw new ProtocolError(`call ${frame.seq} uses the slot of call ${entry.seq}, which is running`)
    const { callee } = this.#home
    const refusal = callee.refusal?.() ?? this.#load.refusalOf(callSize(frame)) ?? this.#answers.refusal()
    const failure = refusal && this.#refusalTexts.of(frame.seq, refusal)
    if (this.#foreign?.includes(frame) === true)
      this.#foreign.admit(this.#take(frame, action, entry, this.#foreign), failure)
    else if (failure === undefined) this.start(this.#take(frame, action, entry, this))
    else this.#home.send(failure)
  }

  onCancel(frame: CancelFrame): void {
    const entry = this.calls.at(frame.seq)
    if (entry === undefined || entry.seq < frame.seq) return this.#storeCancelled(frame, entry)
    if (entry.seq > frame.seq) return
    if (entry.state === 'running') return this.giveUp(entry, cancelErrorFor(entry.name, frame.reason))
    entry.items?.close() // The answer need not wait for items that nobody reads.
    this.#answers.replay(entry)
  }

  onAck(frame: AckFrame): void {
    for (const seq of frame.seqs) {
      const entry = this.calls.find(seq)
      if (entry !== undefined) this.#answers.acknowledge(entry)
    }
  }

  onCredit(frame: CreditFrame): void {
    const entry = this.calls.find(frame.seq)
    if (entry === undefined) return
    if (entry.items === undefined && entry.mayHaveRun) this.#foreign?.onCredit(entry, frame)
    entry.items?.onCredit(frame.received, frame.granted)
    this.#answers.sendIfReady(entry)
  }

  onInput(frame: ItemFrame): void {
    const entry = this.calls.find(frame.seq)
    if (entry?.state !== 'running') return
    entry.input?.onItem(frame)
    const overload = this.#streams?.inputOverload()
    if (overload === undefined) return
    entry.input?.discard()
    entry.abort(overload)
    if (entry.isHeld) this.#answerHeld(entry, overload)
  }

  onInputEnd(frame: InputEndFrame): void {
    this.calls.find(frame.seq)?.endInput(frame)
  }

  /** Called when a link was attached: streams resend what may be lost. The caller requests answers by repeating calls. */
  resume(): void {
    for (const entry of this.calls.all) {
      if (entry !== undefined) this.#answers.unsend(entry)
      if (entry?.state === 'running') entry.input?.resume()
      entry?.items?.rewind()
    }
    this.#held.startHeld()
  }

  /** Called when the link was lost: nothing is sent until there is another one. */
  onLinkLost(): void {
    this.#answers.onLinkLost()
  }

  /** Called when the link takes more again. */
  onWritable(): void {
    this.#answers.onWritable(this.calls.all)
    this.#held.startHeld()
  }

  /** Called when the session has ended. Later answers are not sent: calls of another session may have the same numbers. */
  end(reason: IsockError): void {
    this.#isEnded = true
    this.#foreign?.end()
    this.#deadlines?.close()
    this.#abandoned?.close()
    this.abortAll(reason)
    this.#held.close()
    this.#signs?.close()
  }

  /** Called when it has ended while its session continues, so that it counts for nothing. */
  release(): void {
    this.calls.release()
    this.#answers.release()
    this.#load.release()
    this.#streams?.release()
  }

  /** Aborts the running handlers. Their answers are still sent. */
  abortAll(reason: IsockError, which?: AbortScope): void {
    // All held calls first, so that none starts in place of an aborted one.
    for (const held of this.#held.takeAll()) this.#answerHeld(held, reason)
    for (const entry of this.calls.all) entry?.abort(reason, which)
  }

  /** Called when its caller gave it up, or others need its slot. It has the grace of a cancelled call. */
  giveUp(call: IncomingCall, reason: IsockError): void {
    this.#abandoned ??= new AbandonedCalls(this.#home, this.#load)
    if (this.#isEnded) this.#abandoned.close()
    this.#abandoned.giveUp(call, reason)
    if (call.isHeld) this.#answerHeld(call, call.abortReason as IsockError)
  }

  onAnswered(
    call: IncomingCall,
    answer: NonNullable<IncomingCall['answer']>,
    _isRecorded?: boolean,
    wasAbandoned = call.isAbandoned,
  ): void {
    call.state = 'answered'
    call.release()
    if (!this.#isEnded) {
      call.answer = answer
      this.#answers.keep(call)
    }
    if (call.abortReason !== undefined) this.#abandoned?.answered(call)
    if (!wasAbandoned) this.#load.answered(call)
    if (!this.#home.isAttached) this.#home.onBusyChange()
    this.#held.answered(call, answer.kind === Kind.Result ? payloadSize(answer.value) : undefined)
  }

  openItems(call: IncomingCall): OutboundStream {
    return this.#callStreams.openItems(call.seq)
  }

  onWeighed(bytes: number): void {
    this.#load.weighed(bytes)
  }

  /** Called when an answer or a call waits for the link. */
  onWaiting(): void {
    if (this.#isEnded) return
    this.#signs ??= new LifeSigns(this.#home.clock, this.#home, this.calls)
    this.#signs.watch()
  }

  get #callStreams(): CallStreams {
    this.#streams ??= new CallStreams(this.#home, this.#peerLimits, this.#account)
    return this.#streams
  }

  get #refusalTexts(): Refusals {
    this.#refusals ??= new Refusals(this.#home.callee)
    return this.#refusals
  }

  /** Gives the call its slot. */
  #take(frame: CallFrame, action: CalledAction, former: IncomingCall | undefined, keeper: CallKeeper): IncomingCall {
    const { seq, attempt, remainingMs = Number.POSITIVE_INFINITY } = frame
    const input = frame.inputs > 0 ? this.#callStreams.openInputs(seq, frame.inputs) : undefined
    const admittedAtMs = this.#home.clock.now()
    const deadlineAtMs = admittedAtMs + remainingMs
    const { metadata } = frame
    const call = new IncomingCall(
      keeper,
      { seq, attempt, action, input, metadata, admittedAtMs, deadlineAtMs },
      frame.data,
    )
    if (former !== undefined) this.#answers.acknowledge(former)
    this.calls.put(call)
    this.#load.started(call.dataSize)
    if (deadlineAtMs !== Number.POSITIVE_INFINITY) {
      this.#deadlines ??= new CallDeadlines(this.#home.clock, this)
      this.#deadlines.watch(deadlineAtMs)
    }
    return call
  }

  /** Starts it as soon as there is room for its answer. */
  start(call: IncomingCall): void {
    if (call.isHeld && call.abortReason !== undefined) return this.#answerHeld(call, call.abortReason)
    call.isHeld = false
    // Grants the first items: the caller has taken none from their source before.
    call.input?.resume()
    this.#held.admit(call)
    if (call.isHeld) this.onWaiting()
  }

  /** For a call that is aborted and has no handler that could end. */
  #answerHeld(call: IncomingCall, reason: IsockError): void {
    call.abort(reason)
    call.isHeld = false
    const error = errorBeforeStart(call, this.#home.clock.now()) ?? reason
    call.answerWith(this.#refusalTexts.of(call.seq, error))
  }

  /** For a cancel that arrived before its call: a late copy of the call must not run. */
  #storeCancelled(frame: CancelFrame, former: IncomingCall | undefined): void {
    if (former?.state === 'running')
      throw new ProtocolError(`cancel ${frame.seq} uses the slot of call ${former.seq}, which is running`)
    const isForeign = this.#foreign?.isOpen === true
    const tombstone = isForeign
      ? IncomingCall.nameless(this.#foreign as ForeignCalls, frame.seq)
      : IncomingCall.neverStarted(this, frame.seq, this.#refusalTexts.burial)
    if (former !== undefined) this.#answers.acknowledge(former)
    this.calls.put(tombstone)
    if (!isForeign) return this.#answers.keep(tombstone)
    this.#load.started(0)
    tombstone.answerWith(this.#refusalTexts.cancelled(frame.seq))
  }
}
