// One call of the peer: what its handler sees of the caller (signal, deadline, input), and how it answers (items, then a value or a
// failure). The ledger owns it and keeps its answer until it is acknowledged.
import type { IsockError } from '../base/errors.ts'
import { copied, detached, type Payload } from '../wire/bytes/payload.ts'
import { type FailureFrame, type InputEndFrame, Kind, type ResultFrame } from '../wire/frames/frame.ts'
import type { Metadata } from '../wire/frames/metadata.ts'
import type { RecordedAnswer } from './call-records.ts'
import type { IncomingInputs } from './incoming-inputs.ts'
import type { CalledAction } from './name-refs.ts'
import type { OutboundStream } from './outbound-stream.ts'
import { callSize } from './outgoing-call.ts'

/** What a call needs of its ledger. */
export interface CallKeeper {
  /** Its calls may have run elsewhere before they came here. */
  readonly mayHaveRun?: boolean
  /** `isRecorded`: the answer, or that there is none, is already known to all servers. */
  onAnswered(call: IncomingCall, answer: ResultFrame | FailureFrame, isRecorded?: boolean): void
  openItems(call: IncomingCall): OutboundStream
  /** Called when its data was decoded and takes this many more bytes. */
  onWeighed(bytes: number): void
}

/** All calls; or only those that run code of the program for an absent client, which may still come back for their items. */
export type AbortScope = 'all' | 'what runs for an absent client'

/**
 *   running ──> answered ──> acknowledged     answered: the answer is kept, a repeated CALL gets it
 *                   ╰─────> forgotten          forgotten: it ran, but the answer had to make room
 */
export type RunState = 'running' | 'answered' | 'forgotten' | 'acknowledged'

/** How far a kept answer is on its way to the caller: see answer-store.ts. */
export type AnswerPlace = 'idle' | 'waiting' | 'sent'

export class IncomingCall {
  readonly seq: number
  readonly action: CalledAction
  readonly attempt: number
  /** What the caller sent beside the data. */
  readonly metadata: Metadata | undefined
  /** The bytes that the caller sent: counted until it is answered. */
  readonly dataSize: number
  /** What its decoded data takes in addition: counted likewise. */
  decodedBytes = 0
  /** Released when it is answered, with unread items, because the entry stays until its slot is used again. */
  input: IncomingInputs | undefined
  /** When it arrived, or was not held any more. On the session's clock, like the deadline. */
  admittedAtMs: number
  /** Infinity: no deadline. */
  readonly deadlineAtMs: number
  state: RunState = 'running'
  items: OutboundStream | undefined
  answer: ResultFrame | FailureFrame | undefined
  /** A stream of the library, which runs no code of the program and can wait for its client. */
  isOfLibrary = false
  /** Called when its handler has answered. */
  whenAnswered: ((call: IncomingCall) => void) | undefined
  /** The holder that it counts for, if any. */
  holder: { running: number } | undefined
  /** Called once when it is aborted, after its signal. */
  whenAborted: ((reason: IsockError) => void) | undefined
  answerPlace: AnswerPlace = 'idle'
  /** The answer was sent over some link, so it may have been received. */
  wasAnswerSent = false
  /** The number of the only link that its answer was sent over; 0: none, or several. */
  answeredOver = 0
  /** Whether it waits until there is room for its answer. */
  isHeld = false
  /** The estimated size of its answer, while it runs. */
  expectedBytes = 0
  readonly #keeper: CallKeeper
  #data: Payload
  #whenEnded: (() => void) | undefined
  #abortReason: IsockError | undefined
  #controller: AbortController | undefined

  constructor(
    keeper: CallKeeper,
    given: Pick<IncomingCall, 'seq' | 'action' | 'attempt' | 'input' | 'metadata' | 'admittedAtMs' | 'deadlineAtMs'>,
    data: Payload,
  ) {
    this.#keeper = keeper
    this.seq = given.seq
    this.action = given.action
    this.attempt = given.attempt
    this.metadata = given.metadata
    this.dataSize = callSize({ data, metadata: given.metadata })
    this.#data = data
    this.input = given.input
    this.admittedAtMs = given.admittedAtMs
    this.deadlineAtMs = given.deadlineAtMs
  }

  /** A call that is known by its number only. */
  static nameless(keeper: CallKeeper, seq: number): IncomingCall {
    const action = { name: '', contract: undefined, expectedBytes: 0 }
    const none = { action, attempt: 0, input: undefined, metadata: undefined, admittedAtMs: 0 }
    return new IncomingCall(keeper, { seq, ...none, deadlineAtMs: Number.POSITIVE_INFINITY }, undefined)
  }

