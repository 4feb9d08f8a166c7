// What is on its way to slow readers when a web port ends: it has the grace to leave, and is cut after it.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { http } from 'isock/http'
import type { WebGateway } from '../../lib/web.ts'
import { sizeOf } from '../setup/long.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { WebWorld } from './web-world.ts'

/** More than sockets hold by themselves. */
const mebibytes = sizeOf({ all: 32, few: 16 })
const size = mebibytes * 1024 * 1024
const graceMs = 20_000

describe('The end of a web port with slow readers', function () {
  this.timeout(120_000)
  let world: WebWorld
  let directory: string
  let clock: VirtualClock

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'isock-downloads-'))
    writeFileSync(join(directory, 'large.bin'), Buffer.alloc(size))
  })

  after(() => rmSync(directory, { recursive: true }))

  beforeEach(() => {
    world = new WebWorld()
    clock = new VirtualClock()
  })

  afterEach(() => world.close())

  it('lets files leave as long as the grace lasts, and waits no longer than for them', async () => {
    const { server, web } = await world.serve({ static: directory }, { clock })
    const reader = await Reader.begin(world, web.url, 'GET /large.bin')
    const silent = connect(Number(new URL(web.url).port), '127.0.0.1')
    await once(silent, 'connect')
    const cut = once(silent, 'close')
    const ended = server.shutdown({ graceMs })
    // One that has nothing on its way is not waited for.
    await cut
    expect(server.addresses).to.deep.equal([])
    // It comes too late, and keeps nothing open.
    reader.socket.write('GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await clock.advance(graceMs - 1)
    await reader.readOn()
    expect(reader.bodyBytes).to.equal(size)
    await ended
  })

  it('counts the time that the gateways took, and cuts files after the grace', async () => {
    let closeGateway: () => void = () => undefined
    const slow: WebGateway = {
      name: 'slow',
      mount: () => ({ close: () => new Promise((resolve) => (closeGateway = resolve)) }),
    }
    const { server, web } = await world.serve({ static: directory, gateways: [slow] }, { clock })
    const reader = await Reader.begin(world, web.url, 'GET /large.bin')
    const ended = server.shutdown({ graceMs })
    await clock.advance(graceMs - 5_000)
    closeGateway()
    await waitFor(() => server.addresses.length === 0)
    await clock.advance(5_000)
    await ended
    await reader.readOn()
    expect(reader.bodyBytes).to.be.below(size)
  })

  it('lets answers of gateways leave that do not wait for them', async () => {
    const { web } = await world.serve({ gateways: [careless] }, { clock })
    const reader = await Reader.begin(world, web.url, 'GET /large')
    const ended = web.close(graceMs)
    await waitFor(() => clock.pendingCount > 0)
    await clock.advance(graceMs - 1)
    await reader.readOn()
    expect(reader.bodyBytes).to.equal(size)
    await ended
  })

  for (const [isInTime, what] of [
    [true, 'lets streams of the HTTP gateway leave as long as the grace lasts'],
    [false, 'cuts them after it'],
  ] as const) {
    it(what, async () => {
      const gateway = http()
      const { server, web } = await world.serve({ gateways: [gateway] }, { clock })
      const chunk = 'x'.repeat(1024 * 1024)
      server.addActions({
        async *Large() {
          for (let i = 0; i < mebibytes; i++) yield chunk
        },
      })
      const reader = await Reader.begin(world, web.url, 'POST /actions/Large', 'Accept: application/x-ndjson\r\n')
      const ended = server.shutdown({ graceMs })
      await clock.advance(isInTime ? graceMs - 1_000 : graceMs)
      if (isInTime) await reader.readOn()
      await clock.until(ended)
      if (!isInTime) await reader.readOn()
      expect(reader.bodyBytes > size).to.equal(isInTime)
    })
  }

  describe('at a server of the user', () => {
    let users: HttpServer
    let url: string

    beforeEach(async () => {
      users = createServer((_request, response) => response.end(Buffer.alloc(size)))
      users.listen(0, '127.0.0.1')
      await once(users, 'listening')
      world.later(() => {
        users.close()
        users.closeAllConnections()
      })
      url = `http://127.0.0.1:${(users.address() as AddressInfo).port}`
    })

    it('lets its own leave, and keeps their connections', async () => {
      const { web } = await world.serve({ server: users, gateways: [careless] }, { clock })
      const reader = await Reader.begin(world, url, 'GET /large')
      const ended = web.close(graceMs)
      await waitFor(() => clock.pendingCount > 0)
      await clock.advance(graceMs - 1)
      await reader.readUpTo(size)
      await ended
      reader.socket.write('GET /theirs HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await reader.readUpTo(2 * size)
    })

    it('cuts its own after the grace, and none of the user', async () => {
      const { web } = await world.serve({ server: users, gateways: [careless] }, { clock })
      const ours = await Reader.begin(world, url, 'GET /large')
      const theirs = await Reader.begin(world, url, 'GET /theirs')
      const head = `GET /large HTTP/1.1\r\nHost: ${new URL(url).host}\r\n`
      const behind = await Reader.begin(world, url, 'GET /theirs', `X: y\r\n\r\n${head}`)
      await clock.until(web.close(0))
      await ours.readOn()
      expect(ours.bodyBytes).to.be.below(size)
      await theirs.readUpTo(size)
      await behind.readUpTo(2 * size)
    })
  })
})

/** Its answers go on after it has closed. */
const careless: WebGateway = {
  name: 'careless',
  mount: () => ({
    onRequest: ({ url }, response) => {
      if (url.pathname !== '/large') return false
      response.end(Buffer.alloc(size))
      return true
    },
    close: async () => undefined,
  }),
}

/** Has got the head of an answer, and reads no further until told to. */
class Reader {
  readonly socket: Socket
  bodyBytes = 0

  static async begin(world: WebWorld, url: string, what: string, headers = ''): Promise<Reader> {
    const reader = new Reader(connect(Number(new URL(url).port), '127.0.0.1'))
    world.later(() => reader.socket.destroy())
    reader.socket.write(`${what} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${headers}\r\n`)
    await waitFor(() => reader.bodyBytes > 0)
    return reader
  }

  private constructor(socket: Socket) {
    this.socket = socket
    let head = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      if (head.includes('\r\n\r\n')) {
        this.bodyBytes += chunk.length
        return
      }
      head += chunk.toString('latin1')
      const at = head.indexOf('\r\n\r\n')
      if (at < 0) return
      this.bodyBytes = head.length - at - 4
      socket.pause()
    })
  }

  /** Until the other side closes. */
  async readOn(): Promise<void> {
    const closed = once(this.socket, 'close')
    this.socket.resume()
    await closed
  }

  async readUpTo(bytes: number): Promise<void> {
    this.socket.resume()
    await waitFor(() => this.bodyBytes >= bytes, { timeoutMs: 10_000 })
  }
}
