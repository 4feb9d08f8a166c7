// Pages of other origins at an HTTP server of the user's: what gateways take they may call, all else is as the user has it.

import { once } from 'node:events'
import { createServer, type Server as HttpServer, type RequestListener, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { http } from 'isock/http'
import { listenWeb, type WebGateway } from '../../lib/web.ts'

import { type Answer, ask, type Serving, WebWorld } from './web-world.ts'

const origin = 'https://app.example'
const evil = 'https://evil.example'
const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }

describe('A web port that joined a server of the user, for pages of other origins', () => {
  let world: WebWorld
  let joined: HttpServer
  let url: string

  beforeEach(() => {
    world = new WebWorld()
  })

  afterEach(() => world.close())

  const theirs: RequestListener = (request, response) => {
    response.writeHead(200, { 'x-theirs': 'yes' }).end(`theirs: ${request.method} ${request.url}`)
  }

  async function join(
    listeners: readonly RequestListener[],
    gateways: readonly WebGateway[],
    onError: (error: unknown) => void = () => undefined,
  ): Promise<Serving> {
    joined = createServer()
    for (const listener of listeners) joined.on('request', listener)
    joined.listen(0, '127.0.0.1')
    await once(joined, 'listening')
    const made = joined
    world.later(() => made.close())
    url = `http://127.0.0.1:${(joined.address() as AddressInfo).port}`
    return world.serve({ server: joined, gateways, origins: [origin] }, { onError })
  }

  it('lets those that were let in call the HTTP gateway, preflights included', async () => {
    await join([theirs], [http()])
    for (const path of ['/actions/Echo', '/actions', '/channels/News', '/health/live']) {
      const asked = await ask(url, path, { origin, ...preflight }, 'OPTIONS')
      expect(asked.status, path).to.equal(204)
      expect(asked.headers).to.include({ 'access-control-allow-origin': origin, vary: 'Origin' })
      expect(asked.headers['access-control-allow-methods']).to.contain('POST')
      expect(asked.headers).to.include({
        'access-control-allow-headers': 'authorization',
        'access-control-max-age': '600',
      })
    }
    const headers = { origin, 'content-type': 'application/json' }
    const answer = await fetch(`${url}/actions/Echo`, { method: 'POST', headers, body: '5' })
    expect([answer.status, await answer.text()]).to.deep.equal([200, '5'])
    expect(answer.headers.get('access-control-allow-origin')).to.equal(origin)
    expect(answer.headers.get('access-control-expose-headers')).to.equal('*')
    const failed = await fetch(`${url}/actions/Nothing`, { method: 'POST', headers, body: '5' })
    expect([failed.status, failed.headers.get('access-control-allow-origin')]).to.deep.equal([404, origin])
  })

  it('leaves the routes of the user as they are, preflights included', async () => {
    const { web } = await join([theirs], [http()])
    const asked: [string, Record<string, string>, string][] = [
      ['/else', { origin }, 'GET'],
      ['/else', { origin, ...preflight }, 'OPTIONS'],
      ['/actions/Echo', { origin: evil }, 'GET'],
      ['/actions/Echo', { origin: evil, ...preflight }, 'OPTIONS'],
    ]
    const answers = async (): Promise<unknown[]> =>
      Promise.all(
        asked.map(async ([path, headers, method]) => {
          const { status, headers: came, body } = await ask(url, path, headers, method)
          return { status, names: Object.keys(came).sort(), body }
        }),
      )
    const whileJoined = await answers()
    await web.close()
    expect(whileJoined).to.deep.equal(await answers())
  })

  it('adds to what a tool before it has set, and takes back no more than it has added', async () => {
    await join([(_request, response) => response.end(String(response.getHeader('vary')))], [answering('/ours')])
    const { emit } = joined
    joined.emit = ((event: string, ...args: unknown[]) => {
      if (event === 'request') (args[1] as ServerResponse).setHeader('vary', 'Accept-Encoding')
      return (emit as (...all: unknown[]) => boolean).call(joined, event, ...args)
    }) as typeof emit
    expect((await ask(url, '/ours', { origin })).headers.vary).to.equal('Accept-Encoding, Origin')
    const other = await ask(url, '/else', { origin })
    expect([other.headers.vary, other.body]).to.deep.equal(['Accept-Encoding', 'Accept-Encoding'])
  })

  it('is answered once, by it or by listeners that were added before or later, in any order', async () => {
    const errors: unknown[] = []
    const answered: string[] = []
    await join([], [http()], (error) => void errors.push(error))
    expect((await ask(url, '/else')).status, 'while there is no other').to.equal(404)
    const later: RequestListener = ({ url: path = '' }, response) => {
      answered.push(path)
      response.end('later')
    }
    for (const add of ['on', 'prependListener'] as const) {
      joined[add]('request', later)
      expect((await ask(url, '/else', { origin })).body).to.equal('later')
      expect((await ask(url, '/actions')).body).to.contain('"Echo"')
      expect((await ask(url, '/actions', { origin, ...preflight }, 'OPTIONS')).status).to.equal(204)
      joined.removeListener('request', later)
    }
    expect(answered).to.deep.equal(['/else', '/else'])
    expect(errors).to.deep.equal([])
  })

  it('is answered where it has no handlers, and a tool has replaced its emit before', async () => {
    const bare = createServer().listen(0, '127.0.0.1')
    await once(bare, 'listening')
    world.later(() => bare.close())
    const { emit } = bare
    bare.emit = emit.bind(bare) as typeof emit
    await world.serve({ server: bare })
    const answer = await ask(`http://127.0.0.1:${(bare.address() as AddressInfo).port}`, '/else')
    expect(answer.status).to.equal(404)
  })

  it('is read where its sender waits for leave to send it', async () => {
    await join([theirs], [http()])
    joined.on('checkContinue', (_request, response) => response.writeHead(417).end())
    const post = (path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = { expect: '100-continue', 'content-type': 'application/json' }
        const asking = request(`${url}${path}`, { method: 'POST', headers }, (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        })
        asking
          .on('error', reject)
          .on('continue', () => asking.end('5'))
          .flushHeaders()
      })
    expect(await post('/actions/Echo')).to.equal(200)
    expect(await post('/else')).to.equal(417)
  })

  it('leaves the server as it was, in whichever order several of them end', async () => {
    for (const first of [0, 1]) {
      const { web, server } = await join([theirs], [http()])
      const other = await listenWeb(server, { server: joined, gateways: [answering('/ours')] })
      const ports = [web, other]
      expect([(await ask(url, '/ours')).status, (await ask(url, '/actions')).status]).to.deep.equal([200, 200])
      await ports[first]?.close()
      const left = [(await ask(url, '/ours')).status, (await ask(url, '/actions')).body === 'theirs: GET /actions']
      expect(left).to.deep.equal([200, first === 0])
      if (first === 1) expect((await ask(url, '/ours')).body).to.equal('theirs: GET /ours')
      await ports[1 - first]?.close()
      expect((await ask(url, '/actions')).body).to.equal('theirs: GET /actions')
      expect([Object.hasOwn(joined, 'emit'), joined.listenerCount('upgrade')]).to.deep.equal([false, 0])
    }
  })

  it('goes on when a gateway cannot say what it takes, and reports it', async () => {
    const errors: unknown[] = []
    const broken: WebGateway = {
      name: 'broken',
      mount: () => ({
        takes: () => {
          throw new Error('boom')
        },
        close: async () => undefined,
      }),
    }
    await join([theirs], [broken], (error) => void errors.push(error))
    expect((await ask(url, '/else', { origin, ...preflight }, 'OPTIONS')).status).to.equal(500)
    expect((await ask(url, '/else', { origin })).body).to.equal('theirs: GET /else')
    expect(errors.map(String)).to.deep.equal(['Error: boom'])
  })

  it('lets those that were let in read files', async () => {
    await join([theirs], [])
    await world.serve({ server: joined, static: import.meta.dirname, origins: [origin], path: '/other' })
    const asking = (method: string): Promise<Answer> =>
      ask(url, '/web-world.ts', { origin, ...preflight, 'access-control-request-method': method }, 'OPTIONS')
    const [reading, writing] = [await asking('GET'), await asking('PUT')]
    expect([reading.status, reading.headers['access-control-allow-origin']]).to.deep.equal([204, origin])
    expect([writing.status, writing.body]).to.deep.equal([200, 'theirs: OPTIONS /web-world.ts'])
    const file = await ask(url, '/web-world.ts', { origin })
    expect([file.status, file.headers['access-control-allow-origin']]).to.deep.equal([200, origin])
  })

  it('answers no preflight for a gateway that does not say what it takes', async () => {
    await join([theirs], [answering('/ours')])
    expect((await ask(url, '/ours', { origin, ...preflight }, 'OPTIONS')).body).to.equal('theirs: OPTIONS /ours')
    expect((await ask(url, '/ours', { origin })).headers['access-control-allow-origin']).to.equal(origin)
  })
})

function answering(path: string): WebGateway {
  return {
    name: 'answering',
    mount: () => ({
      onRequest: (visit, response) => {
        if (visit.url.pathname !== path || visit.request.method === 'OPTIONS' || response.headersSent) return false
        response.end('ours')
        return true
      },
      close: async () => undefined,
    }),
  }
}