  /** A call whose cancel arrived before it: it has its answer, and will never run. */
  static neverStarted(keeper: CallKeeper, seq: number, error: Payload): IncomingCall {
    const call = IncomingCall.nameless(keeper, seq)
    call.state = 'answered'
    call.answer = { kind: Kind.Failure, seq, items: 0, notStarted: true, error }
    return call
  }

  get name(): string {
    return this.action.name
  }

  get contract(): string | undefined {
    return this.action.contract
  }

  /** Whether the answer was sent over the current link. */
  get isAnswerSent(): boolean {
    return this.answerPlace === 'sent'
  }

  /** Returns its data, for its only reader. It is not kept here any more. */
  takeData(): Payload {
    const data = this.#data
    this.#data = undefined
    return data
  }

  /** A copy of its data, for a reader that may come again. */
  copyData(): Payload {
    this.keepData()
    return copied(this.#data)
  }

  /** Counts the memory of its decoded data until it is answered. */
  weigh(bytes: number): void {
    if (this.state !== 'running' || this.decodedBytes > 0) return
    this.decodedBytes = bytes
    this.#keeper.onWeighed(bytes)
  }

  /** Called when it is answered: releases its data and input. */
  release(): void {
    this.#data = undefined
    this.whenAborted = undefined
    this.input?.close()
    this.input = undefined
  }

  /** Called when its data will be read later: copies it, so that the received chunk is not kept. */
  keepData(): void {
    this.#data = detached(this.#data)
  }

  /** Aborts when the caller cancels, it times out, or the session ends. Created on first use. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  /** The reason why nobody waits for the answer any more, if any. */
  get abortReason(): IsockError | undefined {
    return this.#abortReason
  }

  abort(reason: IsockError, which: AbortScope = 'all'): void {
    if (which !== 'all' && this.isOfLibrary) return
    if (this.#abortReason !== undefined || this.state !== 'running') return
    this.#abortReason = reason
    if (which === 'all') this.items?.cutOff()
    else this.items?.finish()
    this.input?.end(reason)
    this.#controller?.abort(reason)
    this.whenAborted?.(reason)
  }

  /** Called when an input stream has no more than these items. */
  endInput({ stream, items }: InputEndFrame): void {
    // An aborted call counts no more items.
    if (this.state === 'running' && this.#abortReason === undefined) this.input?.endOne(stream, items)
  }

  /** Sends an item. If it returns a promise, await it before the next. */
  emit(value: Payload): Promise<void> | undefined {
    if (this.#abortReason !== undefined || this.state !== 'running') return undefined
    this.items ??= this.#keeper.openItems(this)
    return this.items.push(value) ? undefined : this.items.writable()
  }

  /** Whether it may have run at another server, which cannot be asked. */
  get mayHaveRun(): boolean {
    return this.#keeper.mayHaveRun === true
  }

  /** Answers it with an answer that is recorded, and its items. */
  answerRecorded({ answer, items }: RecordedAnswer): void {
    if (this.state === 'running') this.#openRecorded(items)
    this.answerWith(answer, true)
  }

  /** Answers it, after all items. A second answer is ignored. */
  answerWith(answer: ResultFrame | FailureFrame, isRecorded?: boolean): void {
    if (this.state === 'running') this.#keeper.onAnswered(this, answer, isRecorded)
    else if (this.#whenEnded === undefined) return
    this.endAbandoned()
    this.whenAnswered?.(this)
  }

  /** An aborted call has them too: its caller may have lost only its link. */
  #openRecorded(items: readonly Payload[]): void {
    if (items.length === 0) return
    this.items ??= this.#keeper.openItems(this)
    for (const item of items) this.items.push(item, true)
  }

  /** Whether its handler still runs although it was answered. */
  get isAbandoned(): boolean {
    return this.#whenEnded !== undefined
  }

  /** Called when its handler has ended, if it was abandoned. */
  endAbandoned(): void {
    this.#whenEnded?.()
    this.#whenEnded = undefined
  }

  /** Answers it, so that its slot is free, while its handler still runs. Calls `whenEnded` when that has ended. */
  abandon(answer: FailureFrame, whenEnded: () => void): void {
    this.#whenEnded = whenEnded
    this.#keeper.onAnswered(this, answer)
  }
}
