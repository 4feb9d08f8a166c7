// A peer that speaks frames over a raw socket and keeps to no rule: it sends what it is told to, and writes down
// what comes.
import { connect, type Socket } from 'node:net'
import type { IsockError } from '../../lib/core/base/errors.ts'
import {
  type CallFrame,
  type FailureFrame,
  type Frame,
  type HelloFrame,
  Kind,
  type WelcomeFrame,
} from '../../lib/core/wire/frames/frame.ts'
import { FrameDecoder } from '../../lib/core/wire/frames/frame-decoder.ts'
import { readHandshakeFrame, readSessionFrame } from '../../lib/core/wire/frames/frame-reader.ts'
import { MsgpackReader } from '../../lib/core/wire/frames/msgpack-reader.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { waitFor } from '../setup/wait-for.ts'
import { bytesOfFrames, framed } from '../wire/frame-bytes.ts'

export const plainHello: HelloFrame = {
  kind: Kind.Hello,
  version: 1,
  features: 0,
  sessionId: undefined,
  resumeSecret: undefined,
  name: undefined,
  limits: {
    maxFrameBytes: 4 * 1024 * 1024,
    maxCallsInFlight: 1_024,
    streamWindowBytes: 256 * 1024,
    maxInFlightBytes: 64 * 1024 * 1024,
  },
  credentials: {},
}

/** The frame of a kind. */
export type FrameOf<K extends Frame['kind'], F = Frame> = F extends { kind: infer Own }
  ? K extends Own
    ? F
    : never
  : never

const startOfHttp = Buffer.from('HTTP/')
const codec = new StandardCodec(new ClassRegistry())

export class RawPeer {
  readonly socket: Socket
  readonly frames: Frame[] = []
  isClosed = false
  /** Does not close its half when the server does. */
  isStubborn = false
  /** What came in place of frames: the answer of an isock port to a peer that speaks HTTP. */
  foreignText = ''
  readonly #decoder: FrameDecoder

  private constructor(socket: Socket) {
    this.socket = socket
    const reader = new MsgpackReader()
    this.#decoder = new FrameDecoder(2 ** 30, (bytes, start, end, isOwned) => {
      reader.open(bytes, start, end, isOwned)
      const isFirst = this.frames.length === 0
      this.frames.push(isFirst ? readHandshakeFrame(bytes, start, end, reader) : readSessionFrame(reader))
    })
    socket.on('data', (chunk) => {
      const isForeign = this.foreignText !== '' || chunk.subarray(0, 5).equals(startOfHttp)
      if (isForeign) this.foreignText += chunk.toString()
      else this.#decoder.push(chunk)
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.isClosed = true
    })
    socket.on('end', () => this.isStubborn || socket.destroy())
  }

  /** Connects, and says nothing. */
  static async connect(address: string): Promise<RawPeer> {
    const { hostname, port } = new URL(address)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new RawPeer(socket)
  }

  /** Sends frames in one piece. */
  send(...frames: readonly Frame[]): void {
    this.socket.write(bytesOfFrames(...frames))
  }

  /** Sends bytes as one frame's body. */
  sendBody(...bytes: readonly number[]): void {
    this.socket.write(framed(Uint8Array.from(bytes)))
  }

  /** Says HELLO and waits until it is let in. */
  async enter(hello: Partial<HelloFrame> = {}): Promise<WelcomeFrame> {
    this.send({ ...plainHello, ...hello })
    return this.next(Kind.Welcome)
  }

  /** Introduces action names; the first has ref 0. */
  introduce(...names: readonly string[]): void {
    this.send(...names.map((name, ref) => ({ kind: Kind.Name, ref, name, contract: undefined })))
  }

  call(seq: number, more: Partial<CallFrame> = {}): void {
    this.send(callFrame(seq, more))
  }

  /** The frames of this kind that came, and of this call where one is named. */
  all<K extends Frame['kind']>(kind: K, seq?: number): FrameOf<K>[] {
    return this.frames.filter((frame): frame is FrameOf<K> => {
      return frame.kind === kind && (seq === undefined || (frame as { seq?: number }).seq === seq)
    })
  }

  /** Waits for a frame of this kind that came or comes. */
  next<K extends Frame['kind']>(kind: K, seq?: number): Promise<FrameOf<K>> {
    const what = `a frame of kind 0x${kind.toString(16)}${seq === undefined ? '' : ` for call ${seq}`}`
    return waitFor(
      () => {
        const frame = this.all(kind, seq)[0]
        if (frame === undefined && this.isClosed) throw new Error(`the link was closed instead of ${what}`)
        return frame
      },
      { what, timeoutMs: 5_000 },
    )
  }

  /** The values of this call's results that came. */
  results(seq: number): unknown[] {
    return this.all(Kind.Result, seq).map((frame) => codec.decode(frame.value))
  }

  /** Waits for the call's first result. */
  async result(seq: number): Promise<unknown> {
    return codec.decode((await this.next(Kind.Result, seq)).value)
  }

  async failure(seq: number): Promise<{ frame: FailureFrame; error: IsockError }> {
    const frame = await this.next(Kind.Failure, seq)
    return { frame, error: codec.decode(frame.error) as IsockError }
  }

  /** The reason of a refusal. */
  async refusal(): Promise<IsockError> {
    return codec.decode((await this.next(Kind.Refused)).error) as IsockError
  }

  /** Waits until the server has closed the link. */
  async closed(): Promise<void> {
    await waitFor(() => this.isClosed, { what: 'the server to close the link', timeoutMs: 4_000 })
  }

  /** Proof that the server still reads this link: it answers a ping that is sent now. */
  async isServed(): Promise<void> {
    const before = this.all(Kind.Pong).length
    this.send({ kind: Kind.Ping })
    await waitFor(() => this.all(Kind.Pong).length > before, { what: 'a PONG' })
  }

  close(): void {
    this.socket.destroy()
  }
}

export function callFrame(seq: number, more: Partial<CallFrame> = {}): CallFrame {
  return {
    kind: Kind.Call,
    seq,
    ref: 0,
    attempt: 1,
    remainingMs: undefined,
    inputs: 0,
    data: undefined,
    ...more,
  }
}
