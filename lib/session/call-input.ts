// The input stream of a call, at the caller: the items, and the end, which is said when all items before it were
// sent and again over each new link.
import { Kind } from '../wire/frame.ts'
import type { FramePort } from './frame-port.ts'
import type { OutboundStream } from './outbound-stream.ts'

export class CallInput {
  readonly #stream: OutboundStream
  readonly #seq: number
  readonly #port: FramePort
  #endAfter: number | undefined
  #isEndSaid = false

  constructor(stream: OutboundStream, seq: number, port: FramePort) {
    this.#stream = stream
    this.#seq = seq
    this.#port = port
  }

  /** No more items than these. */
  end(items: number): void {
    this.#endAfter = items
    this.#sayEnd()
  }

  onCredit(received: number, granted: number): void {
    this.#stream.onCredit(received, granted)
    this.#sayEnd()
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
    this.#port.send({ kind: Kind.InputEnd, seq: this.#seq, items })
  }
}
