// A peer that speaks frames over a socket and keeps to no rule.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import {
  type CallFrame,
  type Frame,
  Kind,
  protocolVersion,
  type WelcomeFrame,
} from '../../lib/core/wire/frames/frame.ts'
import { FrameDecoder } from '../../lib/core/wire/frames/frame-decoder.ts'
import { readHandshakeFrame, readSessionFrame } from '../../lib/core/wire/frames/frame-reader.ts'
import { writeFrame } from '../../lib/core/wire/frames/frame-writer.ts'
import { MsgpackReader } from '../../lib/core/wire/frames/msgpack-reader.ts'
import { MsgpackWriter } from '../../lib/core/wire/frames/msgpack-writer.ts'

const largestFrame = 2 ** 30
const patienceMs = 5_000
const windowBytes = 256 * 1024

/** What goes over the wire for these frames. */
export function bytesOf(...frames: readonly Frame[]): Buffer {
  const writer = new MsgpackWriter(new Slabs())
  for (const frame of frames) writeFrame(writer, frame)
  return Buffer.concat(writer.take())
}

export function helloFrame(credentials: Readonly<Record<string, unknown>> = {}): Frame {
  return {
    kind: Kind.Hello,
    version: protocolVersion,
    features: 0,
    sessionId: undefined,
    resumeSecret: undefined,
    name: undefined,
    limits: {
      maxFrameBytes: 4 * 1024 * 1024,
      maxCallsInFlight: 1_024,
      streamWindowBytes: windowBytes,
      maxInFlightBytes: 64 * 1024 * 1024,
    },
    credentials,
  }
}

const hello = bytesOf(helloFrame())

/** The first number of a session's first slot; those of the others follow. */
export const firstSeq = 1_024

export function callFrame(seq: number, ref: number, data?: CallFrame['data'], inputs = 0): CallFrame {
  return { kind: Kind.Call, seq, ref, attempt: 1, remainingMs: undefined, inputs, data }
}

export class RawLink {
  readonly socket: Socket
  /** Settles when the link is there, or is not. */
  readonly connected: Promise<unknown>
  isClosed = false
  /** Gets every frame after WELCOME. */
  onFrame: ((frame: Frame) => void) | undefined
  #onWelcome: ((frame: WelcomeFrame) => void) | undefined
  #isIn = false
  readonly #closed: Promise<never>

  constructor(host: string, port: number, localAddress: string) {
    const socket = connect({ host, port, localAddress, noDelay: true })
    this.socket = socket
    this.connected = once(socket, 'connect')
    // Told to those who wait; others do not care.
    this.connected.catch(() => undefined)
    this.#closed = new Promise((_, reject) => {
      socket.once('close', () => {
        this.isClosed = true
        reject(new Error('the server closed the link'))
      })
    })
    this.#closed.catch(() => undefined)
    socket.on('error', () => undefined)
    socket.setTimeout(0)
  }

  /** Says HELLO; resolves when the server has let it in. */
  async enter(bytes: Uint8Array = hello): Promise<WelcomeFrame> {
    this.read()
    const welcome = new Promise<WelcomeFrame>((resolve) => {
      this.#onWelcome = resolve
    })
    this.socket.write(bytes)
    return await this.within(welcome)
  }

  /** Reads frames from now on. */
  read(): void {
    const reader = new MsgpackReader()
    const decoder = new FrameDecoder(largestFrame, (body, start, end, isOwned) => {
      if (!this.#isIn) {
        const frame = readHandshakeFrame(body, start, end, reader)
        this.#isIn = true
        if (frame.kind === Kind.Welcome) this.#onWelcome?.(frame)
        else this.drop()
        return
      }
      if (this.onFrame === undefined) return
      reader.open(body, start, end, isOwned)
      this.onFrame(readSessionFrame(reader))
      reader.release()
    })
    this.socket.on('data', (chunk) => decoder.push(chunk))
  }

  introduce(names: readonly string[]): void {
    if (names.length > 0) this.send(...names.map((name, ref) => ({ kind: Kind.Name, ref, name, contract: undefined })))
  }

  send(...frames: readonly Frame[]): void {
    this.write(bytesOf(...frames))
  }

  write(bytes: Uint8Array): boolean {
    return this.isClosed || this.socket.write(bytes)
  }

  /** Writes and waits until the kernel has it, or the link is over. */
  async push(bytes: Uint8Array): Promise<void> {
    if (this.write(bytes)) return
    await this.within(once(this.socket, 'drain'))
  }

  /** What comes, if it comes before the link ends and in time. */
  async within<T>(coming: Promise<T>, ms = patienceMs): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing came within ${ms} ms`)), ms)
    })
    try {
      return await Promise.race([coming, this.#closed, late])
    } finally {
      clearTimeout(timer)
      coming.catch(() => undefined)
    }
  }

  /** Breaks it, so that no port waits for late packets. */
  drop(): void {
    this.socket.resetAndDestroy()
  }
}
