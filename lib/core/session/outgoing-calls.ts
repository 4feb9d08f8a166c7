// The caller's half of a session: gives calls their slots, sends them, resends them over the next link in the order in
// which they were made, and settles each exactly once. What a fault means for a call says retry-policy.ts.
import type { MeterSource } from '../accounting/meter.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { type IsockError, ProtocolError } from '../base/errors.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import {
  CancelReason,
  type CreditFrame,
  type FailureFrame,
  type ItemFrame,
  type ResultFrame,
} from '../wire/frames/frame.ts'
import { closedBy, endOfPatience, lateError, lossOf, outcomeUnknown, queueFull } from './call-errors.ts'
import { CallSender, type CallSenderOptions } from './call-sender.ts'
import { ContinuedCalls } from './continued-calls.ts'
import type { LinkFault } from './fault.ts'
import { LinkProgress } from './link-progress.ts'
import { LinkTurns } from './link-turns.ts'
import { OpenCalls } from './open-calls.ts'
import { Outage } from './outage.ts'
import type { CallHome, OutgoingCall, RawOutcome } from './outgoing-call.ts'
import { Resumption } from './resumption.ts'
import { decide, mayRunAgain } from './retry-policy.ts'
import { pumpInput, SentCalls } from './sent-calls.ts'
import type { PeerTerms } from './session-grant.ts'
import { WaitingCalls } from './waiting-calls.ts'

/** Who stood still for this long has not heard what there was to hear. */
const sleptMs = 1_000

export interface OutgoingCallsOptions extends CallSenderOptions {
  readonly onBusyChange: () => void
}

export class OutgoingCalls implements CallHome {
  readonly #options: OutgoingCallsOptions
  readonly #waiting: WaitingCalls
  readonly #deadlines: DeadlineSweep
  readonly #sender: CallSender
  readonly #resumption: Resumption
  readonly #progress: LinkProgress
  readonly #sent = new SentCalls()
  readonly #turns: LinkTurns
  readonly #open: OpenCalls
  /** Since an attempt to reach the server failed. */
  #outage: Outage | undefined
  #continued: ContinuedCalls | undefined
  #endReason: IsockError | undefined

