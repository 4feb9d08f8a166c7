// The callee's half of a session: what was asked for, by slot, and what was answered. It makes a repeated call
// join the run or get the stored answer, and never lets one run twice.
//
//   CALL seq, entry of its slot:   none or an older, settled one  -> admit, or refuse as not started
//                                  the same seq, running          -> join: the answer will come by this link
//                                  the same seq, answered         -> send the stored answer again
//                                  a newer seq                    -> stale: its caller has settled it, say nothing
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { type IsockError, ProtocolError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import {
  type AckFrame,
  type CallFrame,
  type CancelFrame,
  CancelReason,
  type CreditFrame,
  type InputEndFrame,
  type ItemFrame,
  Kind,
  type NameFrame,
  type PeerLimits,
} from '../wire/frame.ts'
import { type Payload, payloadSize } from '../wire/payload.ts'
import { AbandonedCalls } from './abandoned-calls.ts'
import { AnswerStore } from './answer-store.ts'
import { cancelledBeforeStart } from './call-errors.ts'
import { CallStreams } from './call-streams.ts'
import type { FramePort } from './frame-port.ts'
import { type AbortScope, type CallKeeper, IncomingCall } from './incoming-call.ts'
import type { OutboundStream } from './outbound-stream.ts'
import { RunLoad } from './run-load.ts'

export interface LedgerOptions {
  readonly clock: Clock
  readonly limits: Limits
  readonly peerLimits: PeerLimits
  readonly port: FramePort
  /** Runs the call. Must not throw. */
  readonly startCall: (call: IncomingCall) => void
  /** Makes an error into what travels. */
  readonly encodeError: (error: IsockError) => Payload
  /** Why no call is taken at the moment, if so: a server that drains, for one. */
  readonly refusal: () => IsockError | undefined
  /** Told when the first call starts running and when the last one was answered. */
  readonly onBusyChange: () => void
}

export class Ledger implements CallKeeper {
  readonly #options: LedgerOptions
  readonly #slotCount: number
  readonly #entries: (IncomingCall | undefined)[] = []
  readonly #answers: AnswerStore
  readonly #deadlines: DeadlineSweep
  readonly #load: RunLoad
  readonly #streams: CallStreams
  readonly #abandoned: AbandonedCalls
  #isEnded = false
  #burial: Payload
  #refusal: { readonly code: string; readonly message: string; readonly payload: Payload } | undefined

  constructor(options: LedgerOptions) {
    this.#options = options
    this.#slotCount = options.limits.maxCallsInFlight
    this.#answers = new AnswerStore(options)
    this.#streams = new CallStreams(options)
    this.#load = new RunLoad(options.limits.maxInFlightBytes, options.onBusyChange)
    this.#deadlines = new DeadlineSweep(options.clock, this.#sweep)
    this.#abandoned = new AbandonedCalls(options, this.#load)
  }

  get runningCount(): number {
    return this.#load.count
  }

  /** Calls that were answered, but the answer waits for items or for a link that takes more. */
  get unsentCount(): number {
    return this.#answers.unsentCount
  }

  /** Everything that was asked for is answered, and each answer went over the current link or is acknowledged. */
  get isClean(): boolean {
    if (this.#load.count > 0) return false
    return this.#entries.every((entry) => entry === undefined || entry.state === 'acknowledged' || entry.isAnswerSent)
  }

  onCall(frame: CallFrame, name: NameFrame): void {
    const slot = frame.seq % this.#slotCount
    const entry = this.#entries[slot]
    if (entry !== undefined && entry.seq >= frame.seq) {
      // A running one is joined: its answer will come by this link.
      if (entry.seq === frame.seq && entry.state !== 'running') this.#answers.replay(entry)
      return
    }
    if (frame.seq < this.#slotCount) throw new ProtocolError(`call ${frame.seq} is below the first number of its slot`)
    if (entry?.state === 'running')
      throw new ProtocolError(`call ${frame.seq} uses the slot of call ${entry.seq}, which runs`)
    const refusal = this.#refusalOf(frame)
    if (refusal === undefined) this.#admit(frame, name, slot, entry)
    else this.#refuse(frame.seq, refusal)
  }

  onCancel(frame: CancelFrame): void {
    const slot = frame.seq % this.#slotCount
    const entry = this.#entries[slot]
    if (entry === undefined || entry.seq < frame.seq) this.#bury(frame, slot, entry)
    else if (entry.seq === frame.seq) {
      if (entry.state !== 'running') this.#answers.replay(entry)
      else this.#abandoned.giveUp(entry, frame.reason)
    }
  }

  onAck(frame: AckFrame): void {
    for (const seq of frame.seqs) {
      const entry = this.#find(seq)
      if (entry !== undefined) this.#answers.acknowledge(entry)
    }
  }

  onCredit(frame: CreditFrame): void {
    const entry = this.#find(frame.seq)
    entry?.items?.onCredit(frame.received, frame.granted)
    if (entry !== undefined) this.#answers.sendIfReady(entry)
  }

  onInput(frame: ItemFrame): void {
    const entry = this.#find(frame.seq)
    if (entry?.state !== 'running') return
    entry.input?.onItem(frame.index, frame.value)
    const overload = this.#load.overload()
    if (overload === undefined) return
    entry.input?.discard()
    entry.abort(overload)
  }

  onInputEnd(frame: InputEndFrame): void {
    this.#find(frame.seq)?.endInput(frame.items)
  }

  /** A link was attached: streams say again what may be lost. Answers are asked for by the caller. */
  resume(): void {
    this.#answers.onNewLink()
    for (const entry of this.#entries) {
      if (entry !== undefined) entry.isAnswerSent = false
      if (entry?.state === 'running') entry.input?.resume()
      entry?.items?.rewind()
    }
  }

  /** The link takes more again. */
  onWritable(): void {
    for (const entry of this.#entries) {
      if (entry?.items === undefined) continue
      entry.items.pump()
      this.#answers.sendIfReady(entry)
    }
    this.#answers.sendWaiting()
  }

  /** The session is over. What settles later is said to nobody: another session's calls may have the same numbers. */
  end(reason: IsockError): void {
    this.#isEnded = true
    this.#deadlines.close()
    this.#abandoned.close()
    this.abortAll(reason)
  }

  /** Tells the running handlers to stop; their answers are still sent. */
  abortAll(reason: IsockError, which?: AbortScope): void {
    for (const entry of this.#entries) entry?.abort(reason, which)
  }

  onAnswered(call: IncomingCall, answer: NonNullable<IncomingCall['answer']>): void {
    call.state = 'answered'
    call.letGo()
    if (!this.#isEnded) {
      call.answer = answer
      this.#answers.keep(call)
    }
    if (call.abortReason !== undefined) this.#abandoned.answered(call)
    if (!call.isAbandoned) this.#load.answered(call.dataSize)
  }

  openItems(call: IncomingCall): OutboundStream {
    return this.#streams.openItems(call.seq)
  }

  #find(seq: number): IncomingCall | undefined {
    const entry = this.#entries[seq % this.#slotCount]
    return entry?.seq === seq ? entry : undefined
  }

  #refusalOf(frame: CallFrame): IsockError | undefined {
    return this.#options.refusal() ?? this.#load.refusalOf(payloadSize(frame.data)) ?? this.#answers.refusal()
  }

  #refuse(seq: number, error: IsockError): void {
    const { port, encodeError } = this.#options
    // Who refuses has too much to do, and refuses many for one reason: that is encoded once.
    if (this.#refusal?.message !== error.message || this.#refusal.code !== error.code)
      this.#refusal = { code: error.code, message: error.message, payload: encodeError(error) }
    port.send({ kind: Kind.Failure, seq, items: 0, notStarted: true, error: this.#refusal.payload })
  }

  #admit(frame: CallFrame, name: NameFrame, slot: number, former: IncomingCall | undefined): void {
    const { seq, attempt, remainingMs = Number.POSITIVE_INFINITY } = frame
    const input = frame.hasInput ? this.#streams.openInput(seq, this.#onUnread) : undefined
    const admittedAtMs = this.#options.clock.now()
    const deadlineAtMs = admittedAtMs + remainingMs
    const given = { seq, attempt, name: name.name, contract: name.contract, input, admittedAtMs, deadlineAtMs }
    const call = new IncomingCall(this, given, frame.data)
    this.#put(slot, call, former)
    this.#load.started(call.dataSize)
    if (deadlineAtMs !== Number.POSITIVE_INFINITY) this.#deadlines.watch(deadlineAtMs)
    // Grants the first items: until now the caller has taken none from their source.
    call.input?.resume()
    this.#options.startCall(call)
  }

  /** The cancel came before its call, which was lost: a late copy of the call must not run. */
  #bury(frame: CancelFrame, slot: number, former: IncomingCall | undefined): void {
    if (former?.state === 'running')
      throw new ProtocolError(`cancel ${frame.seq} uses the slot of call ${former.seq}, which runs`)
    // The same for all, so that a cancel is as cheap to take as it is to send.
    this.#burial ??= this.#options.encodeError(cancelledBeforeStart())
    const tombstone = IncomingCall.neverStarted(this, frame.seq, this.#burial)
    this.#put(slot, tombstone, former)
    this.#answers.keep(tombstone)
  }

  #put(slot: number, call: IncomingCall, former: IncomingCall | undefined): void {
    if (former !== undefined) this.#answers.acknowledge(former)
    while (this.#entries.length <= slot) this.#entries.push(undefined)
    this.#entries[slot] = call
  }

  readonly #onUnread = (byCost: number): void => this.#load.unreadChanged(byCost)

  readonly #sweep = (nowMs: number): number => {
    let earliest = Number.POSITIVE_INFINITY
    for (const entry of this.#entries) {
      if (entry?.state !== 'running') continue
      if (entry.deadlineAtMs > nowMs) earliest = Math.min(earliest, entry.deadlineAtMs)
      else this.#abandoned.giveUp(entry, CancelReason.Deadline)
    }
    return earliest
  }
}
