// A link that speaks frames. Sends the frames of one tick in one write or a few, decodes incoming bytes, and watches for
// silence and stalled frames. Leaves the meaning of frames to the sink.
//
//   send(frame) -> MsgpackWriter -> [end of tick] -> Link.write
//   Link bytes  -> FrameDecoder  -> readSessionFrame -> sink.onFrame
import { runClean } from '../base/async-context.ts'
import type { Clock } from '../base/clock.ts'
import { AuthError, IsockError, LinkError, ProtocolError } from '../base/errors.ts'
import { type Limits, maxHandshakeBytes } from '../base/options.ts'
import { nextTick } from '../base/platform-timers.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import type { Slabs } from '../wire/bytes/slabs.ts'
import { type Frame, Kind } from '../wire/frames/frame.ts'
import { FrameDecoder } from '../wire/frames/frame-decoder.ts'
import { readHandshakeFrame, readSessionFrame } from '../wire/frames/frame-reader.ts'
import { writeFrame } from '../wire/frames/frame-writer.ts'
import { MsgpackReader } from '../wire/frames/msgpack-reader.ts'
import { MsgpackWriter } from '../wire/frames/msgpack-writer.ts'
import type { FrameSink, LinkEnding } from './frame-sink.ts'
import { Heartbeat, type Transfer, type WatchedLink } from './heartbeat.ts'
import type { Link, LinkHandler, Peer } from './link.ts'
import { LinkHoldings, type LinkHoldingsOptions } from './link-holdings.ts'
import { returnsOver, SpentMemory } from './spent-memory.ts'

export interface FrameLinkOptions extends LinkHoldingsOptions {
  readonly clock: Clock
  readonly slabs: Slabs
  readonly limits: Limits
  /** Keeps nothing between two frames, and can be shared by many links. */
  readonly reader?: MsgpackReader
  /** See {@link HeartbeatOptions}. */
  readonly doubtsAfterSleep?: boolean
}

/** How many bytes of a foreign protocol are kept for an error message. */
const shownBytes = 64
/** Bytes after which a tick's frames are written before it ends. */
const flushAtBytes = 256 * 1024
/** Frames after which a tick's first ones are written before it ends, so that the peer can start on them. */
const firstFlushAtFrames = 16

export class FrameLink implements LinkHandler, WatchedLink {
  readonly peer: Peer
  /** The first bytes received, if they were not a readable first frame. */
  foreignBytes: Uint8Array | undefined
  /** True while the peer does not read what was written. Streams and results then wait. */
  isBlocked = false
  readonly #link: Link
  readonly #writer: MsgpackWriter
  readonly #reader: MsgpackReader
  readonly #decoder: FrameDecoder
  readonly #heartbeat: Heartbeat
  readonly #limits: Limits
  readonly #held: LinkHoldings
  #spent: SpentMemory | undefined
  #sink: FrameSink | undefined
  #isFlushPlanned = false
  /** Frames since the last flush, and the number that causes the next one: doubled after each flush within a tick. */
  #frames = 0
  #flushAtFrames = firstFlushAtFrames
  #isHandshaking = true
  /** How many times it was blocked. */
  #blockCount = 0
  /** Bytes of the write that filled the buffer and of later ones; and of the later ones only. */
  #untakenBytes = 0
  #queuedBytes = 0
  #endReason: IsockError | undefined
  #released: Promise<void> | undefined

  constructor(link: Link, options: FrameLinkOptions) {
    this.peer = link.peer
    this.#link = link
    this.#limits = options.limits
    this.#reader = options.reader ?? new MsgpackReader()
    this.#held = new LinkHoldings(link, options, this)
    this.#writer = new MsgpackWriter(options.slabs)
    this.#decoder = new FrameDecoder(Math.min(maxHandshakeBytes, options.limits.maxFrameBytes), this.#onBody)
    this.#heartbeat = new Heartbeat(options.clock, options.limits, this, options)
  }

  /** A frame has been in transit for seconds, in either direction: nothing behind it can have arrived yet. */
  get isSlow(): boolean {
    return this.#heartbeat.isTransferSlow
  }

  /** The peer may be dead, so what is sent now may be lost. */
  get isInDoubt(): boolean {
    return this.#heartbeat.isInDoubt
  }

  get isEnded(): boolean {
    return this.#endReason !== undefined
  }

  /** See {@link Heartbeat.doubt}. */
  doubt(): void {
    this.#heartbeat.doubt()
  }

