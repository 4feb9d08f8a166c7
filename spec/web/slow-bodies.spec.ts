// Bodies of requests that come slowly, or not at all.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { SlowBodies } from '../../lib/features/web/slow-bodies.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { WebWorld } from './web-world.ts'

const mebibyte = 1024 * 1024

describe('The body of a request', () => {
  let world: WebWorld
  let clock: VirtualClock

  beforeEach(() => {
    world = new WebWorld()
    clock = new VirtualClock()
  })

  afterEach(() => world.close())

  /** A server that reads bodies and answers with how long they were. */
  async function serveReader(): Promise<{ port: number; count: () => number }> {
    const bodies = new SlowBodies(clock)
    let count = 0
    const server = createServer((request: IncomingMessage, response) => {
      bodies.watch(request)
      request.on('data', (chunk: Buffer) => {
        count += chunk.length
      })
      request.on('end', () => response.end(String(count)))
    })
    world.later(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { port: (server.address() as AddressInfo).port, count: () => count }
  }

  async function post(port: number, length: number): Promise<{ socket: Socket; received: () => string }> {
    const socket = connect(port, '127.0.0.1')
    world.later(() => socket.destroy())
    socket.on('error', () => undefined)
    let received = ''
    socket.setEncoding('utf8').on('data', (text) => {
      received += text
    })
    await once(socket, 'connect')
    socket.write(`POST / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: ${length}\r\n\r\n`)
    return { socket, received: () => received }
  }

  it('may take its time as long as it makes progress, however large it is', async () => {
    const reader = await serveReader()
    const { socket, received } = await post(reader.port, 16 * mebibyte)
    for (let part = 1; part <= 4; part++) {
      socket.write(Buffer.alloc(4 * mebibyte))
      await waitFor(() => reader.count() === part * 4 * mebibyte)
      await clock.advance(290_000)
    }
    await waitFor(() => received().endsWith(String(16 * mebibyte)))
    expect(clock.pendingCount).to.equal(0)
  })

  it('ends the connection when it stands still', async () => {
    const reader = await serveReader()
    const { socket } = await post(reader.port, 16 * mebibyte)
    socket.write(Buffer.alloc(1_600_000))
    await waitFor(() => reader.count() === 1_600_000)
    await clock.advance(390_000)
    expect(socket.closed).to.equal(false)
    await clock.advance(11_000)
    await waitFor(() => socket.closed)
  })

  it('ends the connection too where nobody reads it: at a web port that has refused the request', async () => {
    const { web } = await world.serve({}, { clock })
    const { socket, received } = await post(Number(new URL(web.url).port), 1_000)
    await waitFor(() => received().includes(' 404 '))
    await clock.advance(301_000)
    await waitFor(() => socket.closed)
  })
})
