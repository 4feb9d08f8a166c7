// One input stream of a call, at the caller. Takes nothing from its source before the callee has granted credit, which it does when it
// admits the call: so a refused call can be sent elsewhere. The end is sent when all items before it were sent, and again over
// each new link.
import type { UnsendableError } from '../base/errors.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { Kind } from '../wire/frames/frame.ts'
import { fitsFrame, tooLarge } from '../wire/frames/frame-fit.ts'
import type { FramePort } from './frame-port.ts'
import type { InputProgress, OutboundStream } from './outbound-stream.ts'

/** Takes items from their source and pushes them, until it ends. */
export type FeedInput = (stream: OutboundStream, input: CallInput) => void

export interface CallInputOptions {
  readonly stream: OutboundStream
  readonly seq: number
  /** The number of the stream in the call; undefined: the first. */
  readonly number: number | undefined
  readonly port: FramePort
  readonly feed: FeedInput
  readonly maxFrameBytes: number
}

export class CallInput {
  readonly #stream: OutboundStream
  readonly #seq: number
  readonly #number: number | undefined
  readonly #port: FramePort
  readonly #feed: FeedInput
  readonly #maxFrameBytes: number
  #isFed = false
  #endAfter: number | undefined
  #isEndSaid = false

  constructor({ stream, seq, port, feed, maxFrameBytes, number }: CallInputOptions) {
    this.#feed = feed
    this.#maxFrameBytes = maxFrameBytes
    this.#stream = stream
    this.#seq = seq
    this.#port = port
    this.#number = number
  }

  /** Whether the peer accepts an item of this size. */
  fits(item: Payload): boolean {
    return fitsFrame(item, this.#maxFrameBytes)
  }

  /** The error for an item that does not fit. */
  tooLarge(item: Payload): UnsendableError {
    return tooLarge('input item', item, this.#maxFrameBytes)
  }

  addProgressTo(progress: InputProgress): void {
    this.#stream.addProgressTo(progress)
  }

  /** Called when an item was taken from the source. */
  get isFed(): boolean {
    return this.#isFed
  }

  /** Called when the source has no more than these items. */
  end(items: number): void {
    this.#endAfter = items
    this.#sayEnd()
  }

  /** True: the callee has made progress. */
  onCredit(received: number, granted: number): boolean {
    const hasMoved = this.#stream.onCredit(received, granted)
    if (!this.#isFed && granted > 0) {
      this.#isFed = true
      this.#feed(this.#stream, this)
    }
    this.#sayEnd()
    return hasMoved
  }

  pump(): void {
    this.#stream.pump()
    this.#sayEnd()
  }

  rewind(): void {
    this.#isEndSaid = false
    this.#stream.rewind()
    this.#sayEnd()
  }

  close(): void {
    this.#stream.close()
  }

  #sayEnd(): void {
    const items = this.#endAfter
    if (items === undefined || this.#isEndSaid || !this.#stream.isFlushed || !this.#port.isAttached) return
    this.#isEndSaid = true
    const frame = { kind: Kind.InputEnd, seq: this.#seq, items } as const
    this.#port.send(this.#number === undefined ? frame : { ...frame, stream: this.#number })
  }
}
