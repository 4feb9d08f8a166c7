// The answers that a ledger keeps until their callers have them: when each may be sent, sent again, or must make
// room. An answer that made room is never guessed at: who asks for it again learns that its outcome is unknown.
import { BusyError, type IsockError, OutcomeUnknownError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import { type FailureFrame, Kind } from '../wire/frame.ts'
import { type Payload, payloadSize } from '../wire/payload.ts'
import type { FramePort } from './frame-port.ts'
import type { IncomingCall } from './incoming-call.ts'

/** Answers below this are not worth making room with: a full table of them stays within a few MiB. */
const leastEvictedBytes = 4 * 1024
/** A list that is not longer than this is not worth tidying. */
const leastTidied = 64

export interface AnswerStoreOptions {
  readonly limits: Limits
  readonly port: FramePort
  readonly encodeError: (error: IsockError) => Payload
}

export class AnswerStore {
  readonly #maxBytes: number
  readonly #maxUnsentBytes: number
  readonly #port: FramePort
  readonly #encodeError: (error: IsockError) => Payload
  /** Calls with large answers, oldest first, and some whose answers are gone. */
  #large: IncomingCall[] = []
  /** How many of them have their answers still. */
  #largeCount = 0
  /** Answers that wait for a link that takes more. */
  #waiting = new Set<IncomingCall>()
  #bytes = 0
  #unsentCount = 0

  constructor({ limits, port, encodeError }: AnswerStoreOptions) {
    this.#maxBytes = limits.maxLedgerBytes
    this.#maxUnsentBytes = limits.maxLedgerBytes + limits.maxInFlightBytes
    this.#port = port
    this.#encodeError = encodeError
  }

  /** Why no more calls may start, if so: more is kept than should be, because it could not be sent yet. */
  refusal(): BusyError | undefined {
    return this.#bytes > this.#maxBytes ? new BusyError('too many answers of this session wait to be read') : undefined
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Answers that were never sent: somebody still waits for them, if there is a link. */
  get unsentCount(): number {
    return this.#unsentCount
  }

  /** Keeps the answer of a call that was just answered, and sends it as soon as that may be. */
  keep(call: IncomingCall): void {
    const size = sizeOf(call)
    this.#bytes += size
    this.#unsentCount++
    if (size >= leastEvictedBytes) this.#keepLarge(call)
    this.sendIfReady(call)
    if (this.#bytes > this.#maxBytes) this.#makeRoom()
    if (this.#bytes > this.#maxUnsentBytes && !call.isAnswerSent && size >= leastEvictedBytes) this.#giveUp(call)
  }

  /** The caller asked again. */
  replay(call: IncomingCall): void {
    if (call.state === 'answered') {
      call.isAnswerSent = false
      this.sendIfReady(call)
    } else if (call.state === 'forgotten') {
      this.#port.send(this.#lostAnswer(call))
    }
  }

  /** Sends an answer that was not sent yet, if all items before it were. */
  sendIfReady(call: IncomingCall): void {
    if (call.answer === undefined || call.isAnswerSent || call.items?.isFlushed === false) return
    if (this.#port.isWritable) {
      call.isAnswerSent = true
      if (!call.wasAnswerSent) {
        call.wasAnswerSent = true
        this.#unsentCount--
      }
      this.#port.send(call.answer)
    } else if (this.#port.isAttached) this.#waiting.add(call)
  }

  sendWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const call of waiting) this.sendIfReady(call)
    if (this.#bytes > this.#maxBytes) this.#makeRoom()
  }

  /** The caller has it. */
  acknowledge(call: IncomingCall): void {
    if (call.state === 'running') return
    this.#drop(call)
    if (!call.wasAnswerSent) {
      call.wasAnswerSent = true
      this.#unsentCount--
    }
    call.state = 'acknowledged'
    call.items?.close()
  }

  /** A new link: nothing was sent over it yet. */
  onNewLink(): void {
    this.#waiting.clear()
  }

  /** Oldest first; only what was sent may go. */
  #makeRoom(): void {
    const stay: IncomingCall[] = []
    for (const call of this.#large) {
      if (call.state !== 'answered') continue
      if (this.#bytes > this.#maxBytes && call.isAnswerSent) {
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
    this.#bytes += sizeOf(call)
    if (this.#port.isAttached) this.#waiting.add(call)
  }

  #lostAnswer(call: IncomingCall): FailureFrame {
    const error = new OutcomeUnknownError(`action "${call.name}" ran, but its answer had to make room for others`)
    const items = call.items?.count ?? 0
    return { kind: Kind.Failure, seq: call.seq, items, notStarted: false, error: this.#encodeError(error) }
  }

  #keepLarge(call: IncomingCall): void {
    this.#large.push(call)
    this.#largeCount++
    // Acknowledged ones stay until they are half of the list: so a call costs no search, and the list stays short.
    if (this.#large.length <= 2 * this.#largeCount + leastTidied) return
    this.#large = this.#large.filter((kept) => kept.answer !== undefined)
  }

  #drop(call: IncomingCall): void {
    this.#waiting.delete(call)
    const size = sizeOf(call)
    this.#bytes -= size
    if (size >= leastEvictedBytes) this.#largeCount--
    call.answer = undefined
  }
}

function sizeOf(call: IncomingCall): number {
  if (call.answer === undefined) return 0
  return payloadSize(call.answer.kind === Kind.Result ? call.answer.value : call.answer.error)
}
