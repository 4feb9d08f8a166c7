// The WebSocket of a browser as a link, over one that is made of the spec's own hands: what is sent, what is told, how it ends.
import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import { ClientError, LinkError } from '../../lib/core/base/errors.ts'
import { parseAddress, type WebAddress } from '../../lib/core/link/address.ts'
import { dialFromBrowser } from '../../lib/core/link/browser-dial.ts'
import { type BrowserSocket, BrowserSocketLink } from '../../lib/core/link/browser-socket-link.ts'
import type { LinkHandler, Peer } from '../../lib/core/link/link.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'

const peer: Peer = { transport: 'websocket', description: 'a peer', isPrivate: true }
const mebibyte = 1024 * 1024
const [open, closing, closed] = [1, 2, 3]

/** What a browser's socket does, event by event. */
class FakeSocket extends EventTarget {
  static made: FakeSocket[] = []
  binaryType = ''
  bufferedAmount = 0
  readyState = open
  readonly sent: number[] = []
  readonly closedWith: (number | undefined)[] = []
  readonly given: readonly unknown[]

  constructor(...given: readonly unknown[]) {
    super()
    this.given = given
    FakeSocket.made.push(this)
  }

  send(data: Uint8Array): void {
    this.sent.push(data.length)
  }

  close(code?: number): void {
    this.closedWith.push(code)
    this.readyState = closing
  }

  receive(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }

  end(code: number): void {
    this.readyState = closed
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason: '' }))
  }
}

/** Writes down what a link tells. */
class Told implements LinkHandler {
  readonly events: unknown[] = []
  onBytes(chunk: Uint8Array): void {
    this.events.push([...chunk])
  }
  onDrain(): void {
    this.events.push('drain')
  }
  onEnd(error: Error | undefined): void {
    this.events.push(error?.message ?? 'end')
  }
}

const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
const microtasks = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** With that of mocha itself, which it sets when a spec has begun to wait. */
const timersLater = (): Promise<number> => microtasks().then(timers)

describe("A browser's socket", () => {
  let socket: FakeSocket
  let told: Told
  let link: BrowserSocketLink

  beforeEach(() => {
    FakeSocket.made = []
    socket = new FakeSocket()
    told = new Told()
    link = new BrowserSocketLink(socket as unknown as BrowserSocket, peer)
  })

  it('is told to deliver bytes, which come as they are', () => {
    link.open(told)
    expect(link.peer).to.equal(peer)
    expect(socket.binaryType).to.equal('arraybuffer')
    socket.receive(bytes(1, 2))
    expect(told.events).to.deep.equal([[1, 2]])
  })

  it('delivers what came before anybody listened once, in order, and then its end', async () => {
    socket.receive(bytes(1))
    socket.receive(bytes(2))
    socket.end(1000)
    link.open(told)
    expect(told.events).to.deep.equal([[1], [2]])
    await microtasks()
    expect(told.events).to.deep.equal([[1], [2], 'end'])
  })

  it('tells no end where there was none', async () => {
    link.open(told)
    await microtasks()
    expect(told.events).to.deep.equal([])
  })

  it('sends what is large in pieces of 64 KiB, and nothing once it is not open', () => {
    link.open(told)
    expect(link.write([new Uint8Array(65_536), new Uint8Array(65_537)])).to.equal(true)
    expect(socket.sent).to.deep.equal([65_536, 65_536, 1])
    socket.readyState = closing
    expect(link.write([new Uint8Array(1)])).to.equal(true)
    expect(socket.sent).to.have.lengthOf(3)
  })

  it('rather waits above one mebibyte, and tells once that half of it has left', async () => {
    link.open(told)
    socket.bufferedAmount = mebibyte
    expect(link.write([new Uint8Array(1)])).to.equal(true)
    socket.bufferedAmount = mebibyte + 1
    const before = await timersLater()
    for (let i = 0; i < 3; i++) expect(link.write([new Uint8Array(1)])).to.equal(false)
    expect(timers()).to.equal(before + 1)
    socket.bufferedAmount = mebibyte / 2 + 1
    socket.receive(bytes(1))
    expect(told.events).to.deep.equal([[1]])
    expect(timers()).to.equal(before + 1)
    socket.bufferedAmount = mebibyte / 2
    await waitFor(() => told.events.length === 2)
    expect(told.events).to.deep.equal([[1], 'drain'])
    expect(timers()).to.equal(before)
  })

  it('looks no more once it is closed, by either side', async () => {
    const before = await timersLater()
    link.open(told)
    socket.bufferedAmount = 2 * mebibyte
    link.write([new Uint8Array(1)])
    socket.end(1006)
    expect(timers()).to.equal(before)
    const other = new FakeSocket()
    const mine = new BrowserSocketLink(other as unknown as BrowserSocket, peer)
    other.bufferedAmount = 2 * mebibyte
    mine.write([new Uint8Array(1)])
    await mine.close('abort')
    expect(timers()).to.equal(before)
  })

  it('tells nobody of what has left before anybody listens', () => {
    socket.bufferedAmount = 2 * mebibyte
    link.write([new Uint8Array(1)])
    socket.bufferedAmount = 0
    socket.receive(bytes(1))
    link.open(told)
    expect(told.events).to.deep.equal([[1]])
  })

  it('tells no drain of a socket that is closing', () => {
    link.open(told)
    socket.bufferedAmount = 2 * mebibyte
    link.write([new Uint8Array(1)])
    socket.readyState = closing
    socket.bufferedAmount = 0
    socket.receive(bytes(1))
    expect(told.events).to.deep.equal([[1]])
  })

  for (const [code, event] of [
    [1000, 'end'],
    [1001, 'end'],
    [1005, 'end'],
    [1003, 'the WebSocket was closed with code 1003'],
    [1006, 'the WebSocket was closed with code 1006'],
    [4000, 'the WebSocket was closed with code 4000'],
  ] as const)
    it(`tells a close with ${code} once, as ${event === 'end' ? 'an end in order' : 'an error'}`, () => {
      link.open(told)
      socket.end(code)
      socket.end(1000)
      expect(told.events).to.deep.equal([event])
    })

  it('ends with an error for a text, which is why it is closed, also before anybody listens', async () => {
    const why = 'received a text message, expected binary'
    link.open(told)
    socket.receive('a text')
    socket.receive(bytes(1))
    socket.end(1000)
    expect(told.events).to.deep.equal([why])
    expect(socket.closedWith).to.deep.equal([1000])
    const early = new FakeSocket()
    const other = new BrowserSocketLink(early as unknown as BrowserSocket, peer)
    early.receive('a text')
    early.readyState = open
    early.receive(bytes(1))
    early.end(1000)
    const later = new Told()
    other.open(later)
    await microtasks()
    expect(later.events).to.deep.equal([why])
  })

  it('keeps nothing that comes while it is closing', async () => {
    socket.readyState = closing
    socket.receive(bytes(1))
    link.open(told)
    expect(told.events).to.deep.equal([])
  })

  it('is quiet after its own close, and forgets what came before', async () => {
    socket.receive(bytes(1))
    await link.close('abort')
    expect(socket.closedWith).to.deep.equal([1000])
    link.open(told)
    expect(told.events).to.deep.equal([])
    const other = new FakeSocket()
    const mine = new BrowserSocketLink(other as unknown as BrowserSocket, peer)
    mine.open(told)
    void mine.close('abort')
    other.receive(bytes(1))
    other.end(1000)
    await microtasks()
    expect(told.events).to.deep.equal([])
  })

  it('waits with a flush for the end of its socket, each time that it is asked', async () => {
    const before = await timersLater()
    link.open(told)
    let settled = 0
    const waits = [link.close('flush'), link.close('flush')].map((wait) => wait.then(() => settled++))
    await microtasks()
    expect(settled).to.equal(0)
    expect(timers()).to.equal(before + 2)
    socket.end(1000)
    await Promise.all(waits)
    expect(timers()).to.equal(before)
  })

  longIt('waits five seconds for it at most', async () => {
    const startedAtMs = performance.now()
    await link.close('flush')
    expect(performance.now() - startedAtMs).to.be.at.least(4_900)
  }).timeout(15_000)

  it('has nothing to close where it is closed', async () => {
    socket.readyState = closed
    await link.close('flush')
    expect(socket.closedWith).to.deep.equal([])
  })
})