  onProven(): void {
    if (!this.isBlocked && this.#endReason === undefined) this.#sink?.onLinkWritable()
  }

  /** Starts to deliver. The first frame must be one of the handshake. */
  open(sink: FrameSink): void {
    this.#sink = sink
    this.#link.open(this)
  }

  onBytes(chunk: Uint8Array): void {
    this.#held.take(chunk)
  }

  // Node reports a drain or an error in the async context of the write that caused it.
  onDrain(): void {
    runClean(() => {
      this.isBlocked = false
      this.#untakenBytes = 0
      this.#held.taken()
      this.#queuedBytes = 0
      this.#onWritten()
      if (this.#endReason === undefined && !this.isInDoubt) this.#sink?.onLinkWritable()
    }, undefined)
  }

  onEnd(error: Error | undefined, isGone = false): void {
    runClean(() => {
      if (error === undefined) this.#end(new LinkError('the peer closed the link'), isGone ? 'gone' : 'closed')
      else this.#end(this.#isHandshaking && error instanceof AuthError ? error : asLinkError(error))
    }, undefined)
  }

  incoming(): Transfer {
    return { number: this.#decoder.openFrame, bytes: this.#decoder.openBytes }
  }

  outgoing(): Transfer {
    return { number: this.isBlocked ? this.#blockCount : 0, bytes: this.#untakenBytes }
  }

  /** Called when the peer was admitted: allows larger frames, starts the heartbeat, and changes the sink. */
  establish(sink: FrameSink): void {
    this.#sink = sink
    this.#isHandshaking = false
    this.#decoder.maxFrameBytes = this.#limits.maxFrameBytes
    this.#heartbeat.start()
  }

  /** Writes at the end of this tick, in order. No-op once the link has ended. */
  send(frame: Frame): void {
    if (this.#endReason !== undefined) return
    writeFrame(this.#writer, frame)
    if (++this.#frames >= this.#flushAtFrames) {
      this.#flushAtFrames *= 2
      this.flush()
    } else if (this.#writer.size >= flushAtBytes) this.flush()
    else if (!this.#isFlushPlanned) {
      this.#isFlushPlanned = true
      nextTick(this.#flushPlanned)
    }
  }

  /** Releases a payload that was sent over this link only. */
  giveBack(payload: Payload): void {
    if (returnsOver(this.#link, payload)) this.#spent ??= new SpentMemory(this.#link)
    this.#spent?.add(payload)
    this.#onWritten()
  }

  /** Flushes, ends the link, and reports the reason to the sink: the first one counts. Settles when the link is released. */
  close(reason: IsockError, how: 'flush' | 'abort' = 'flush'): Promise<void> {
    // A link that is flushing may still be aborted.
    if (this.#endReason !== undefined && how === 'flush') return this.#released ?? Promise.resolve()
    if (how === 'flush') this.flush()
    this.#released = this.#link.close(how)
    this.#end(reason)
    return this.#released
  }

  keepProcessAlive(keep: boolean): void {
    this.#link.keepProcessAlive(keep)
  }

  readonly #flushPlanned = (): void => {
    this.#isFlushPlanned = false
    this.#flushAtFrames = firstFlushAtFrames
    this.flush()
  }

  /** Writes the frames of this tick before it ends. Also for callers that send over many links, one after the other. */
  flush(): void {
    const size = this.#writer.size
    this.#frames = 0
    if (size === 0 || this.#endReason !== undefined) return
    if (this.isBlocked) {
      this.#queuedBytes += size
      if (this.#queuedBytes > this.#limits.maxWriteQueueBytes) {
        this.close(
          new LinkError(`the peer reads too slowly: more than ${this.#limits.maxWriteQueueBytes} bytes are queued`),
          'abort',
        )
        return
      }
    }
    // The write that fills the buffer is not counted: one frame may exceed the bound, and the peer may be reading it.
    const isTaken = this.#link.write(this.#writer.take())
    if (isTaken && !this.isBlocked) return this.#onWritten()
    if (!this.isBlocked) this.#blockCount++
    this.isBlocked = true
    this.#untakenBytes += size
    this.#held.waits(size)
  }

  #onWritten(): void {
    if (this.#spent?.isEmpty === false && this.#writer.size === 0 && this.#endReason === undefined)
      this.#spent.allWritten()
  }

  /** Decodes a chunk when its turn comes. Returns the number of frames in it. */
  read(chunk: Uint8Array): number {
    if (this.#endReason !== undefined) return 0
    const decoder = this.#decoder
    const before = decoder.frames
    this.#heartbeat.heard()
    try {
      decoder.push(chunk)
      this.#held.gathers(decoder.gatheringBytes)
    } catch (error) {
      const reason =
        error instanceof IsockError ? error : new ProtocolError('a frame could not be read', { cause: error })
      this.close(reason, this.#isHandshaking && this.#hasAnswered(chunk) ? 'flush' : 'abort')
    }
    return decoder.frames - before
  }

  /** Called for foreign bytes. Returns true if the peer was answered in its own protocol; the answer must then be flushed. */
  #hasAnswered(chunk: Uint8Array): boolean {
    this.foreignBytes = chunk.slice(0, shownBytes)
    const answer = this.#sink?.answerForeign?.(this.foreignBytes)
    if (answer !== undefined) this.#link.write([answer])
    return answer !== undefined
  }

  readonly #onBody = (bytes: Uint8Array, start: number, end: number, isOwned: boolean): void => {
    const reader = this.#reader
    if (this.#isHandshaking) {
      const frame = readHandshakeFrame(bytes, start, end, reader)
      reader.release()
      return this.#sink?.onFrame(frame)
    }
    reader.open(bytes, start, end, isOwned)
    const frame = readSessionFrame(reader)
    reader.release()
    if (frame.kind === Kind.Ping) this.send({ kind: Kind.Pong })
    else if (frame.kind === Kind.Pong) this.#heartbeat.onPong()
    else this.#sink?.onFrame(frame)
  }

  #end(reason: IsockError, how: LinkEnding = 'broken'): void {
    if (this.#endReason !== undefined) return
    this.#endReason = reason
    this.#decoder.stop()
    this.#held.close(this.#released ?? Promise.resolve())
    this.#heartbeat.stop()
    this.#writer.take()
    this.#sink?.onLinkEnd(reason, how)
    this.#sink = undefined
  }
}

function asLinkError(error: Error): LinkError {
  return error instanceof LinkError ? error : new LinkError(`the link failed: ${error.message}`, { cause: error })
}
