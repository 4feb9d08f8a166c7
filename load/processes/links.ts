// Links that do nothing: sockets that say HELLO, wait for WELCOME, and answer each PING. In a process of their own, so
// that what the server's process grows by is the server's. { do: 'open', port, count }, 'state', 'close'.
import { connect, type Socket } from 'node:net'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import { Kind, protocolVersion } from '../../lib/core/wire/frames/frame.ts'
import { FrameDecoder } from '../../lib/core/wire/frames/frame-decoder.ts'
import { writeFrame } from '../../lib/core/wire/frames/frame-writer.ts'
import { MsgpackReader } from '../../lib/core/wire/frames/msgpack-reader.ts'
import { MsgpackWriter } from '../../lib/core/wire/frames/msgpack-writer.ts'
import { takeOrders, tellProgress } from './orders.ts'

/** Below the server's bound on links that are not let in yet. */
const atOnce = 200
const maxFrameBytes = 64 * 1024

const hello = bytesOf({
  kind: Kind.Hello,
  version: protocolVersion,
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
})
const pong = bytesOf({ kind: Kind.Pong })
const reader = new MsgpackReader()
const links: IdleLink[] = []

class IdleLink {
  pings = 0
  isOpen = true
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.once('close', () => {
      this.isOpen = false
    })
  }

  /** Resolves when the server has let it in. */
  static open(port: number): Promise<IdleLink> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const link = new IdleLink(socket)
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.once('close', () => reject(new Error('the server closed the link')))
      const decoder = new FrameDecoder(maxFrameBytes, (bytes, start, end, isOwned) => {
        reader.open(bytes, start, end, isOwned)
        reader.arrayHead()
        const kind = reader.uint()
        if (kind === Kind.Welcome) resolve(link)
        else if (kind === Kind.Ping) link.#answer()
        else reject(new Error(`a frame of kind ${kind} came`))
      })
      socket.on('data', (chunk) => decoder.push(chunk))
      socket.write(hello)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #answer(): void {
    this.pings++
    this.#socket.write(pong)
  }
}

function bytesOf(frame: Parameters<typeof writeFrame>[1]): Buffer {
  const writer = new MsgpackWriter(new Slabs())
  writeFrame(writer, frame)
  return Buffer.concat(writer.take())
}

takeOrders({
  async open({ port, count }: { port: number; count: number }): Promise<number> {
    while (links.length < count) {
      const batch = Math.min(atOnce, count - links.length)
      links.push(...(await Promise.all(Array.from({ length: batch }, () => IdleLink.open(port)))))
      if (links.length % 1_000 === 0) tellProgress(`${links.length} links are open`)
    }
    return links.length
  },
  /** Links that are open, and how often the one that was asked least was asked whether it lives. */
  state: () => ({
    open: links.filter((link) => link.isOpen).length,
    leastPings: links.reduce((least, link) => Math.min(least, link.pings), Number.POSITIVE_INFINITY),
  }),
  close: () => {
    for (const link of links) link.close()
    links.length = 0
  },
})