  constructor(options: OutgoingCallsOptions) {
    this.#options = options
    this.#open = new OpenCalls(options.onBusyChange)
    this.#waiting = new WaitingCalls(options.limits.maxQueuedCalls)
    this.#sender = new CallSender(options)
    this.#resumption = new Resumption(options.port, (call) =>
      this.#sender.resend(call, this.#continued?.onlyAsks(call)),
    )
    this.#progress = new LinkProgress(options.limits.deadAfterMs)
    this.#turns = new LinkTurns(options.port)
    this.#deadlines = new DeadlineSweep(options.clock, this.#sweep)
  }

  /** Calls that are not settled for their users. */
  get openCount(): number {
    return this.#open.count
  }

  /** Those that are not settled for their users. */
  get open(): OutgoingCall[] {
    return [...this.#sent.all(), ...this.#waiting.all()].filter((call) => call.isOpen)
  }

  /** Calls were sent whose outcome nobody would know without this session. */
  get needsSession(): boolean {
    return this.#sent.all().some((call) => call.isOpen && !mayRunAgain(call))
  }

  /** The session stands: from now on calls get slots, and count for `account`. */
  begin(terms: PeerTerms, account: MeterSource): void {
    this.#open.countFor(account)
    this.#sent.begin(terms.peerLimits.maxCallsInFlight, terms.peerLimits.maxInFlightBytes)
    this.#sender.begin(terms)
  }

  /** Sends the call, or keeps it until there is a link and a free slot. */
  submit(call: OutgoingCall): void {
    call.home = this
    call.state = 'waiting'
    this.#open.opened(call)
    const end = this.#endReason
    if (end !== undefined) return this.#fail(call, closedBy(call, end))
    if (call.deadlineAtMs !== Number.POSITIVE_INFINITY) this.#deadlines.watch(call.deadlineAtMs)
    const isNext = this.#waiting.isEmpty && this.#resumption.isDone && this.#options.port.isWritable
    if (isNext && this.#sent.hasRoomFor(call)) this.#start(call)
    else if (this.#waiting.hasRoom) this.#waiting.add(call)
    else this.#fail(call, queueFull(this.#options.limits.maxQueuedCalls))
  }

  /** Settles it. It may have been too large to be sent, and have kept smaller ones waiting behind it. */
  giveUp(call: OutgoingCall, error: unknown): void {
    this.#giveUp(call, error)
    this.sendWaiting()
  }

  /** Over for the user; a slot stays taken until the callee has answered, so that a flood of cancels gains nothing. */
  #giveUp(call: OutgoingCall, error: unknown, reason: CancelReason = CancelReason.Cancelled): void {
    if (!call.isOpen) return
    const wasSent = call.state === 'sent'
    call.cancelReason = reason
    if (wasSent) this.#sender.sendCancel(call)
    else this.#waiting.remove(call)
    this.#fail(call, error, wasSent ? 'abandoned' : 'settled')
  }

  onResult(frame: ResultFrame): void {
    const call = this.#sent.find(frame.seq)
    if (call === undefined) return
    this.#onAnswered(call, frame.value, frame.items)
    this.#continued?.delete(call)
    this.#settle(call, { how: 'value', value: frame.value })
    this.sendWaiting()
  }

  onFailure(frame: FailureFrame): void {
    const call = this.#sent.find(frame.seq)
    if (call === undefined) return
    this.#onAnswered(call, frame.error, frame.items)
    const { origin } = this.#options.port
    const verdict = this.#continued?.judge(call, frame)
    if (verdict === 'again') this.#runAgain([call])
    else if (verdict !== undefined) this.#fail(call, verdict)
    else if (frame.notStarted && call.canResend && call.onRefused(frame.error, origin)) void this.#handBack(call)
    else this.#settle(call, { how: 'failure', failure: frame.error, notStarted: frame.notStarted, origin })
    this.sendWaiting()
  }

  onItem(frame: ItemFrame): void {
    const call = this.#sent.find(frame.seq)
    if (call?.state !== 'sent') return
    call.showLife(this.#options.clock.now())
    if ((call.items ?? this.#sender.openItems(call)).onItem(frame.index, frame.value)) call.makeProgress()
  }

  onInputCredit(frame: CreditFrame): void {
    const call = this.#sent.find(frame.seq)
    if (call?.state !== 'sent') return
    call.showLife(this.#options.clock.now())
    if (call.input?.onCredit(frame)) call.makeProgress()
  }

  /** A link was attached: resends what the callee may have missed, then what waits. */
  resume(): void {
    const nowMs = this.#options.clock.now()
    this.#progress.begin(nowMs)
    this.#outage = undefined
    // Silence counts while there is a link.
    for (const call of this.#sent.all()) call.showLife(nowMs)
    this.#sender.onNewLink(this.#sent.untold())
    this.#resumption.begin(this.#sent.inOrder())
    this.sendWaiting()
  }

  /** The link takes more again. */
  onWritable(): void {
    this.#resumption.goOn()
    this.#turns.take(this.#sent.all(), pumpInput, this)
  }

  /** A link was lost, or could not be opened: counts for the calls that wait for it, which outlive it for `patienceMs`. */
  countFault(cause: IsockError, fault: LinkFault, patienceMs: number): void {
    const nowMs = this.#options.clock.now()
    const isAway = fault !== 'link lost' && this.#sent.hasSession
    if (isAway) this.#outage ??= new Outage(patienceMs)
    for (const call of [...this.#sent.inOrder(), ...this.#waiting.all()]) {
      if (!call.isOpen) continue
      if (fault === 'link lost' && this.#progress.restores(call, nowMs)) call.makeProgress()
      call.lastFault = cause
      const decision = decide(call, fault, cause, isAway ? this.#outage?.outlives(call, nowMs) : undefined)
      if (decision === 'outcome unknown' || decision === 'unreachable')
        this.#giveUp(call, lossOf(call, decision, cause))
      else this.#deadlines.watch(this.#outageEndOf(call))
    }
  }

  /** The callee has forgotten the session: what may have run is settled, what may safely run waits for the next one. */
  forget(cause: IsockError, fault: 'session lost' | 'server left'): void {
    const again: OutgoingCall[] = []
    for (const call of this.#sent.begin(0, 0)) {
      const decision = decide(call, fault, cause)
      if (decision === 'resend') again.push(call)
      else this.#fail(call, lossOf(call, decision, cause))
    }
    this.#continued = undefined
    this.#runAgain(again, fault === 'session lost')
  }

  /** Another server has adopted the session. */
  onAdopted(terms: PeerTerms, reason: IsockError): void {
    this.#sender.begin(terms, true)
    this.#continued = new ContinuedCalls(reason, this.#sender)
    for (const [call, error] of this.#continued.addAll(this.#sent.inOrder())) this.#giveUp(call, error)
  }

  /** Takes the calls that were not sent out of here, so that they can be submitted elsewhere. */
  takeWaiting(): OutgoingCall[] {
    return this.#waiting.takeAll().map((call) => this.#handBack(call))
  }

  /** Settles every open call: no link will come for them. */
  failAll(cause: IsockError): void {
    for (const call of this.#sent.inOrder()) this.#giveUp(call, outcomeUnknown(call, cause))
    for (const call of this.#waiting.takeAll()) this.#fail(call, closedBy(call, cause))
  }

  /** The session is over: settles what is open, and whatever is submitted from now on. */
  end(cause: IsockError): void {
    this.#endReason = cause
    this.failAll(cause)
    this.#deadlines.close()
  }

  keepProcessAlive(keep: boolean): void {
    this.#deadlines.keepProcessAlive(keep)
  }

  sendWaiting(): void {
    while (this.#resumption.isDone && this.#options.port.isWritable) {
      const call = this.#waiting.first()
      if (call === undefined || !this.#sent.hasRoomFor(call)) return
      this.#waiting.take()
      this.#start(call)
    }
  }

  #runAgain(calls: OutgoingCall[], mayHaveRun = true): void {
    for (const call of calls) call.restart(mayHaveRun)
    this.#waiting.addAll(calls)
  }

  #start(call: OutgoingCall): void {
    const refusal = this.#sender.refusal(call)
    if (refusal !== undefined) return this.#fail(call, refusal)
    this.#sent.add(call)
    this.#sender.start(call)
  }

  #onAnswered(call: OutgoingCall, answer: Payload, items: number): void {
    this.#sender.sendAcks(this.#sent.remove(call, answer))
    this.#progress.answered(call)
    const { received = 0 } = call.items ?? {}
    if (call.state !== 'sent' || received === items || this.#continued?.mayLackItems(call, items) === true) return
    const error = new ProtocolError(`action "${call.request.name}" ended after ${items} items, ${received} came`)
    this.#fail(call, outcomeUnknown(call, error))
    throw error
  }

  #fail(call: OutgoingCall, error: unknown, state: 'settled' | 'abandoned' = 'settled'): void {
    this.#settle(call, { how: 'error', error }, state)
  }

  #settle(call: OutgoingCall, outcome: RawOutcome, state: 'settled' | 'abandoned' = 'settled'): void {
    const wasOpen = call.isOpen
    call.state = state
    if (!wasOpen) return
    call.input?.close()
    this.#open.closed(call)
    if (outcome.how !== 'error') this.#sender.answered(call)
    call.onSettled(outcome)
  }

  #handBack(call: OutgoingCall): OutgoingCall {
    call.restart()
    this.#open.closed(call)
    return Object.assign(call, { home: undefined })
  }

  /** That nothing was heard says nothing of the callee. */
  get #isSilenceExcused(): boolean {
    const { port } = this.#options
    return port.isSlow || (!port.isAttached && this.#sent.hasSession)
  }

  #outageEndOf(call: OutgoingCall): number {
    return this.#outage === undefined ? Number.POSITIVE_INFINITY : this.#outage.endOf(call)
  }

  readonly #sweep = (nowMs: number, lateByMs: number): number => {
    let earliest = Number.POSITIVE_INFINITY
    for (const call of this.open) {
      if (call.deadlineAtMs <= nowMs && (this.#isSilenceExcused || lateByMs > sleptMs)) call.showLife(nowMs)
      const outageEndsAtMs = this.#outageEndOf(call)
      if (call.deadlineAtMs <= nowMs) this.#giveUp(call, lateError(call), CancelReason.Deadline)
      else if (outageEndsAtMs <= nowMs) this.#giveUp(call, endOfPatience(call))
      else earliest = Math.min(earliest, call.deadlineAtMs, outageEndsAtMs)
    }
    this.sendWaiting()
    return earliest
  }
}