describe('An attempt to connect from a browser', () => {
  const { WebSocket } = globalThis
  const dial = (address: string, signal: AbortSignal): ReturnType<typeof dialFromBrowser> =>
    dialFromBrowser(parseAddress(address) as WebAddress, signal)

  beforeEach(() => {
    FakeSocket.made = []
    globalThis.WebSocket = FakeSocket as never
  })

  afterEach(() => {
    globalThis.WebSocket = WebSocket
  })

  it('is a link once the socket is open, and leaves no listener at its signal', async () => {
    for (const [address, isPrivate] of [
      ['ws://127.0.0.1:1/live', true],
      ['ws://example.org:1/live', false],
      ['wss://example.org:1/live', true],
    ] as const) {
      const { signal } = new AbortController()
      const attempt = dial(address, signal)
      const socket = FakeSocket.made.at(-1) as FakeSocket
      expect(socket.given).to.deep.equal([address, 'isock'])
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(1)
      socket.dispatchEvent(new Event('open'))
      expect((await attempt).peer).to.deep.equal({ transport: 'websocket', description: address, isPrivate })
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
    }
  })

  it('fails where the socket closes before', async () => {
    const { signal } = new AbortController()
    const attempt = failureOf(dial('ws://h:1/live', signal))
    FakeSocket.made[0]?.end(1006)
    const error = await attempt
    expect(error).to.be.instanceOf(LinkError)
    expect(error.message).to.equal('cannot connect to ws://h:1/live: no answer, or not an isock server')
    expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
  })

  it('is no attempt for others where its page may not open the socket', async () => {
    const { signal } = new AbortController()
    const attempt = failureOf(dial('ws://h:1/live', signal))
    FakeSocket.made[0]?.dispatchEvent(new Event('error'))
    const error = await attempt
    expect(error).to.be.instanceOf(ClientError)
    expect(error.message).to.contain('connect-src')
    expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
  })

  it('fails as others where the socket closes after an error', async () => {
    const attempt = failureOf(dial('ws://h:1/live', new AbortController().signal))
    FakeSocket.made[0]?.dispatchEvent(new Event('error'))
    FakeSocket.made[0]?.end(1006)
    expect(await attempt).to.be.instanceOf(LinkError)
  })

  it('is given up with the reason of its signal, and its socket closed, whatever comes later', async () => {
    const stop = new AbortController()
    const attempt = failureOf(dial('ws://h:1/live', stop.signal))
    const reason = new Error('given up')
    stop.abort(reason)
    const [socket] = FakeSocket.made
    expect(socket?.closedWith).to.deep.equal([undefined])
    socket?.dispatchEvent(new Event('open'))
    expect(socket?.binaryType, 'no link is made of it').to.equal('')
    expect(await attempt).to.equal(reason)
    expect(getEventListeners(stop.signal, 'abort')).to.have.lengthOf(0)
  })

  it('opens nothing where its signal has aborted before', async () => {
    const reason = new Error('no time')
    expect(await failureOf(dial('ws://h:1/live', AbortSignal.abort(reason)))).to.equal(reason)
    expect(FakeSocket.made).to.deep.equal([])
  })
})
