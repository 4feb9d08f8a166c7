// The peer of a sequence: one link at a time, whose answers it reads and counts. Each frame that the server sends must
// be one, and each answer must have been asked for.
import type { Link } from '../../lib/core/link/link.ts'
import type { MemoryNetwork } from '../../lib/core/link/memory-network.ts'
import { type Frame, Kind, type WelcomeFrame } from '../../lib/core/wire/frames/frame.ts'
import { FrameDecoder } from '../../lib/core/wire/frames/frame-decoder.ts'
import { readHandshakeFrame, readSessionFrame } from '../../lib/core/wire/frames/frame-reader.ts'
import { MsgpackReader } from '../../lib/core/wire/frames/msgpack-reader.ts'
import { plainHello } from '../hostile/raw-peer.ts'
import { bytesOfFrames } from '../wire/frame-bytes.ts'

const maxFrameBytes = 2 ** 20

export class FuzzPeer {
  readonly #network: MemoryNetwork
  readonly #slots: number
  readonly #faults: string[] = []
  readonly #asked = new Map<number, number>()
  readonly #answered = new Map<number, number>()
  readonly #links: Link[] = []
  #link: Link | undefined
  #sent: FrameDecoder | undefined
  #welcome: WelcomeFrame | undefined

  constructor(network: MemoryNetwork, slots: number) {
    this.#network = network
    this.#slots = slots
  }

  /** Bytes over the link that there is; where there is none, over a new one, without a HELLO. */
  send(bytes: Uint8Array): void {
    this.#link ??= this.#connect()
    this.#link.write([bytes])
    try {
      this.#sent?.push(bytes)
    } catch {
      // Nothing that follows is heard.
      this.#sent = undefined
    }
  }

  /** A new link, which begins with these bytes or with a right HELLO. */
  enter(bytes: Uint8Array = this.#hello()): void {
    this.#link = this.#connect()
    this.send(bytes)
  }

  /** A new link for the session that it had last. */
  resume(): void {
    const { sessionId, resumeSecret } = this.#welcome ?? {}
    this.enter(this.#hello({ sessionId, resumeSecret }))
  }

  /** Closes the link in order. */
  end(): void {
    void this.#link?.close('flush')
    this.#link = undefined
  }

  break(): void {
    void this.#link?.close('abort')
    this.#link = undefined
  }

  /** Breaks all links that there were. */
  leave(): void {
    for (const link of this.#links) void link.close('abort')
    this.#link = undefined
  }

  /** What the server may not do and did. */
  *faults(): Generator<string> {
    yield* this.#faults
    for (const [seq, count] of this.#answered) {
      const asked = this.#asked.get(seq) ?? 0
      // Over a new link an answer may come once more by itself: credit for its items can be taken for the question.
      const mostAnswers = asked === 0 ? 0 : asked + this.#links.length - 1
      if (count > mostAnswers) yield `call ${seq} was asked for ${asked} times and answered ${count} times`
    }
  }

  #hello(more: Partial<Record<'sessionId' | 'resumeSecret', unknown>> = {}): Buffer {
    const limits = { ...plainHello.limits, maxCallsInFlight: this.#slots, streamWindowBytes: 8 * 1024 }
    return bytesOfFrames({ ...plainHello, limits, ...(more as object) })
  }

  /** The former link stays open: a server has to do without its end. */
  #connect(): Link {
    const link = this.#network.dial('server')
    const read = frameReader()
    const decoder = new FrameDecoder(maxFrameBytes, (bytes, start, end) => this.#onFrame(read(bytes, start, end)))
    link.open({
      onBytes: (chunk) => {
        try {
          decoder.push(chunk)
        } catch (error) {
          decoder.stop()
          this.#faults.push(`the server sent what is no frame: ${String(error)}`)
        }
      },
      onDrain: () => undefined,
      onEnd: () => {
        if (this.#link === link) this.#link = undefined
      },
    })
    this.#links.push(link)
    this.#sent = this.#mirror()
    return link
  }

  #onFrame(frame: Frame): void {
    if (frame.kind === Kind.Welcome) this.#welcome = frame
    else if (frame.kind === Kind.Result || frame.kind === Kind.Failure) count(this.#answered, frame.seq)
    else if (frame.kind === Kind.Hello) this.#faults.push('the server said HELLO')
  }

  /** Reads what is sent, as far as it is frames: what was asked for may be answered. */
  #mirror(): FrameDecoder {
    const read = frameReader()
    const decoder = new FrameDecoder(maxFrameBytes, (bytes, start, end) => {
      const frame = read(bytes, start, end)
      if (frame.kind === Kind.Call || frame.kind === Kind.Cancel) count(this.#asked, frame.seq)
    })
    return decoder
  }
}

/** Reads the frames of one direction of a link: the first is one of the handshake. */
function frameReader(): (bytes: Uint8Array, start: number, end: number) => Frame {
  const reader = new MsgpackReader()
  let isFirst = true
  return (bytes, start, end) => {
    if (isFirst) {
      isFirst = false
      return readHandshakeFrame(bytes, start, end, reader)
    }
    reader.open(bytes, start, end, false)
    return readSessionFrame(reader)
  }
}

function count(counts: Map<number, number>, seq: number): void {
  counts.set(seq, (counts.get(seq) ?? 0) + 1)
}
