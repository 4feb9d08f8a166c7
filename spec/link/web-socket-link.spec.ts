// What the links over WebSockets do beside the contract of all links: peers that do not read, and ends that are no ends.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { WebSocketServer } from 'ws'
import { isLoopback } from '../../lib/core/link/address.ts'
import { type BrowserSocket, BrowserSocketLink } from '../../lib/core/link/browser-socket-link.ts'
import type { LinkHandler, Peer } from '../../lib/core/link/link.ts'
import { WebSocketLink, webSocketBounds } from '../../lib/core/link/web-socket-link.ts'
import { waitFor } from '../setup/wait-for.ts'

const peer: Peer = { transport: 'websocket', description: 'a peer', isPrivate: true }

/** Counts what a link tells. */
class Told implements LinkHandler {
  drains = 0
  ends: (Error | undefined)[] = []
  onBytes(): void {
    // Of no interest here.
  }
  onDrain(): void {
    this.drains++
  }
  onEnd(error: Error | undefined): void {
    this.ends.push(error)
  }
}

describe('A link over a WebSocket', () => {
  let link: WebSocketLink
  let stream: Socket
  let peerSocket: Socket
  let release: () => void

  beforeEach(async () => {
    const http = createServer().listen(0, '127.0.0.1')
    await once(http, 'listening')
    const sockets = new WebSocketServer({ server: http, ...webSocketBounds, clientTracking: false })
    const accepted = new Promise<void>((resolve) => {
      sockets.once('connection', (socket, request) => {
        stream = request.socket
        link = new WebSocketLink(socket, stream, peer)
        resolve()
      })
    })
    peerSocket = connect((http.address() as AddressInfo).port, '127.0.0.1')
    const key = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']
    const head = ['GET / HTTP/1.1', 'Host: localhost', 'Upgrade: websocket', 'Connection: Upgrade', ...key]
    peerSocket.on('error', () => undefined).write([...head, '', ''].join('\r\n'))
    await accepted
    release = () => {
      peerSocket.destroy()
      http.close()
      http.closeAllConnections()
    }
  })

  afterEach(async () => {
    const closed = link.close('abort')
    release()
    await closed
  })

  it('waits once for a peer that does not read, however often it writes', async () => {
    const told = new Told()
    link.open(told)
    peerSocket.pause()
    const before = stream.listenerCount('drain')
    while (link.write([Buffer.alloc(60_000)]));
    for (let i = 0; i < 50; i++) expect(link.write([Buffer.alloc(100)])).to.equal(false)
    expect(stream.listenerCount('drain')).to.be.at.most(before + 1)
    peerSocket.resume()
    await waitFor(() => told.drains > 0)
    await waitFor(() => stream.writableLength === 0)
    expect(told.drains).to.equal(1)
  })

  it('ends at once for a frame that is none, also when the peer holds its socket open', async () => {
    const told = new Told()
    link.open(told)
    // A reserved kind of frame.
    peerSocket.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]))
    await waitFor(() => told.ends.length > 0, { timeoutMs: 3_000 })
    expect(told.ends[0]).to.be.instanceOf(Error)
    peerSocket.destroy()
    await once(stream, 'close')
    expect(told.ends).to.have.length(1)
  })

  /** A masked frame of a client, with a mask of zeros. */
  const frame = (opcode: number, payload: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload])
  const closing = (code?: number): Buffer =>
    frame(8, code === undefined ? Buffer.alloc(0) : Buffer.from([code >> 8, code & 0xff]))

  for (const [what, bytes, isInOrder] of [
    ['1000', closing(1000), true],
    ['1001, of a page that is left', closing(1001), true],
    ['no code', closing(), true],
    ['1002', closing(1002), false],
    ['4000', closing(4000), false],
  ] as const) {
    it(`tells a close with ${what} as ${isInOrder ? 'an end in order' : 'an error that names the code'}`, async () => {
      const told = new Told()
      link.open(told)
      peerSocket.resume().write(bytes)
      await waitFor(() => told.ends.length > 0)
      if (isInOrder) expect(told.ends).to.deep.equal([undefined])
      else expect(told.ends[0]?.message).to.equal(`the WebSocket was closed with code ${what}`)
    })
  }

  it('ends with an error for a message in more than 16384 pieces, however small it is', async () => {
    const told = new Told()
    link.open(told)
    /** As if the peer sent byte by byte. */
    const come = (byte: number): boolean => stream.emit('data', Buffer.of(byte))
    for (const byte of [0x82, 0x80 | 126, 0xff, 0xff, 0, 0, 0, 0]) come(byte)
    for (let i = 0; i < 16_384; i++) come(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(told.ends).to.deep.equal([])
    come(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(told.ends[0]?.message).to.equal('Too many buffered chunks')
  })

  it('keeps the process alive where it is asked to, and while its close is awaited', async () => {
    const asked: string[] = []
    stream.ref = () => {
      asked.push('ref')
      return stream
    }
    stream.unref = () => {
      asked.push('unref')
      return stream
    }
    link.keepProcessAlive(true)
    link.keepProcessAlive(false)
    expect(asked).to.deep.equal(['ref', 'unref'])
    await link.close('abort')
    expect(asked).to.deep.equal(['ref', 'unref', 'ref'])
  })

  it('ends with an error for a text message, and tells the peer why', async () => {
    const told = new Told()
    link.open(told)
    const received: Buffer[] = []
    peerSocket.on('data', (chunk: Buffer) => received.push(chunk))
    peerSocket.write(frame(1, Buffer.from('hi')))
    await waitFor(() => told.ends.length > 0)
    expect(told.ends[0]?.message).to.equal('received a text message, expected binary')
    // A close frame with code 1003.
    await waitFor(() => Buffer.concat(received).includes(Buffer.from([0x88, 0x02, 0x03, 0xeb])))
  })

  it('delivers what came before anybody listened, in order, and nothing after its own close', async () => {
    peerSocket.write(Buffer.concat([frame(2, Buffer.from('a')), frame(2, Buffer.from('b'))]))
    await waitFor(() => stream.bytesRead > 0)
    await new Promise((resolve) => setImmediate(resolve))
    let came = ''
    link.open({
      onBytes: (chunk) => {
        came += Buffer.from(chunk).toString()
      },
      onDrain: () => undefined,
      onEnd: () => undefined,
    })
    await waitFor(() => came === 'ab')
    void link.close('flush')
    peerSocket.write(frame(2, Buffer.from('c')))
    await new Promise((resolve) => setImmediate(resolve))
    expect(came).to.equal('ab')
    expect(link.write([Buffer.alloc(10)])).to.equal(true)
  })
})

