// The open streams of one Igor client, and how much they may be: which ids are taken, whether another may begin, and
// which of the gateway's own clients still have something to do for it.
import type { Meter } from '../../core/accounting/meter.ts'
import type { LocalClient } from '../local-client.ts'
import { code } from './answers.ts'
import type { StreamId } from './message.ts'
import { Stream, type StreamOptions } from './stream.ts'

export interface OpenStreamsOptions {
  readonly maxStreams: number
  /** Bytes of the messages that began them. */
  readonly maxInputBytes: number
  /** Whether the client is away, so that what it is told is kept for it. */
  readonly mayComeBack: () => boolean
  /** Counts the messages that began them, for the client. */
  readonly held?: Meter
}

/** Why a stream does not begin, with a number for it. */
export interface StreamRefusal {
  readonly error: string
  readonly code: number
}

/** What a stream costs beside that, about. */
const streamBytes = 1024

export class OpenStreams {
  readonly #options: OpenStreamsOptions
  readonly #streams = new Map<StreamId, Stream>()
  /** Those that ended while it was away: their last messages are kept for it, which bounds how many these are. */
  readonly #endedAway = new Set<StreamId>()
  /** They run on, and their ids are free. */
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

  /** Those whose end the client has not been told. */
  get untoldIds(): StreamId[] {
    return [...this.#streams.keys(), ...this.#endedAway]
  }

  /** The client is there: it is told of those that ended without it. */
  forgetEnded(): void {
    this.#endedAway.clear()
  }

  has(streamId: StreamId): boolean {
    return this.#streams.has(streamId)
  }

  /** Why no stream of this id can begin with a message of so many bytes; undefined: it can. */
  refusalOf(streamId: StreamId, bytes: number): StreamRefusal | undefined {
    const { maxStreams, maxInputBytes } = this.#options
    if (this.#streams.has(streamId))
      return { error: `stream ${JSON.stringify(streamId)} is open; choose another streamId`, code: code.conflict }
    if (this.count >= maxStreams)
      return { error: `${maxStreams} streams are open; wait until some have closed`, code: code.busy }
    if (this.#inputBytes + bytes > maxInputBytes)
      return { error: 'too much data of open streams; wait until some have closed', code: code.busy }
    return undefined
  }

  /** Begins one that nothing refuses. `onOver` is told when it is over, and no longer here. */
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

  /** Closes one; one that is not open is over already. */
  cancel(streamId: StreamId, reason: string): void {
    this.#streams.get(streamId)?.cancel(reason)
  }

  cancelAll(reason: string): void {
    for (const stream of this.#all()) stream.cancel(reason)
  }

  /** Their connection has gone, and they belong to it. */
  muteAll(): void {
    for (const stream of this.#streams.values()) {
      stream.mute()
      this.#muted.add(stream)
    }
    this.#streams.clear()
  }

  /** What they run on. */
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
