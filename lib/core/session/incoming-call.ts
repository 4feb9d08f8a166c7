// One run that the other side asked for: what its handler sees of the caller (signal, deadline, input) and how it
// answers (items, then a value or a failure). The ledger owns it and keeps its answer until it is acknowledged.
import type { IsockError } from '../base/errors.ts'
import { detached, type Payload } from '../wire/bytes/payload.ts'
import { type FailureFrame, type InputEndFrame, Kind, type ResultFrame } from '../wire/frames/frame.ts'
import type { Metadata } from '../wire/frames/metadata.ts'
import type { IncomingInputs } from './incoming-inputs.ts'
import type { CalledAction } from './name-refs.ts'
import type { OutboundStream } from './outbound-stream.ts'
import { callSize } from './outgoing-call.ts'

/** What a call needs of the ledger that it stands in. */
export interface CallKeeper {
  onAnswered(call: IncomingCall, answer: ResultFrame | FailureFrame): void
  openItems(call: IncomingCall): OutboundStream
  /** Its data was decoded, and takes so much more than it did. */
  onWeighed(bytes: number): void
}

/** Every call; or what runs code of the program for a client that is away, and may still come for what was emitted. */
export type AbortScope = 'all' | 'what runs for one who is away'

/**
 *   running ──> answered ──> acknowledged     answered: the answer is kept, a repeated CALL gets it again
 *                   ╰─────> forgotten          forgotten: it ran, but the answer had to make room
 */
export type RunState = 'running' | 'answered' | 'forgotten' | 'acknowledged'

/** Where a kept answer is on its way to the caller: see answer-store.ts. */
export type AnswerPlace = 'idle' | 'waiting' | 'sent'

const noAction: CalledAction = { name: '', contract: undefined, expectedBytes: 0 }

export class IncomingCall {
  readonly seq: number
  readonly action: CalledAction
  readonly attempt: number
  /** What the caller sent beside the data. */
  readonly metadata: Metadata | undefined
  /** Of what the caller sent: counted until it is answered. */
  readonly dataSize: number
  /** What its data takes besides, once it is decoded: likewise. */
  decodedBytes = 0
  /** Let go when it is answered, with items that nobody read: the entry stays until its slot is used again. */
  input: IncomingInputs | undefined
  /** On the session's clock, like the deadline: when it came, or when it was held no longer. */
  admittedAtMs: number
  /** Infinity: none. */
  readonly deadlineAtMs: number
  state: RunState = 'running'
  items: OutboundStream | undefined
  answer: ResultFrame | FailureFrame | undefined
  /** A stream of the library's own, which runs no code of the program and can wait for its client. */
  isOfLibrary = false
  /** Called once its handler has answered. */
  whenAnswered: ((call: IncomingCall) => void) | undefined
  /** Whom it counts for, where somebody counts. */
  holder: { running: number } | undefined
  /** Called once when it is aborted, after its signal. */
  whenAborted: ((reason: IsockError) => void) | undefined
  answerPlace: AnswerPlace = 'idle'
  /** The answer went over some link, so it may have been received. */
  wasAnswerSent = false
  /** The number of the one link that its answer went over; 0: none, or several. */
  answeredOver = 0
  /** Its start waits until there is room for answers. */
  isHeld = false
  /** What its answer is expected to have, while it runs. */
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

  /** A call that was cancelled before it came: it has its answer, and will never run. */
  static neverStarted(keeper: CallKeeper, seq: number, error: Payload): IncomingCall {
    const none = { action: noAction, attempt: 0, input: undefined, metadata: undefined, admittedAtMs: 0 }
    const call = new IncomingCall(keeper, { seq, ...none, deadlineAtMs: Number.POSITIVE_INFINITY }, undefined)
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

  /** The answer went over the current link. */
  get isAnswerSent(): boolean {
    return this.answerPlace === 'sent'
  }

  /** What the caller sent, for its one reader; from then on it is not kept here. */
  takeData(): Payload {
    const data = this.#data
    this.#data = undefined
    return data
  }

  /** What it came with takes this in memory, besides its bytes, for as long as its handler may have it. */
  weigh(bytes: number): void {
    if (this.state !== 'running' || this.decodedBytes > 0) return
    this.decodedBytes = bytes
    this.#keeper.onWeighed(bytes)
  }

  /** It is answered: what it came with is not needed any more. */
  letGo(): void {
    this.#data = undefined
    this.whenAborted = undefined
    this.input?.close()
    this.input = undefined
  }

  /** It will not be read at once: what it came in must not be held meanwhile. */
  keepData(): void {
    this.#data = detached(this.#data)
  }

  /** Aborts when the caller cancels, its time runs out, or the session ends. Made when first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  /** Why nobody waits for the answer any more, if so. */
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

  /** An input stream has no more than these items. */
  endInput({ stream, items }: InputEndFrame): void {
    // Who was told to stop counts no more items.
    if (this.state === 'running' && this.#abortReason === undefined) this.input?.endOne(stream, items)
  }

  /** Sends an item. Undefined: go on; a promise: wait for it first. */
  emit(value: Payload): Promise<void> | undefined {
    if (this.#abortReason !== undefined || this.state !== 'running') return undefined
    this.items ??= this.#keeper.openItems(this)
    return this.items.push(value) ? undefined : this.items.writable()
  }

  /** The one answer; a second one is ignored. It follows all items. */
  answerWith(answer: ResultFrame | FailureFrame): void {
    if (this.state === 'running') this.#keeper.onAnswered(this, answer)
    else if (this.#whenEnded === undefined) return
    this.#whenEnded?.()
    this.#whenEnded = undefined
    this.whenAnswered?.(this)
  }

  /** Its handler runs on although it is answered. */
  get isAbandoned(): boolean {
    return this.#whenEnded !== undefined
  }

  /** Answers it, so that its place is free, while its handler runs on. `whenEnded` is called when that has ended. */
  abandon(answer: FailureFrame, whenEnded: () => void): void {
    this.#whenEnded = whenEnded
    this.#keeper.onAnswered(this, answer)
  }
}
