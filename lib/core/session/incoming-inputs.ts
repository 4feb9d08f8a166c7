// The input streams of a call, at the callee: its data itself, or several within its data. Each has its own window, so that they may
// be read in any order.
import { ProtocolError } from '../base/errors.ts'
import type { ItemFrame } from '../wire/frames/frame.ts'
import type { InboundStream } from './inbound-stream.ts'

export class IncomingInputs {
  /** By their numbers. */
  readonly streams: readonly InboundStream[]

  constructor(streams: readonly InboundStream[]) {
    this.streams = streams
  }

  onItem({ stream, index, value }: ItemFrame): void {
    this.#find(stream).onItem(index, value)
  }

  /** Called when a stream has no more than these items. */
  endOne(stream: number | undefined, items: number): void {
    const ended = this.#find(stream)
    if (ended.received !== items) throw new ProtocolError(`input ended after ${items} items, ${ended.received} arrived`)
    ended.end(undefined)
  }

  /** Called when all are interrupted. */
  end(error: unknown): void {
    for (const stream of this.streams) stream.end(error)
  }

  discard(): void {
    for (const stream of this.streams) stream.discard()
  }

  resume(): void {
    for (const stream of this.streams) stream.resume()
  }

  close(): void {
    for (const stream of this.streams) stream.close()
  }

  #find(number = 0): InboundStream {
    const stream = this.streams[number]
    if (stream !== undefined) return stream
    throw new ProtocolError(`input stream ${number} of a call that has ${this.streams.length}`)
  }
}
