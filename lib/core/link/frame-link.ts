// A link that carries frames. Batches the frames of one tick into few writes, decodes incoming bytes, and detects a silent
// peer or a stalled frame. Leaves the meaning of frames to the sink.
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
  /** Stateless between frames, so links can share one. Default: a reader of its own. */
  readonly reader?: MsgpackReader
  /** See {@link HeartbeatOptions}. */
  readonly doubtsAfterSleep?: boolean
}

/** Bytes of a foreign protocol to keep for the error message. */
const shownBytes = 64
/** Buffered bytes that trigger a flush before the tick ends. */
const flushAtBytes = 256 * 1024
/** Buffered frames that trigger the first flush within a tick, so that the peer can start early. */
const firstFlushAtFrames = 16

export class FrameLink implements LinkHandler, WatchedLink {
  readonly peer: Peer
  /** The first bytes received, if they are not a valid first frame. */
  foreignBytes: Uint8Array | undefined
  /** True while the write buffer is full because the peer is not reading. Streams and results wait until it drains. */
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
  #isFlushScheduled = false
  /** Frames since the last flush, and the count that triggers the next one, which doubles with each flush within a tick. */
  #frames = 0
  #flushAtFrames = firstFlushAtFrames
  #isHandshaking = true
  /** How often the link has become blocked. Identifies the outgoing transfer. */
  #blockCount = 0
  /** Bytes that the peer has not read since the link became blocked, with and without the write that filled the buffer. */
  #unreadBytes = 0
  #queuedBytes = 0
  /** All that was given to the link. */
  #writtenBytes = 0
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

  /** True while a frame has been in transit for seconds, in either direction, so that nothing behind it can have arrived. */
  get isSlow(): boolean {
    return this.#heartbeat.isTransferSlow
  }

  /** True while the peer may be dead, so that anything sent now may be lost. */
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

  /** Starts delivering frames. The first one must belong to the handshake. */
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
      this.#unreadBytes = 0
      this.#held.clearUnread()
      this.#queuedBytes = 0
      this.#releaseSpent()
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
    return { number: this.isBlocked ? this.#blockCount : 0, bytes: this.#unreadBytes }
  }

  /** Called once the peer is admitted: replaces the sink, allows larger frames, and starts the heartbeat. */
  establish(sink: FrameSink): void {
    this.#sink = sink
    this.#isHandshaking = false
    this.#decoder.maxFrameBytes = this.#limits.maxFrameBytes
    this.#heartbeat.start()
  }

  /** Queues a frame; queued frames are written in order, at the latest when the tick ends. A no-op once the link has ended. */
  send(frame: Frame): void {
    if (this.#endReason !== undefined) return
    writeFrame(this.#writer, frame)
    if (++this.#frames >= this.#flushAtFrames) {
      this.#flushAtFrames *= 2
      this.flush()
    } else if (this.#writer.size >= flushAtBytes) this.flush()
    else if (!this.#isFlushScheduled) {
      this.#isFlushScheduled = true
      nextTick(this.#flushAtTickEnd)
    }
  }

  /** Releases a payload that was sent over this link only. */
  giveBack(payload: Payload): void {
    if (returnsOver(this.#link, payload)) this.#spent ??= new SpentMemory(this.#link)
    this.#spent?.add(payload, this.#writtenBytes + this.#writer.size)
    this.#releaseSpent()
  }

  /** Ends the link and reports the reason to the sink; only the first reason counts. Settles when the link is released. */
  close(reason: IsockError, how: 'flush' | 'abort' = 'flush'): Promise<void> {
    // A flushing link can still be aborted.
    if (this.#endReason !== undefined && how === 'flush') return this.#released ?? Promise.resolve()
    if (how === 'flush') this.flush()
    this.#released = this.#link.close(how)
    this.#end(reason)
    return this.#released
  }

  keepProcessAlive(keep: boolean): void {
    this.#link.keepProcessAlive(keep)
  }

  readonly #flushAtTickEnd = (): void => {
    this.#isFlushScheduled = false
    this.#flushAtFrames = firstFlushAtFrames
    this.flush()
  }

  /** Writes the queued frames now, before the tick ends. Also for callers that send over many links in turn. */
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
    // The write that fills the buffer is not counted: one frame may exceed the bound, and the peer may still be reading it.
    this.#writtenBytes += size
    const isTaken = this.#link.write(this.#writer.take())
    if (isTaken && !this.isBlocked) return this.#releaseSpent()
    if (!this.isBlocked) this.#blockCount++
    this.isBlocked = true
    this.#unreadBytes += size
    this.#held.addUnread(size)
  }

  #releaseSpent(): void {
    if (this.#spent?.isEmpty === false && this.#endReason === undefined) this.#spent.release(this.#writtenBytes)
  }

  /** Decodes a chunk. Called when its turn comes. Returns the number of frames in it. */
  read(chunk: Uint8Array): number {
    if (this.#endReason !== undefined) return 0
    const decoder = this.#decoder
    const before = decoder.frames
    this.#heartbeat.heard()
    try {
      decoder.push(chunk)
      this.#held.setPartialFrame(decoder.gatheringBytes)
    } catch (error) {
      const reason =
        error instanceof IsockError ? error : new ProtocolError('a frame could not be read', { cause: error })
      this.close(reason, this.#isHandshaking && this.#answerForeign(chunk) ? 'flush' : 'abort')
    }
    return decoder.frames - before
  }

  /** Answers a peer that speaks a known foreign protocol. Returns true if an answer was written, which must then be flushed. */
  #answerForeign(chunk: Uint8Array): boolean {
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
