// What a socket does beside the contract of all links: errors at any moment, writers that are held back, and ends.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import { expect } from 'chai'
import type { LinkHandler } from '../../lib/core/link/link.ts'
import { SocketLink } from '../../lib/core/link/socket-link.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'

/** Writes down what a link tells. */
class Told implements LinkHandler {
  bytes = ''
  drains = 0
  readonly ends: (Error | undefined)[] = []
  onBytes(chunk: Uint8Array): void {
    this.bytes += Buffer.from(chunk).toString()
  }
  onDrain(): void {
    this.drains++
  }
  onEnd(error: Error | undefined): void {
    this.ends.push(error)
  }
}

describe('A link over a socket', () => {
  let near: Socket
  let far: Socket
  let link: SocketLink
  let told: Told
  let release: () => Promise<void>

  beforeEach(async () => {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    near = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const accepted = once(server, 'connection') as Promise<[Socket]>
    await once(near, 'connect')
    far = (await accepted)[0]
    far.on('error', () => undefined)
    link = new SocketLink(near)
    told = new Told()
    release = async () => {
      far.destroy()
      await link.close('abort')
      await new Promise((resolve) => server.close(resolve))
    }
  })

  afterEach(() => release())

  it('tells an error that came before anybody listened', async () => {
    const closed = new Promise((resolve) => near.once('close', resolve))
    near.destroy(new Error('broken early'))
    await closed
    link.open(told)
    await waitFor(() => told.ends.length > 0)
    expect(told.ends.map((error) => error?.message)).to.deep.equal(['broken early'])
  })

  it('tells an error once, although the socket tells it and its close', async () => {
    link.open(told)
    const closed = new Promise((resolve) => near.once('close', resolve))
    near.destroy(new Error('broken'))
    await closed
    expect(told.ends.map((error) => error?.message)).to.deep.equal(['broken'])
  })

  it('tells a reset as an error, and an end as none', async () => {
    link.open(told)
    far.resetAndDestroy()
    await waitFor(() => told.ends.length > 0)
    expect(told.ends[0]).to.be.instanceOf(Error)
  })

  it('closes its half when the peer ended, so that no socket stays', async () => {
    link.open(told)
    const ended = once(far.resume(), 'end')
    far.end()
    await ended
    expect(told.ends).to.deep.equal([undefined])
    await waitFor(() => near.closed)
  })

  it('says when to wait, in one piece or in several, and tells of the drain', async () => {
    link.open(told)
    far.pause()
    expect(link.write([Buffer.alloc(10)])).to.equal(true)
    expect(link.write([Buffer.alloc(10), Buffer.alloc(10)])).to.equal(true)
    while (link.write([Buffer.alloc(100_000)]));
    expect(link.write([Buffer.alloc(1), Buffer.alloc(1)])).to.equal(false)
    expect(told.drains).to.equal(0)
    far.resume()
    await waitFor(() => told.drains > 0)
    expect(link.write([Buffer.alloc(10)])).to.equal(true)
  })

  it('holds nobody back with what is written after its end', async () => {
    link.open(told)
    far.resetAndDestroy()
    await waitFor(() => told.ends.length > 0)
    expect(link.write([Buffer.alloc(1_000_000)])).to.equal(true)
    expect(near.writableLength).to.equal(0)
  })

  it('flushes what was written before it closes, also to a peer that is still sending', async () => {
    link.open(told)
    let received = 0
    far.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    link.write([Buffer.alloc(3_000_000)])
    const closed = link.close('flush')
    const sending = setInterval(() => far.writable && far.write(Buffer.alloc(10_000)), 1)
    await once(far, 'end')
    clearInterval(sending)
    far.end()
    await closed
    expect(received).to.equal(3_000_000)
    expect(told.ends).to.deep.equal([])
    expect(told.bytes).to.equal('')
  })

  it('waits for nothing when it is aborted', async () => {
    link.open(told)
    far.pause()
    while (link.write([Buffer.alloc(100_000)]));
    await link.close('abort')
    expect(near.closed).to.equal(true)
    expect(told.ends).to.deep.equal([])
  })

  longIt('waits no longer than five seconds for a peer that does not close its half', async () => {
    link.open(told)
    const startedAtMs = performance.now()
    await link.close('flush')
    expect(performance.now() - startedAtMs).to.be.at.least(4_900)
  }).timeout(15_000)

  it('describes whom it is connected to, and whether others can read it', () => {
    expect(link.peer).to.deep.equal({
      transport: 'tcp',
      description: `127.0.0.1:${near.remotePort}`,
      address: '127.0.0.1',
      isPrivate: true,
    })
    const from = (remoteAddress: string): Socket =>
      Object.defineProperties(new Socket(), { remoteAddress: { value: remoteAddress }, remotePort: { value: 5 } })
    expect(new SocketLink(from('192.0.2.7')).peer).to.include({ description: '192.0.2.7:5', isPrivate: false })
    expect(new SocketLink(from('2001:db8::1')).peer).to.include({ description: '[2001:db8::1]:5', isPrivate: false })
    expect(new SocketLink(new Socket()).peer).to.include({ transport: 'unix', isPrivate: true })
  })

  it('keeps the process alive where it is asked to, and while its close is awaited', async () => {
    const asked: string[] = []
    near.ref = () => {
      asked.push('ref')
      return near
    }
    near.unref = () => {
      asked.push('unref')
      return near
    }
    link.keepProcessAlive(true)
    link.keepProcessAlive(false)
    expect(asked).to.deep.equal(['ref', 'unref'])
    await link.close('abort')
    expect(asked).to.deep.equal(['ref', 'unref', 'ref'])
  })

  it('sends small writes without delay', () => {
    const socket = new Socket()
    const set: unknown[] = []
    socket.setNoDelay = (noDelay) => {
      set.push(noDelay)
      return socket
    }
    new SocketLink(socket)
    expect(set).to.deep.equal([true])
  })
})
