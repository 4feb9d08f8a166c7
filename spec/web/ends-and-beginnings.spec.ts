// A web port whose end comes while something of it begins: nothing is left open, and nobody waits for ever.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { Server } from '../../lib/index.ts'
import { listenWeb, type WebGateway } from '../../lib/web.ts'
import { untilForgotten } from '../setup/garbage.ts'
import { waitFor } from '../setup/wait-for.ts'
import { ask, Echo, rawAnswer, WebWorld } from './web-world.ts'

describe('A web port at its beginning and end', () => {
  let world: WebWorld

  beforeEach(() => {
    world = new WebWorld()
  })

  afterEach(() => world.close())

  it('is not left open by a shutdown that comes while it opens', async () => {
    const free = createTcpServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port } = free.address() as AddressInfo
    free.close()
    await once(free, 'close')
    // Whenever it comes: what it needs is loaded by then.
    await world.serve()
    for (let turns = 0; turns < 40; turns++) {
      const server = new Server()
      const opening = listenWeb(server, { port }).then(
        () => 'open',
        (error: { code: string }) => error.code,
      )
      for (let turn = 0; turn < turns; turn++) await undefined
      await server.shutdown()
      expect(await opening, `after ${turns} turns`).to.be.oneOf(['SHUTTING_DOWN', 'open'])
      const again = createTcpServer().listen(port, '127.0.0.1')
      await once(again, 'listening')
      again.close()
      await once(again, 'close')
    }
  })

  it('closes the gateways that it mounted when another one cannot be', async () => {
    let closed = 0
    const first: WebGateway = {
      name: 'first',
      mount: () => ({
        close: async () => {
          closed++
        },
      }),
    }
    const wrong: WebGateway = {
      name: 'wrong',
      mount: () => {
        throw new Error('no')
      },
    }
    const server = new Server()
    world.later(() => server.shutdown())
    for (const options of [{ gateways: [first, wrong] }, { gateways: [first], static: '/nowhere/at/all' }])
      expect(await listenWeb(server, { port: 0, ...options }).catch((error: Error) => error)).to.be.instanceOf(Error)
    expect(closed).to.equal(2)
  })

  it('takes no WebSocket of a gateway that decides after the end', async () => {
    let decide: (() => void) | undefined
    let taken = 0
    const slow: WebGateway = {
      name: 'slow',
      mount: () => ({
        onUpgrade: () =>
          new Promise((resolve) => {
            decide = () => resolve({ maxMessageBytes: 100, onSocket: () => void taken++ })
          }),
        close: async () => undefined,
      }),
    }
    const { web } = await world.serve({ gateways: [slow] })
    const status = world.refusedStatus(`${web.url}/slow`)
    await waitFor(() => decide)
    await web.close()
    decide?.()
    expect(await status).to.equal(503)
    expect(taken).to.equal(0)
  })

  it('ends a client that came while the gateways drained and says nothing', async () => {
    let release: () => void = () => undefined
    let isDraining = false
    const slow: WebGateway = {
      name: 'slow',
      mount: () => ({
        close: () =>
          new Promise((resolve) => {
            isDraining = true
            release = resolve
          }),
      }),
    }
    const { web, server } = await world.serve({ gateways: [slow] }, { limits: { handshakeTimeoutMs: 60_000 } })
    const ended = server.shutdown()
    await waitFor(() => isDraining)
    const late = await world.socket(web.address, ['isock'])
    const closed = once(late, 'close')
    release()
    await ended
    await closed
  })

  it('leaves nothing at its server, nor of its own, once it was closed', async () => {
    const { server } = await world.serve()
    const ports: WeakRef<object>[] = []
    const underneath: WeakRef<object>[] = []
    const onRequest = (message: unknown): void => {
      underneath.push(new WeakRef((message as { server: object }).server))
    }
    const openAndClose = async (): Promise<void> => {
      const web = await listenWeb(server, { port: 0 })
      ports.push(new WeakRef(web))
      await ask(web.url)
      await web.close()
    }
    subscribe('http.server.request.start', onRequest)
    for (let i = 0; i < 5; i++) await openAndClose()
    unsubscribe('http.server.request.start', onRequest)
    await untilForgotten([...ports, ...underneath], 'five closed ports')
    expect(underneath).to.have.length(5)
  }).timeout(30_000)

  it('lets go of a socket whose upgrade it refused, although its client keeps its end open', async () => {
    const { web } = await world.serve()
    const { port, host } = new URL(web.url)
    const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
    world.later(() => socket.destroy())
    socket.on('error', () => undefined).resume()
    const head = [`host: ${host}`, 'upgrade: websocket', 'connection: upgrade']
    socket.write(['GET /nowhere HTTP/1.1', ...head, '', ''].join('\r\n'))
    await once(socket, 'end')
    // What nobody can take any more breaks its end.
    const isBroken = (): boolean => {
      if (!socket.destroyed) socket.write('more')
      return socket.destroyed
    }
    await waitFor(isBroken, { timeoutMs: 15_000, what: 'its socket to break' })
  }).timeout(30_000)

  it('is not ended in a time that is none', async () => {
    const { web } = await world.serve({ gateways: [answering('/one')] })
    for (const graceMs of [Number.NaN, -1, Number.POSITIVE_INFINITY, '1000', null]) {
      const error = await web.close(graceMs as number).catch((reason: Error & { code: string }) => reason)
      expect(error, String(graceMs)).to.have.property('code', 'INVALID_OPTION')
      expect((error as Error).message).to.contain('option graceMs')
    }
    expect((await ask(web.url, '/one')).status).to.equal(200)
    await web.close(0)
  })

  it('leaves a server of the user as it was, in whatever order those that joined it end', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const http = createServer((asked, response) => response.end(`theirs: ${asked.url}`))
      http.listen(0, '127.0.0.1')
      await once(http, 'listening')
      const { port } = http.address() as AddressInfo
      const url = `http://127.0.0.1:${port}`
      const before = http.listeners('request')
      const joined = [
        await world.serve({ server: http, gateways: [answering('/one')], path: '/first' }),
        await world.serve({ server: http, gateways: [answering('/two')], path: '/second' }),
      ]
      const bodies = async (): Promise<string[]> =>
        Promise.all(['/one', '/two', '/else'].map(async (path) => (await ask(url, path)).body))
      expect(await bodies()).to.deep.equal(['ours: /one', 'ours: /two', 'theirs: /else'])
      const [first, second] = order as [number, number]
      await joined[first]?.web.close()
      const left = ['/one', '/two'].map((path, i) => `${i === first ? 'theirs' : 'ours'}: ${path}`)
      expect(await bodies()).to.deep.equal([...left, 'theirs: /else'])
      expect(await world.client(joined[second]?.web.address as string).runAction(Echo, 1)).to.equal(1)
      await joined[second]?.web.close()
      expect(await bodies()).to.deep.equal(['theirs: /one', 'theirs: /two', 'theirs: /else'])
      expect(http.listeners('request')).to.deep.equal(before)
      expect(http.listenerCount('upgrade')).to.equal(0)
      http.close()
      http.closeAllConnections()
    }
  })

  it('answers a request that would rather be of another protocol as any other', async () => {
    const { web } = await world.serve({ gateways: [echoing] })
    const head = ['POST /echo HTTP/1.1', `Host: ${new URL(web.url).host}`, 'Connection: Upgrade, HTTP2-Settings']
    const more = ['Upgrade: h2c', 'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA', 'Content-Length: 5']
    expect(await rawAnswer(web.url, [...head, ...more, '', 'hello'].join('\r\n'))).to.match(
      /^HTTP\/1.1 200[\s\S]*hello/,
    )
    // What comes after its head is its body, however long.
    const body = 'long '.repeat(200_000)
    const long = [...head, ...more.slice(0, 2), `Content-Length: ${body.length}`, '', body].join('\r\n')
    expect((await rawAnswer(web.url, long)).split('long ')).to.have.length(200_001)
    // Judged as any other, too.
    const foreign = [head[0], 'Host: evil.example', ...head.slice(2), ...more, '', 'hello'].join('\r\n')
    expect(await rawAnswer(web.url, foreign)).to.match(/^HTTP\/1.1 403/)
  })

  it('leaves such a request at a server of the user to its handlers', async () => {
    const http = createServer((asked, response) => response.end(`theirs: ${asked.url}`))
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    world.later(() => http.close())
    const { web } = await world.serve({ server: http })
    const asking = request(`${web.url}/page`, { headers: { connection: 'Upgrade', upgrade: 'h2c' }, agent: false })
    asking.end()
    const [response] = await once(asking, 'response')
    expect(response.statusCode).to.equal(200)
    response.resume()
    await once(response, 'end')
  })
})

function answering(path: string): WebGateway {
  return {
    name: 'answering',
    mount: () => ({
      onRequest: ({ url }, response) => {
        if (url.pathname !== path) return false
        response.end(`ours: ${path}`)
        return true
      },
      close: async () => undefined,
    }),
  }
}

const echoing: WebGateway = {
  name: 'echoing',
  mount: () => ({
    onRequest: (visit, response) => {
      void text(visit.request).then((body) => response.end(body))
      return true
    },
    close: async () => undefined,
  }),
}
