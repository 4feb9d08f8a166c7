// The answers that a ledger keeps until their callers have them: when each may be sent or resent, or must make room. If an answer
// had to make room, its caller learns that the outcome is unknown.
//
//   idle ──> waiting ──> sent       idle: no link, earlier items that were not read, or not requested over this link
//     ╰───────────────────^         waiting: for an attached link that is full; never dropped (see held-calls.ts)
//                                   sent: over this link, not acknowledged; above maxLedgerBytes the oldest make room
//
// Nobody takes idle answers. Above maxLedgerBytes of them, further calls are refused; above maxInFlightBytes more, no further
// answers are kept.
import { Held } from '../accounting/held.ts'
import type { Meter, MeterSource } from '../accounting/meter.ts'
import { BusyError, OutcomeUnknownError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import { payloadSize } from '../wire/bytes/payload.ts'
import { type FailureFrame, Kind } from '../wire/frames/frame.ts'
import type { FramePort } from './frame-port.ts'
import type { AnswerPlace, IncomingCall } from './incoming-call.ts'
import { LinkTurns } from './link-turns.ts'
import type { ErrorEncoder } from './refusals.ts'

/** Smaller answers need not make room: a full table of them has a few MiB. */
const leastEvictedBytes = 4 * 1024
/** Up to this length, tidying the list is not worth it. */
const leastTidied = 64

/** The session of the answers. */
export interface AnswerHome extends FramePort {
  readonly limits: Pick<Limits, 'maxLedgerBytes' | 'maxInFlightBytes'>
  readonly callee: ErrorEncoder
  readonly onAcknowledged?: ((seq: number) => void) | undefined
}

export interface AnswerKeeper {
  onWaiting(): void
}

const none: readonly IncomingCall[] = []

export class AnswerStore {
  readonly #maxBytes: number
  readonly #maxIdleBytes: number
  readonly #account: MeterSource
  #held: Meter | undefined
  readonly #home: AnswerHome
  readonly #keeper: AnswerKeeper
  /** Calls with large answers, oldest first. The answers of some may have been dropped. */
  #large: readonly IncomingCall[] = none
  /** The number of those that still have their answers. */
  #largeCount = 0
  // Made when they are first needed: most links are never full.
  #waiting: Set<IncomingCall> | undefined
  #turns: LinkTurns | undefined
  readonly #bytes = { idle: 0, waiting: 0, sent: 0 }
  #unsentCount = 0
  /** Created once, because many calls may be refused. */
  #refusal: BusyError | undefined

  constructor(home: AnswerHome, account: MeterSource, keeper: AnswerKeeper) {
    const { maxLedgerBytes, maxInFlightBytes } = home.limits
    this.#home = home
    this.#account = account
    this.#maxBytes = maxLedgerBytes
    this.#maxIdleBytes = maxLedgerBytes + maxInFlightBytes
    this.#keeper = keeper
  }

  /** The reason why no more calls are accepted, if any: too many answers are kept that nobody takes. */
  refusal(): BusyError | undefined {
    if (this.#bytes.idle <= this.#maxBytes) return undefined
    this.#refusal ??= new BusyError('too many answers of this session wait to be read')
    return this.#refusal
  }

  /** The bytes of answers that wait for a full link. */
  get waitingBytes(): number {
    return this.#bytes.waiting
  }

  /** The number of answers that were never sent: if there is a link, their callers still wait for them. */
  get unsentCount(): number {
    return this.#unsentCount
  }

  /** Keeps the answer of a call that was just answered, and sends it as soon as possible. */
  keep(call: IncomingCall): void {
    const size = sizeOf(call)
    call.answerPlace = 'idle'
    this.#bytes.idle += size
    this.#held ??= this.#account.meter(Held.Answers)
    this.#held.change(size)
    this.#unsentCount++
    if (size >= leastEvictedBytes) this.#keepLarge(call)
    this.sendIfReady(call)
    this.#makeRoom()
    if (size >= leastEvictedBytes && call.answerPlace === 'idle' && this.#isOverfull) this.#giveUp(call)
  }

  /** Called when the caller has repeated the call. */
  replay(call: IncomingCall): void {
    if (call.state === 'answered') {
      if (call.answerPlace === 'sent') this.#move(call, 'idle')
      this.sendIfReady(call)
    } else if (call.state === 'forgotten') {
      this.#home.send(this.#lostAnswer(call))
    }
  }

  /** Sends an answer that was not sent yet, if all items before it were sent. */
  sendIfReady(call: IncomingCall): void {
    if (call.answer === undefined || call.answerPlace === 'sent') return
    if (call.items?.isFlushed === false) this.#move(call, 'idle')
    else if (this.#home.isWritable) {
      this.#move(call, 'sent')
      call.answeredOver = call.wasAnswerSent ? 0 : this.#home.linkNumber
      this.#countSent(call)
      this.#home.send(call.answer)
    } else if (this.#home.isAttached) this.#move(call, 'waiting')
  }

  /** Called when the link takes more again: sends answers, and the items of these calls. */
  onWritable(calls: readonly (IncomingCall | undefined)[]): void {
    this.#turns ??= new LinkTurns(this.#home)
    this.#turns.take(calls, pumpItems, this)
    this.#makeRoom()
  }

  /** Called when the caller has the answer. */
  acknowledge(call: IncomingCall): void {
    if (call.state === 'running') return
    this.#giveBack(call)
    this.#drop(call)
    this.#countSent(call)
    call.state = 'acknowledged'
    this.#home.onAcknowledged?.(call.seq)
    call.items?.close()
  }

  /** Called when there is a new link, over which nothing was sent yet. */
  unsend(call: IncomingCall): void {
    if (call.answer !== undefined) this.#move(call, 'idle')
  }

  /** Called when the link was lost: nobody takes the waiting answers, so they count as idle. */
  onLinkLost(): void {
    for (const call of this.#waiting ?? none) this.#move(call, 'idle')
    for (let i = this.#large.length - 1; i >= 0 && this.#isOverfull; i--) {
      const call = this.#large[i] as IncomingCall
      // The answers of the others in the list were dropped before.
      if (call.state === 'answered' && call.answerPlace === 'idle') this.#giveUp(call)
    }
  }

  /** From now on it counts for nothing. */
  release(): void {
    this.#held?.close()
  }

  get #isOverfull(): boolean {
    return this.#bytes.sent + this.#bytes.idle > this.#maxIdleBytes
  }

  /** Drops the oldest answers first, and only those that were sent. */
  #makeRoom(): void {
    if (this.#bytes.sent <= this.#maxBytes) return
    const stay: IncomingCall[] = []
    for (const call of this.#large) {
      if (call.state !== 'answered') continue
      if (call.answerPlace === 'sent' && this.#bytes.sent > this.#maxBytes) {
        this.#giveBack(call)
        this.#drop(call)
        call.state = 'forgotten'
      } else stay.push(call)
    }
    this.#large = stay
  }

  /** Called when there are too many answers that nobody takes: replaces this one by an error for its caller. */
  #giveUp(call: IncomingCall): void {
    this.#drop(call)
    call.answer = this.#lostAnswer(call)
    this.#bytes.idle += sizeOf(call)
    this.#held?.change(sizeOf(call))
  }

  #lostAnswer(call: IncomingCall): FailureFrame {
    const error = new OutcomeUnknownError(`action "${call.name}" ran, but its answer had to make room for others`)
    const items = call.items?.count ?? 0
    return { kind: Kind.Failure, seq: call.seq, items, notStarted: false, error: this.#home.callee.encodeError(error) }
  }

  #keepLarge(call: IncomingCall): void {
    if (this.#large === none) this.#large = [call]
    else (this.#large as IncomingCall[]).push(call)
    this.#largeCount++
    // Acknowledged answers stay until they are half of the list: so no call costs a search, and the list stays short.
    if (this.#large.length <= 2 * this.#largeCount + leastTidied) return
    this.#large = this.#large.filter((kept) => kept.answer !== undefined)
  }

  #giveBack({ answer, answeredOver }: IncomingCall): void {
    if (answer?.kind === Kind.Result && answeredOver === this.#home.linkNumber) this.#home.giveBack(answer.value)
  }

  #countSent(call: IncomingCall): void {
    if (call.wasAnswerSent) return
    call.wasAnswerSent = true
    this.#unsentCount--
  }

  #drop(call: IncomingCall): void {
    const size = sizeOf(call)
    if (call.answer !== undefined) {
      this.#bytes[call.answerPlace] -= size
      this.#held?.change(-size)
    }
    if (call.answerPlace === 'waiting') this.#waiting?.delete(call)
    call.answerPlace = 'idle'
    call.answer = undefined
    if (size >= leastEvictedBytes) this.#largeCount--
  }

  #move(call: IncomingCall, to: AnswerPlace): void {
    const from = call.answerPlace
    if (from === to) return
    const size = sizeOf(call)
    this.#bytes[from] -= size
    this.#bytes[to] += size
    call.answerPlace = to
    if (from === 'waiting') this.#waiting?.delete(call)
    if (to !== 'waiting') return
    this.#waiting ??= new Set()
    this.#waiting.add(call)
    this.#keeper.onWaiting()
  }

  sendWaiting(): void {
    for (const call of this.#waiting ?? none) {
      if (!this.#home.isWritable) break
      this.sendIfReady(call)
    }
  }
}

function pumpItems(call: IncomingCall | undefined, answers: AnswerStore): boolean {
  if (call?.items === undefined) return false
  call.items.pump()
  answers.sendIfReady(call)
  return true
}

function sizeOf(call: IncomingCall): number {
  if (call.answer === undefined) return 0
  return payloadSize(call.answer.kind === Kind.Result ? call.answer.value : call.answer.error)
}