describe("A link over a browser's WebSocket", () => {
  it('looks whether what it wrote has left when something comes, since a hidden page gets few timers', () => {
    const listeners = new Map<string, (event: never) => void>()
    const socket = {
      binaryType: '',
      bufferedAmount: 0,
      readyState: 1,
      send(data: Uint8Array) {
        this.bufferedAmount += data.length
      },
      close: () => undefined,
      addEventListener: (type: string, listener: (event: never) => void) => void listeners.set(type, listener),
    }
    const told = new Told()
    const link = new BrowserSocketLink(socket as BrowserSocket, peer)
    link.open(told)
    expect(link.write([new Uint8Array(2 * 1024 * 1024)])).to.equal(false)
    const message = { data: new ArrayBuffer(1) }
    listeners.get('message')?.(message as never)
    expect(told.drains).to.equal(0)
    socket.bufferedAmount = 0
    listeners.get('message')?.(message as never)
    expect(told.drains).to.equal(1)
    listeners.get('message')?.(message as never)
    expect(told.drains).to.equal(1)
    socket.readyState = 3
    listeners.get('close')?.({ code: 1000 } as never)
  })
})

describe('An address of this machine alone', () => {
  it('is no name that only begins like one', () => {
    for (const name of ['127.evil.example', '127.0.0.1.nip.io', '::ffff:127.evil', '127.0.0.1.', '128.0.0.1', ''])
      expect(isLoopback(name), name).to.equal(false)
    for (const ip of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', 'localhost'])
      expect(isLoopback(ip), ip).to.equal(true)
  })
})
