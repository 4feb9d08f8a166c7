// The limit: length-prefixed frames over a plain socket, one promise for each call, the writes of a tick in one.
// With JSON text as the value, or with bytes that nobody looks at.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { FrameDecoder } from '../../lib/wire/frame-decoder.ts'
import type { CellName, Contender, RunningClient, RunningServer } from '../contender.ts'

const maxFrameBytes = 8 * 1024 * 1024

/** Collects the frames of a tick and writes them together. */
class Batch {
  readonly #socket: Socket
  #parts: Uint8Array[] = []

  constructor(socket: Socket) {
    this.#socket = socket
  }

  send(seq: number, body: Uint8Array): void {
    const head = Buffer.allocUnsafe(8)
    head.writeUInt32BE(body.length + 4, 0)
    head.writeUInt32BE(seq, 4)
    if (this.#parts.length === 0) process.nextTick(this.#flush)
    this.#parts.push(head, body)
  }

  readonly #flush = (): void => {
    const parts = this.#parts
    this.#parts = []
    this.#socket.write(
      parts.length > 2 || (parts[1]?.length ?? 0) < 65_536 ? Buffer.concat(parts) : (parts[0] as Uint8Array),
    )
    if (parts.length === 2 && (parts[1]?.length ?? 0) >= 65_536) this.#socket.write(parts[1] as Uint8Array)
  }
}

function onFrames(socket: Socket, onFrame: (seq: number, body: Buffer) => void): void {
  const decoder = new FrameDecoder(maxFrameBytes, (bytes, start, end) => {
    const frame = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    onFrame(frame.readUInt32BE(0), frame.subarray(4))
  })
  socket.setNoDelay(true)
  socket.on('data', (chunk) => decoder.push(chunk))
  socket.on('error', () => undefined)
}

async function serve(answer: (body: Buffer) => Uint8Array): Promise<RunningServer> {
  const server = createServer((socket) => {
    const batch = new Batch(socket)
    onFrames(socket, (seq, body) => {
      // An async handler, as every contender has one.
      void Promise.resolve().then(() => batch.send(seq, answer(body)))
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

async function connectTo(
  port: number,
  encode: (value: unknown) => Uint8Array,
  decode: (body: Buffer) => unknown,
): Promise<RunningClient> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  const batch = new Batch(socket)
  const pending = new Map<number, (value: unknown) => void>()
  let lastSeq = 0
  onFrames(socket, (seq, body) => {
    const resolve = pending.get(seq)
    pending.delete(seq)
    resolve?.(decode(body))
  })
  return {
    echo: (value) =>
      new Promise((resolve) => {
        const seq = ++lastSeq
        pending.set(seq, resolve)
        batch.send(seq, encode(value))
      }),
    close: async () => {
      socket.destroy()
    },
  }
}

const encoded = new WeakMap<object, Uint8Array>()

/** Bytes of the value's size, made once. */
function fixedBytes(value: unknown): Uint8Array {
  const known = encoded.get(value as object)
  if (known !== undefined) return known
  const bytes = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value))
  encoded.set(value as object, bytes)
  return bytes
}

export const raw: Contender = {
  name: 'raw socket',
  cells: ['small', 'rows', 'bytes'] satisfies CellName[],
  serve: () => serve((body) => Buffer.from(body)),
  connect: (port) => connectTo(port, fixedBytes, (body) => body),
}

export const json: Contender = {
  name: 'JSON text',
  cells: ['small', 'rows'],
  serve: () => serve((body) => Buffer.from(JSON.stringify(JSON.parse(body.toString())))),
  connect: (port) =>
    connectTo(
      port,
      (value) => Buffer.from(JSON.stringify(value)),
      (body) => JSON.parse(body.toString()),
    ),
}
