// An echo over a plain socket, as fast as it can simply be written: frames `[u32 length][u32 seq][body]`, the frames of
// a tick in one write, an async handler, one promise and one slot for each call. What a body is, is its user's matter.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { RunningClient, RunningServer } from '../contender.ts'

const headBytes = 8
const slabBytes = 64 * 1024
/** From here on a body is a write of its own rather than copied. */
const largeBytes = 16 * 1024

/** Bodies that are texts or bytes out. */
export class FrameWriter {
  readonly #socket: Socket
  #slab = Buffer.allocUnsafeSlow(slabBytes)
  /** What is written of the slab but not sent yet is from start to end. */
  #start = 0
  #end = 0
  #isScheduled = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  sendText(seq: number, text: string): void {
    this.#makeRoom(headBytes + text.length * 3)
    const length = this.#slab.write(text, this.#end + headBytes)
    this.#writeHead(seq, length)
    this.#end += length
  }

  sendBytes(seq: number, bytes: Uint8Array): void {
    const isLarge = bytes.length >= largeBytes
    this.#makeRoom(isLarge ? headBytes : headBytes + bytes.length)
    if (!isLarge) this.#slab.set(bytes, this.#end + headBytes)
    this.#writeHead(seq, bytes.length)
    if (!isLarge) this.#end += bytes.length
    else {
      this.#socket.cork()
      this.#flush()
      this.#socket.write(bytes)
      process.nextTick(() => this.#socket.uncork())
    }
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#slab.length) return
    this.#flush()
    this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, bytes))
    this.#start = 0
    this.#end = 0
  }

  #writeHead(seq: number, length: number): void {
    this.#slab.writeUInt32BE(length + 4, this.#end)
    this.#slab.writeUInt32BE(seq, this.#end + 4)
    this.#end += headBytes
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(this.#flushTick)
  }

  readonly #flushTick = (): void => {
    this.#isScheduled = false
    this.#flush()
  }

  #flush(): void {
    if (this.#start === this.#end) return
    this.#socket.write(this.#slab.subarray(this.#start, this.#end))
    this.#start = this.#end
  }
}

type BodySink = (seq: number, bytes: Buffer, start: number, end: number) => void

/** Frames in. A body that is whole in its chunk is handed on in place. */
function onFrames(socket: Socket, sink: BodySink): void {
  let rest: Buffer | undefined
  let gathered: Buffer | undefined
  let filled = 0
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('data', (received) => {
    let chunk = received
    let at = 0
    if (gathered !== undefined) {
      at = chunk.copy(gathered, filled)
      filled += at
      if (filled < gathered.length) return
      const whole = gathered
      gathered = undefined
      sink(whole.readUInt32BE(0), whole, 4, whole.length)
    }
    if (rest !== undefined) {
      chunk = Buffer.concat([rest, chunk])
      rest = undefined
    }
    while (chunk.length - at >= 4) {
      const length = chunk.readUInt32BE(at)
      const end = at + 4 + length
      if (end > chunk.length) {
        gathered = Buffer.allocUnsafeSlow(length)
        filled = chunk.copy(gathered, 0, at + 4)
        return
      }
      sink(chunk.readUInt32BE(at + 4), chunk, at + headBytes, end)
      at = end
    }
    if (at < chunk.length) rest = chunk.subarray(at)
  })
}

/** How bodies are read and written. */
export interface Bodies<T> {
  read(bytes: Buffer, start: number, end: number): T
  write(writer: FrameWriter, seq: number, value: T): void
}

const handler = async <T>(value: T): Promise<T> => value

export async function serveEcho<T>(bodies: Bodies<T>): Promise<RunningServer> {
  const server = createServer((socket) => {
    const writer = new FrameWriter(socket)
    onFrames(socket, (seq, bytes, start, end) => {
      handler(bodies.read(bytes, start, end)).then((value) => bodies.write(writer, seq, value))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    close: async () => {
      server.close()
    },
  }
}

export async function connectEcho<T>(port: number, bodies: Bodies<T>): Promise<RunningClient> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  const writer = new FrameWriter(socket)
  const pending: (((value: unknown) => void) | undefined)[] = []
  const free: number[] = []
  onFrames(socket, (slot, bytes, start, end) => {
    const resolve = pending[slot]
    pending[slot] = undefined
    free.push(slot)
    resolve?.(bodies.read(bytes, start, end))
  })
  return {
    echo: (value) =>
      new Promise((resolve) => {
        const slot = free.pop() ?? pending.length
        pending[slot] = resolve
        bodies.write(writer, slot, value as T)
      }),
    close: async () => {
      socket.destroy()
    },
  }
}
