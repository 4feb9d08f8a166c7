// From a request to upgrade to an open WebSocket: taken, turned away, or decided on later; and how all of them end.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Duplex, PassThrough } from 'node:stream'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import type { SocketRoute } from '../../lib/features/web/gateway.ts'
import { type Decision, Upgrades } from '../../lib/features/web/upgrades.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'

type Taking = (request: IncomingMessage, stream: Duplex, head: Buffer) => unknown

describe('Upgrades', () => {
  let upgrades: Upgrades
  let clock: VirtualClock

  beforeEach(() => {
    clock = new VirtualClock()
    upgrades = new Upgrades(clock)
  })

  const decision = (limitMs = 1_000): Decision => ({
    limitMs,
    refusalFor: (error) => ({ status: 403, message: `refused: ${(error as Error).message}` }),
  })

  describe('of clients', () => {
    let http: Server
    let take: Taking
    let taken: WebSocket[]
    let clients: WebSocket[]

    beforeEach(async () => {
      taken = []
      clients = []
      http = createServer().on('upgrade', (request, stream, head) => take(request, stream, head))
      take = (request, stream, head) => upgrades.accept(request, stream, head, route())
      await once(http.listen(0, '127.0.0.1'), 'listening')
    })

    afterEach(async () => {
      for (const client of clients) client.terminate()
      await upgrades.close()
      http.close()
      http.closeAllConnections()
    })

    const route = (more: Partial<SocketRoute> = {}): SocketRoute => ({
      maxMessageBytes: 1_000,
      onSocket: (socket) => taken.push(socket),
      ...more,
    })

    function client(protocols: string[] = []): WebSocket {
      const socket = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, protocols)
      socket.on('error', () => undefined)
      clients.push(socket)
      return socket
    }

    async function opened(protocols: string[] = []): Promise<WebSocket> {
      const socket = client(protocols)
      await once(socket, 'open')
      return socket
    }

    async function closeOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
      const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
      return { code, reason: reason.toString() }
    }

    it('hands over the open socket, with the subprotocol that was chosen, or none', async () => {
      take = (request, stream, head) => upgrades.accept(request, stream, head, route({ protocol: 'b' }))
      expect((await opened(['a', 'b'])).protocol).to.equal('b')
      const [socket] = taken
      expect(socket?.readyState).to.equal(WebSocket.OPEN)
      take = (request, stream, head) => upgrades.accept(request, stream, head, route())
      expect((await opened()).protocol).to.equal('')
    })

    it('answers pings', async () => {
      const socket = await opened()
      socket.ping('here?')
      const [answer] = (await once(socket, 'pong')) as [Buffer]
      expect(answer.toString()).to.equal('here?')
    })

    it('closes a socket whose message is too large for its route, and survives its error', async () => {
      const socket = await opened()
      socket.send('x'.repeat(1_001))
      expect((await closeOf(socket)).code).to.equal(1009)
    })

    it('keeps the bound of each route', async () => {
      await opened()
      const heard: string[] = []
      const onSocket = (socket: WebSocket): void =>
        void socket.on('message', (data: Buffer) => heard.push(`${data.length}`))
      take = (request, stream, head) =>
        upgrades.accept(request, stream, head, route({ maxMessageBytes: 5_000, onSocket }))
      const socket = await opened()
      socket.send('x'.repeat(1_001))
      await waitFor(() => heard.length === 1, { what: 'the message' })
      expect(heard).to.deep.equal(['1001'])
    })

    it('turns a client away with a reason that it can read', async () => {
      take = (request, stream, head) => upgrades.reject(request, stream, head, route(), 'not from there')
      expect(await closeOf(client())).to.deep.equal({ code: 4403, reason: 'not from there' })
      expect(taken, 'the gateway learns nothing of it').to.deep.equal([])
    })

    it('closes in order what is open, and settles when that is over', async () => {
      const [socket, other] = [await opened(), await opened()]
      const closing = upgrades.close()
      const expected = { code: 1001, reason: 'the server is shutting down' }
      expect(await Promise.all([closeOf(socket), closeOf(other)])).to.deep.equal([expected, expected])
      await closing
      expect(taken.map(({ readyState }) => readyState)).to.deep.equal([WebSocket.CLOSED, WebSocket.CLOSED])
    })

    it('ends a socket whose peer does not answer the close', async () => {
      const socket = await opened()
      socket.pause()
      const closing = upgrades.close()
      await clock.advance(1_000)
      await closing
      expect(taken[0]?.readyState).to.equal(WebSocket.CLOSED)
    })

    it('waits at the close for none that has closed before', async () => {
      const socket = await opened()
      const gone = once(taken[0] as WebSocket, 'close')
      socket.close()
      await gone
      await upgrades.close()
    })

    it('takes a client on whom the gateway decides later, and closes it in order with the others', async () => {
      let decide: (route: SocketRoute) => void = () => undefined
      const decided = new Promise<SocketRoute>((resolve) => {
        decide = resolve
      })
      take = (request, stream, head) => upgrades.acceptLater(request, stream, head, decided, decision())
      const socket = client()
      await waitFor(() => clock.pendingCount === 1, { what: 'the upgrade' })
      decide(route())
      await once(socket, 'open')
      expect(taken).to.have.length(1)
      expect(clock.pendingCount, 'the time is no longer limited').to.equal(0)
      void upgrades.close()
      expect((await closeOf(socket)).code).to.equal(1001)
    })
  })

  describe('on which a gateway has not decided', () => {
    let stream: PassThrough
    let decide: (route: SocketRoute) => void
    let refuse: (error: unknown) => void
    let over: Promise<void>

    beforeEach(() => {
      stream = new PassThrough()
      const route = new Promise<SocketRoute>((resolve, reject) => {
        decide = resolve
        refuse = reject
      })
      const request = { headers: {}, method: 'GET' } as unknown as IncomingMessage
      over = upgrades.acceptLater(request, stream, Buffer.alloc(0), route, decision())
    })

    const answer = (): string => String(stream.read() ?? '')
    const late = (): SocketRoute => ({
      maxMessageBytes: 1,
      onSocket: () => {
        throw new Error('it was taken')
      },
    })

    it('are refused when it rejects, as it says', async () => {
      refuse(new Error('not you'))
      await over
      expect(answer()).to.match(/^HTTP\/1.1 403 .*refused: not you\n$/s)
      expect(clock.pendingCount).to.equal(0)
      await upgrades.close()
      expect(answer(), 'at the close').to.equal('')
    })

    it('are refused when it takes too long, and not taken afterwards', async () => {
      await clock.advance(999)
      expect(answer()).to.equal('')
      await clock.advance(1)
      expect(answer()).to.match(/^HTTP\/1.1 504 .*the server took too long to decide\n$/s)
      decide(late())
      await over
      expect(answer()).to.equal('')
    })

    it('are not taken when the client has left meanwhile', async () => {
      stream.destroy()
      decide(late())
      await over
      expect(clock.pendingCount).to.equal(0)
    })

    it('are refused when the server closes, and not taken afterwards', async () => {
      await upgrades.close()
      expect(answer()).to.match(/^HTTP\/1.1 503 .*the server is shutting down\n$/s)
      decide(late())
      await over
      await settle()
      expect(answer()).to.equal('')
    })
  })
})
