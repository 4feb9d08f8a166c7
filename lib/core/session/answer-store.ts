// The answers that a ledger keeps until their callers have them: when each may be sent, sent again, or must make room.
// An answer that made room is never guessed at: its caller learns, when it asks, that its outcome is unknown.
//
//   idle ──> waiting ──> sent       idle: no link, items before it that were not read, or nobody has asked over this link
//     ╰───────────────────^         waiting: for a link that is attached and full; never dropped (see held-calls.ts)
//                                   sent: over this link, not acknowledged; from maxLedgerBytes on the oldest make room
//
// Idle ones have nobody who takes them: from maxLedgerBytes on further calls are refused, from maxInFlightBytes more on
// no more are kept.
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

/** Answers below this are not worth making room with: a full table of them stays within a few MiB. */
const leastEvictedBytes = 4 * 1024
/** A list that is not longer than this is not worth tidying. */
const leastTidied = 64

/** The session that the answers are of. */
export interface AnswerHome extends FramePort {
  readonly limits: Pick<Limits, 'maxLedgerBytes' | 'maxInFlightBytes'>
  readonly callee: ErrorEncoder
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
  /** Calls with large answers, oldest first, and some whose answers are gone. */
  #large: readonly IncomingCall[] = none
  /** How many of them have their answers still. */
  #largeCount = 0
  // Made when they are first needed: most links are never full.
  #waiting: Set<IncomingCall> | undefined
  #turns: LinkTurns | undefined
  readonly #bytes = { idle: 0, waiting: 0, sent: 0 }
  #unsentCount = 0
  /** Made once: calls that are refused may be many. */
  #refusal: BusyError | undefined

  constructor(home: AnswerHome, account: MeterSource, keeper: AnswerKeeper) {
    const { maxLedgerBytes, maxInFlightBytes } = home.limits
    this.#home = home
    this.#account = account
    this.#maxBytes = maxLedgerBytes
    this.#maxIdleBytes = maxLedgerBytes + maxInFlightBytes
    this.#keeper = keeper
  }

  /** Why no more calls are taken, if so: more is kept than should be that nobody takes. */
  refusal(): BusyError | undefined {
    if (this.#bytes.idle <= this.#maxBytes) return undefined
    this.#refusal ??= new BusyError('too many answers of this session wait to be read')
    return this.#refusal
  }

  /** Of answers that wait for a link that takes more. */
  get waitingBytes(): number {
    return this.#bytes.waiting
  }

  /** Answers that were never sent: somebody still waits for them, if there is a link. */
  get unsentCount(): number {
    return this.#unsentCount
  }

  /** Keeps the answer of a call that was just answered, and sends it as soon as that may be. */
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

  /** The caller asked again. */
  replay(call: IncomingCall): void {
    if (call.state === 'answered') {
      if (call.answerPlace === 'sent') this.#move(call, 'idle')
      this.sendIfReady(call)
    } else if (call.state === 'forgotten') {
      this.#home.send(this.#lostAnswer(call))
    }
  }

  /** Sends an answer that was not sent yet, if all items before it were. */
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

  /** The link takes more again: answers, and the items of these calls. */
  onWritable(calls: readonly (IncomingCall | undefined)[]): void {
    this.#turns ??= new LinkTurns(this.#home)
    this.#turns.take(calls, pumpItems, this)
    this.#makeRoom()
  }

  /** The caller has it. */
  acknowledge(call: IncomingCall): void {
    if (call.state === 'running') return
    this.#giveBack(call)
    this.#drop(call)
    this.#countSent(call)
    call.state = 'acknowledged'
    call.items?.close()
  }

  /** A new link, over which nothing was sent yet. */
  unsend(call: IncomingCall): void {
    if (call.answer !== undefined) this.#move(call, 'idle')
  }

  /** There is no link, so that nobody takes what waits: as much is kept of that as of answers without a link. */
  onLinkLost(): void {
    for (const call of this.#waiting ?? none) this.#move(call, 'idle')
    for (let i = this.#large.length - 1; i >= 0 && this.#isOverfull; i--) {
      const call = this.#large[i] as IncomingCall
      // Of the others in the list the answers are gone already.
      if (call.state === 'answered' && call.answerPlace === 'idle') this.#giveUp(call)
    }
  }

  /** Nothing of it counts any more. */
  release(): void {
    this.#held?.close()
  }

  get #isOverfull(): boolean {
    return this.#bytes.sent + this.#bytes.idle > this.#maxIdleBytes
  }

  /** Oldest first; only what was sent may go. */
  #makeRoom(): void {
    if (this.#bytes.sent <= this.#maxBytes) return
    const stay: IncomingCall[] = []
    for (const call of this.#large) {
      if (call.state !== 'answered') continue
      if (call.answerPlace === 'sent' && this.#bytes.sent > this.#maxBytes) {
        this.#drop(call)
        call.state = 'forgotten'
      } else stay.push(call)
    }
    this.#large = stay
  }

  /** Nobody takes the answers: what more there is of them cannot be kept, and its caller learns so. */
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
    // Acknowledged ones stay until they are half of the list: so a call costs no search, and the list stays short.
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
