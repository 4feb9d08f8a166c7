// The source of a call's input: read as fast as the callee takes its items, left as soon as the call is over, in the
// context of the caller's program.
import { keepContext } from '../base/async-context.ts'
import type { CallInput, FeedInput } from '../session/call-input.ts'
import type { OutboundStream } from '../session/outbound-stream.ts'
import { type ItemSource, itemSourceOf, leaveQuietly } from './item-source.ts'
import type { PendingCall } from './pending-call.ts'

/** Bytes that do not fit a frame are sent in parts of this size: some browsers read a File as one item. */
const partBytes = 64 * 1024

export class InputFeed {
  /** Begins to read. Called once, when the callee has admitted the call. */
  readonly start: FeedInput
  readonly #given: AsyncIterable<unknown>
  #source: ItemSource | undefined
  #isOver = false

  constructor(given: AsyncIterable<unknown>) {
    this.#given = given
    this.start = keepContext((stream, input) => void this.#feed(stream, input))
  }

  #pending: PendingCall | undefined

  /** Sets the call that it feeds: when that call is over, the source is left, even if nothing of it was read. */
  belongsTo(pending: PendingCall): void {
    this.#pending = pending
    pending.whenDone(keepContext(() => this.#leave()))
  }

  async #feed(stream: OutboundStream, input: CallInput): Promise<void> {
    const pending = this.#pending as PendingCall
    try {
      const source = this.#open() as ItemSource
      for (;;) {
        const step = await source.next()
        if (!pending.isOpen) return
        if (step.done) break
        for (const item of partsOf(step.value, input)) {
          const payload = pending.codec.encode(item, 'input item', pending.rules)
          if (!input.fits(payload)) throw input.tooLarge(payload)
          const isSent = stream.push(payload)
          pending.reportProgress()
          if (!isSent) await stream.writable()
          if (!pending.isOpen) return
        }
      }
      this.#isOver = true
      input.end(stream.count)
    } catch (error) {
      pending.fail(error)
    }
  }

  #open(): ItemSource | undefined {
    this.#source ??= itemSourceOf(this.#given)
    return this.#source
  }

  #leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    try {
      void leaveQuietly(this.#open())
    } catch {
      // It cannot even be opened: there is nothing to leave.
    }
  }
}

function* partsOf(item: unknown, input: CallInput): Generator<unknown> {
  if (!(item instanceof Uint8Array) || input.fits(item)) yield item
  else for (let at = 0; at < item.length; at += partBytes) yield item.subarray(at, at + partBytes)
}
