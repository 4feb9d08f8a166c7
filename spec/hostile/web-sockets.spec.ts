// Hostile peers on WebSockets: what a WebSocket adds to what a peer may do wrong, each beside a client that is served.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Echo, type Serving, WebWorld } from '../web/web-world.ts'

/** The head of a frame from a client, its mask all zeros. */
function frameHead(opcode: number, length: number, isLast = true): Buffer {
  const first = (isLast ? 0x80 : 0) | opcode
  if (length < 126) return Buffer.from([first, 0x80 | length, 0, 0, 0, 0])
  const head = Buffer.alloc(14)
  head[0] = first
  head[1] = 0x80 | 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return head
}

describe('A hostile WebSocket', () => {
  let world: WebWorld
  let serving: Serving

  beforeEach(async () => {
    world = new WebWorld()
    serving = await world.serve({}, { limits: { handshakeTimeoutMs: 1_000 } })
  })

  afterEach(async () => {
    // Whatever was done: the others are served.
    expect(await world.client(serving.web.address).runAction(Echo, 'still')).to.equal('still')
    await world.close()
  })

  /** An upgraded socket that speaks no WebSocket of its own. */
  async function raw(): Promise<Socket> {
    const { host, port } = new URL(serving.web.url)
    const socket = connect(Number(port), '127.0.0.1')
    world.later(() => socket.destroy())
    socket.on('error', () => undefined)
    const head = ['GET /isock HTTP/1.1', `Host: ${host}`, 'Upgrade: websocket', 'Connection: Upgrade']
    const more = [
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: isock',
    ]
    socket.write([...head, ...more, '', ''].join('\r\n'))
    const [answer] = await once(socket, 'data')
    expect(String(answer)).to.contain('101')
    return socket
  }

  /** The code of the close frame that comes. */
  async function closeCodeOf(socket: Socket): Promise<number> {
    const [frame] = (await once(socket, 'data')) as [Buffer]
    expect(frame[0]).to.equal(0x88)
    return frame.readUInt16BE(2)
  }

  async function closeCode(socket: WebSocket): Promise<number> {
    const [code] = await once(socket, 'close')
    return code
  }

  it('is closed for a text message', async () => {
    const socket = await world.socket(serving.web.address, ['isock'])
    socket.send('hello')
    expect(await closeCode(socket)).to.equal(1003)
  })

  it('is closed for a message that is too large, before it has come', async () => {
    const socket = await raw()
    const code = closeCodeOf(socket)
    socket.write(frameHead(2, 64 * 1024 + 1))
    expect(await code).to.equal(1009)
  })

  it('is closed for a message in too many fragments', async () => {
    const socket = await raw()
    const code = closeCodeOf(socket)
    socket.write(frameHead(2, 0, false))
    for (let i = 0; i < 2_000 && socket.writable; i++) socket.write(frameHead(0, 0, false))
    expect(await code).to.equal(1008)
  })

  it('is closed when it says nothing', async () => {
    const socket = await world.socket(serving.web.address, ['isock'])
    expect(await closeCode(socket)).to.be.oneOf([1000, 1006])
  })

  it('is closed for bytes that are no frame of isock', async () => {
    const socket = await world.socket(serving.web.address, ['isock'])
    socket.send(Buffer.alloc(100, 0xff))
    expect(await closeCode(socket)).to.be.oneOf([1000, 1006])
  })

  it('gets a session in whatever pieces its bytes come', async () => {
    const { dialWebSocket } = await import('../../lib/core/link/web-socket-dial.ts')
    const client = world.client(serving.web.address, {
      dial: async (address, signal) => {
        const link = await dialWebSocket(address as never, signal)
        const write = link.write.bind(link)
        link.write = (chunks) => {
          let isTaken = true
          for (const chunk of chunks) for (const byte of chunk) isTaken = write([Uint8Array.of(byte)])
          return isTaken
        }
        return link
      },
    })
    expect(await client.runAction(Echo, 'in pieces')).to.equal('in pieces')
  })

  longIt('gets no flood of pongs for a flood of pings', async () => {
    const socket = await raw()
    socket.pause()
    const ping = Buffer.concat([frameHead(9, 125), Buffer.alloc(125)])
    const flood = Buffer.concat(new Array(1_000).fill(ping))
    const before = process.memoryUsage().rss
    let mostHeld = 0
    let hasEnded = false
    socket.on('close', () => {
      hasEnded = true
    })
    // Until it is thrown out, since it never says hello.
    while (!hasEnded) {
      const isTaken = socket.write(flood)
      await new Promise((resolve) => {
        if (isTaken) setImmediate(resolve)
        else socket.once('drain', resolve).once('close', resolve)
      })
      mostHeld = Math.max(mostHeld, process.memoryUsage().rss - before)
    }
    // The answers to gigabytes of pings do not wait in memory for a peer that does not read.
    expect(mostHeld).to.be.below(64 * 1024 * 1024)
  })

  it('does not keep its place when it is not let in', async () => {
    const limits = { maxUnauthenticatedLinks: 4, handshakeTimeoutMs: 300 }
    const small = await world.serve({}, { limits })
    const idle: WebSocket[] = []
    for (let i = 0; i < 10; i++) idle.push(await world.socket(small.web.address, ['isock']))
    await waitFor(() => idle.every(({ readyState }) => readyState === WebSocket.CLOSED))
    expect(await world.client(small.web.address).runAction(Echo, 1)).to.equal(1)
  })
})
