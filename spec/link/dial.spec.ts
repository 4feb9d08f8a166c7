// One attempt to connect, and what its failure says.
import dns from 'node:dns'
import { getEventListeners, once } from 'node:events'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { WebSocketServer } from 'ws'
import { LinkError } from '../../lib/core/base/errors.ts'
import { formatAddress, parseAddress, type SocketAddress, type WebAddress } from '../../lib/core/link/address.ts'
import { dialSocket } from '../../lib/core/link/dial.ts'
import { dialWebSocket } from '../../lib/core/link/web-socket-dial.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'

const never = new AbortController().signal

/** A port at which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('An attempt to connect', () => {
  const { lookup } = dns

  afterEach(() => {
    dns.lookup = lookup
  })

  it('is rejected with the reason of a signal that has aborted before, and opens nothing', async () => {
    const reason = new Error('no time')
    const attempt = dialSocket({ transport: 'tcp', host: '127.0.0.1', port: 9 }, AbortSignal.abort(reason))
    expect(await failureOf(attempt)).to.equal(reason)
  })

  it('is rejected with the reason of a signal that aborts meanwhile', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const stop = new AbortController()
    const attempt = dialSocket({ transport: 'tcp', host: '127.0.0.1', port }, stop.signal)
    const reason = new Error('given up')
    stop.abort(reason)
    expect(await failureOf(attempt)).to.equal(reason)
    server.close()
    await once(server, 'close')
  })

  it('says why it failed and to what address', async () => {
    const port = await freePort()
    const error = await failureOf(dialSocket({ transport: 'tcp', host: '127.0.0.1', port }, never))
    expect(error).to.be.instanceOf(LinkError)
    expect(error.message).to.equal(`cannot connect to tcp://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`)
  })

  it('says of a host with several addresses why the first one failed', async () => {
    const port = await freePort()
    const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
    const found = (_host: string, _options: unknown, done: (error: null, found: unknown) => void) =>
      void process.nextTick(done, null, addresses)
    dns.lookup = found as unknown as typeof lookup
    const error = await failureOf(dialSocket({ transport: 'tcp', host: 'two.test', port }, never))
    expect(error.message).to.equal(`cannot connect to tcp://two.test:${port}: connect ECONNREFUSED 127.0.0.1:${port}`)
  })
})

describe('An attempt that is over', () => {
  const dialers = [
    [
      'a socket',
      (place: string, signal: AbortSignal) => dialSocket(parseAddress(`tcp://${place}`) as SocketAddress, signal),
    ],
    [
      'a WebSocket',
      (place: string, signal: AbortSignal) => dialWebSocket(parseAddress(`ws://${place}`) as WebAddress, signal),
    ],
  ] as const
  let http: HttpServer
  let sockets: WebSocketServer
  let status: number | undefined
  let place: string

  beforeEach(async () => {
    status = undefined
    sockets = new WebSocketServer({ noServer: true, clientTracking: false })
    http = createHttpServer().listen(0, '127.0.0.1')
    http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => undefined)
      if (status === undefined) sockets.handleUpgrade(request, socket, head, () => undefined)
      else socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`)
    })
    await once(http, 'listening')
    place = `127.0.0.1:${(http.address() as AddressInfo).port}`
  })

  afterEach(async () => {
    const closed = once(http, 'close')
    http.close()
    http.closeAllConnections()
    await closed
  })

  for (const [what, dial] of dialers) {
    it(`leaves no listener at its signal: ${what} that is connected`, async () => {
      const { signal } = new AbortController()
      const attempt = dial(place, signal)
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(1)
      const link = await attempt
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
      expect(link.peer).to.include({
        description: formatAddress(parseAddress(`${what === 'a socket' ? 'tcp' : 'ws'}://${place}`)),
      })
      expect(link.peer).to.include({ address: '127.0.0.1', isPrivate: true })
      await link.close('abort')
    })

    it(`leaves no listener at its signal: ${what} that is refused`, async () => {
      const { signal } = new AbortController()
      await failureOf(dial(`127.0.0.1:${await freePort()}`, signal))
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
    })

    it(`is one that was given up: ${what}, while it is opened and before`, async () => {
      const reason = new Error('given up')
      expect(await failureOf(dial(place, AbortSignal.abort(reason)))).to.equal(reason)
      const stop = new AbortController()
      const attempt = dial(place, stop.signal)
      stop.abort(reason)
      expect(await failureOf(attempt)).to.equal(reason)
      expect(getEventListeners(stop.signal, 'abort')).to.have.lengthOf(0)
    })
  }

  for (const [code, hint] of [
    [400, '; is it a port of listenWeb? Others are tcp://host:port'],
    [403, "; the server's option hosts must name this host"],
    [404, ''],
  ] as const)
    it(`says with which status a WebSocket was refused: ${code}`, async () => {
      status = code
      const error = await failureOf(dialWebSocket(parseAddress(`ws://${place}`) as WebAddress, never))
      expect(error).to.be.instanceOf(LinkError)
      expect(error.message).to.equal(`cannot connect to ws://${place}/isock: it answered with status ${code}${hint}`)
    })

  for (const [what, dial] of dialers)
    it(`holds no connection open: ${what} that was given up or refused`, async () => {
      const arrived: Socket[] = []
      const silent = createServer((socket) => arrived.push(socket.on('error', () => undefined).resume()))
      silent.listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const stop = new AbortController()
      const attempt = failureOf(dial(`127.0.0.1:${(silent.address() as AddressInfo).port}`, stop.signal))
      if (what === 'a WebSocket') {
        await once(silent, 'connection')
        arrived[0]?.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
      } else stop.abort(new Error('given up'))
      await attempt
      await waitFor(() => arrived.every((socket) => socket.destroyed))
      silent.close()
      await once(silent, 'close')
    })

  it('follows no redirection to elsewhere', async () => {
    status = 302
    const { message } = await failureOf(dialWebSocket(parseAddress(`ws://${place}`) as WebAddress, never))
    expect(message).to.contain('it answered with status 302')
  })
})

describe('dialing a port that speaks something else', () => {
  const sockets = new Set<Socket>()
  let answer: (socket: Socket) => void
  let server: Server
  let place: string

  beforeEach(async () => {
    server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => sockets.delete(socket))
      socket.once('data', () => answer(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    place = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('asks whether there is TLS, in one line, where clear text answers', async () => {
    answer = (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    const { message } = await failureOf(dialSocket(parseAddress(`tls://${place}`) as SocketAddress, never))
    expect(message).to.equal(`cannot connect to tls://${place}: wrong version number; does the server speak TLS there?`)
  })

  it('asks whether there is TLS where the port closes', async () => {
    answer = (socket) => socket.destroy()
    const { message } = await failureOf(dialSocket(parseAddress(`tls://${place}`) as SocketAddress, never))
    expect(message).to.match(/^cannot connect to tls:.*; does the server speak TLS there\?$/)
  })

  it('asks the same of a WebSocket with TLS, in one line', async () => {
    answer = (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    const { message } = await failureOf(dialWebSocket(parseAddress(`wss://${place}`) as WebAddress, never))
    expect(message).to.equal(
      `cannot connect to wss://${place}/isock: wrong version number; does the server speak TLS there?`,
    )
  })

  for (const [what, act] of [
    ['closes', (socket: Socket) => socket.destroy()],
    ['answers something else', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ] as const) {
    it(`names the addresses of sockets where a port that a WebSocket asks ${what}`, async () => {
      answer = act
      const { message } = await failureOf(dialWebSocket(parseAddress(`ws://${place}`) as WebAddress, never))
      expect(message).to.match(/; is it a port of listenWeb\? Others are tcp:\/\/host:port$/)
    })
  }
})
