// The open streams of one Igor client: their ids, their limits, and the clients of the server that they run on.
import type { Meter } from '../../core/accounting/meter.ts'
import type { Refusal } from '../../features/web/refusal.ts'
import type { LocalClient } from '../local-client.ts'
import { status } from '../status-codes.ts'
import type { StreamId } from './message.ts'
import { Stream, type StreamOptions } from './stream.ts'

export interface OpenStreamsOptions {
  readonly maxStreams: number
  /** Bytes of the messages that started them. */
  readonly maxInputBytes: number
  /** Whether the client is away, so that its messages are kept. */
  readonly mayComeBack: () => boolean
  /** Counts the messages that started them, on the client's account. */
  readonly held?: Meter
}

/** The approximate cost of a stream, besides its message. */
const streamBytes = 1024

export class OpenStreams {
  readonly #options: OpenStreamsOptions
  readonly #streams = new Map<StreamId, Stream>()
  /** Streams that ended while the client was away. Their last messages are kept for it, which bounds their number. */
  readonly #endedAway = new Set<StreamId>()
  /** They continue, although their ids are free. */
  readonly #muted = new Set<Stream>()
  readonly #waitingForNone: (() => void)[] = []
  #inputBytes = 0

  constructor(options: OpenStreamsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#streams.size + this.#muted.size
  }

  /** Settles when none is open. */
  whenNone(): Promise<void> {
    if (this.count === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waitingForNone.push(resolve))
  }

  /** Streams whose end the client has not received yet. */
  get unreportedIds(): StreamId[] {
    return [...this.#streams.keys(), ...this.#endedAway]
  }

  /** Called when the client is connected: it receives the ends of the streams that ended without it. */
  forgetEnded(): void {
    this.#endedAway.clear()
  }

  has(streamId: StreamId): boolean {
    return this.#streams.has(streamId)
  }

  /** Why no stream with this id can start with a message of this size; undefined if it can. */
  refusalOf(streamId: StreamId, bytes: number): Refusal | undefined {
    const { maxStreams, maxInputBytes } = this.#options
    if (this.#streams.has(streamId))
      return {
        message: `stream ${JSON.stringify(streamId)} is already open; choose another streamId`,
        status: status.conflict,
      }
    if (this.count >= maxStreams)
      return { message: `${maxStreams} streams are open; wait until some have closed`, status: status.busy }
    if (this.#inputBytes + bytes > maxInputBytes)
      return { message: 'the open streams hold too much data; wait until some have closed', status: status.busy }
    return undefined
  }

  /** Starts a stream that was not refused. `onOver` is called after it has ended and was removed. */
  begin(options: StreamOptions, onOver: (stream: Stream) => void): void {
    const stream = new Stream(options)
    this.#streams.set(stream.streamId, stream)
    this.#inputBytes += stream.bytes
    this.#options.held?.change(stream.bytes + streamBytes)
    void stream.run().then(() => {
      const wasMuted = this.#muted.delete(stream)
      if (!wasMuted) this.#streams.delete(stream.streamId)
      this.#inputBytes -= stream.bytes
      this.#options.held?.change(-stream.bytes - streamBytes)
      if (!wasMuted && this.#options.mayComeBack()) this.#endedAway.add(stream.streamId)
      if (this.count === 0) for (const resolve of this.#waitingForNone.splice(0)) resolve()
      onOver(stream)
    })
  }

  /** Cancels a stream. No-op once it has ended. */
  cancel(streamId: StreamId, reason: string): void {
    this.#streams.get(streamId)?.cancel(reason)
  }

  cancelAll(reason: string): void {
    for (const stream of this.#all()) stream.cancel(reason)
  }

  /** Called when the connection that they belong to is gone. */
  muteAll(): void {
    for (const stream of this.#streams.values()) {
      stream.mute()
      this.#muted.add(stream)
    }
    this.#streams.clear()
  }

  /** The clients of the server that they run on. */
  locals(): Set<LocalClient> {
    return new Set(this.#all().map(({ local }) => local))
  }

  runOn(local: LocalClient): boolean {
    return this.#all().some((stream) => stream.local === local)
  }

  #all(): Stream[] {
    return [...this.#streams.values(), ...this.#muted]
  }
}
