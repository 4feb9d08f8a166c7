// Splits bytes, which arrive in any pieces, into whole frame bodies. Never allocates for data that has not arrived: a frame
// in pieces is gathered in a buffer that grows to the declared length only after a share of it has arrived.
//
//   chunk:  [len][body........][len][bo      ->  body whole in the chunk: passed on as a view
//           dy....][len]...                  ->  body in pieces: gathered, passed on as a buffer of its own
import { ProtocolError } from '../../base/errors.ts'
import { allocateBytes } from '../bytes/text.ts'

/**
 * Receives a body: `bytes[start, end)`. If `isOwned`, the array belongs to this body alone and may be kept; otherwise it is
 * part of a receive buffer, and must be copied.
 */
export type BodySink = (bytes: Uint8Array, start: number, end: number, isOwned: boolean) => void

const headerBytes = 4
/** The size of a gathering buffer before any data, and how far it may be ahead of the data that has arrived. */
const firstGatherBytes = 4 * 1024
const gatherGrowth = 16

export class FrameDecoder {
  /** Settable, because an admitted peer may send larger frames. */
  maxFrameBytes: number
  /** The number of bodies passed on. */
  frames = 0
  readonly #sink: BodySink
  /** Set while a header arrives in pieces. */
  #header: Uint8Array | undefined
  #headerFilled = 0
  #body: Uint8Array | undefined
  #bodyFilled = 0
  #bodyLength = 0
  #piecedFrames = 0
  #isStopped = false

  constructor(maxFrameBytes: number, sink: BodySink) {
    this.maxFrameBytes = maxFrameBytes
    this.#sink = sink
  }

  /** The number, from 1, of the frame that has arrived only in part; 0 if there is none. */
  get openFrame(): number {
    return this.#headerFilled > 0 ? this.#piecedFrames + 1 : 0
  }

  /** The bytes of that frame that have arrived. */
  get openBytes(): number {
    return this.#headerFilled < headerBytes ? this.#headerFilled : headerBytes + this.#bodyFilled
  }

  /** The memory allocated for it. */
  get gatheringBytes(): number {
    return this.#body?.length ?? 0
  }

  /** Passes on no more bodies, not even those of the current chunk. */
  stop(): void {
    this.#isStopped = true
    this.#body = undefined
    this.#headerFilled = 0
  }

  /** Throws ProtocolError for a length out of bounds. Errors of the sink pass through. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && !this.#isStopped) {
      if (this.#headerFilled === 0 && chunk.length - at >= headerBytes) {
        const length = this.#checked(readUint32(chunk, at))
        const start = at + headerBytes
        if (chunk.length - start >= length) {
          at = start + length
          this.frames++
          this.#sink(chunk, start, at, false)
          continue
        }
        this.#headerFilled = headerBytes
        this.#begin(length)
        at = start
      } else if (this.#headerFilled < headerBytes) {
        this.#header ??= new Uint8Array(headerBytes)
        this.#header[this.#headerFilled++] = chunk[at++] as number
        if (this.#headerFilled === headerBytes) {
          this.#begin(this.#checked(readUint32(this.#header, 0)))
          this.#header = undefined
        }
      } else {
        at += this.#gather(chunk, at)
      }
    }
  }

  #checked(length: number): number {
    if (length === 0) throw new ProtocolError('frame of length 0')
    if (length > this.maxFrameBytes) {
      throw new ProtocolError(`frame of ${length} bytes, at most ${this.maxFrameBytes} are accepted`)
    }
    return length
  }

  #begin(length: number): void {
    this.#bodyLength = length
    this.#bodyFilled = 0
    this.#body = allocateBytes(Math.min(length, firstGatherBytes))
  }

  /** Copies the bytes of the open frame; returns how many there were. */
  #gather(chunk: Uint8Array, at: number): number {
    let body = this.#body as Uint8Array
    const count = Math.min(chunk.length - at, this.#bodyLength - this.#bodyFilled)
    const filled = this.#bodyFilled + count
    if (filled > body.length) {
      const grown = allocateBytes(Math.min(this.#bodyLength, filled * gatherGrowth))
      grown.set(body.subarray(0, this.#bodyFilled))
      body = grown
      this.#body = grown
    }
    body.set(at === 0 && count === chunk.length ? chunk : chunk.subarray(at, at + count), this.#bodyFilled)
    this.#bodyFilled = filled
    if (filled === this.#bodyLength) {
      this.#body = undefined
      this.#headerFilled = 0
      this.#piecedFrames++
      this.frames++
      this.#sink(body, 0, filled, true)
    }
    return count
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 2 ** 24 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  )
}
