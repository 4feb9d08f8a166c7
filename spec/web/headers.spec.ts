// Headers of requests: all of them count, however many came before; where some may have been lost, or several say different
// things, the request is refused.
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import { expect } from 'chai'
import { http } from '../../lib/gateways/http/http.ts'
import { rawAnswer, WebWorld } from './web-world.ts'

const junk = (count: number): string[] => Array.from({ length: count }, (_, i) => `x-${i}: 1`)
const upgrade = ['upgrade: websocket', 'sec-websocket-version: 13', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==']

describe('Headers of a request', () => {
  let world: WebWorld

  beforeEach(() => {
    world = new WebWorld()
  })

  afterEach(() => world.close())

  async function statusOf(url: string, head: string, headers: readonly string[], body = ''): Promise<number> {
    const { host } = new URL(url)
    const lines = [`${head} HTTP/1.1`, `host: ${host}`, ...headers, '', body]
    const answer = await rawAnswer(url, lines.join('\r\n'))
    return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
  }

  async function serve(): Promise<string> {
    const { web } = await world.serve({ gateways: [http()] })
    return web.url
  }

  it('count behind 210 others, and behind 1 300', async () => {
    const url = await serve()
    for (const count of [0, 210, 1_300]) {
      const behind = (...headers: string[]): string[] => [...junk(count), ...headers, 'connection: close']
      expect(await statusOf(url, 'GET /health/live', behind()), `${count}`).to.equal(200)
      expect(await statusOf(url, 'GET /health/live', behind('origin: http://evil.example')), `${count}`).to.equal(403)
      for (const header of ['x-forwarded-for: 192.0.2.1', 'via: 1.1 proxy', 'x-real-ip: 192.0.2.1']) {
        expect(await statusOf(url, 'GET /metrics', behind(header)), `${header} behind ${count}`).to.equal(403)
      }
    }
    expect(await statusOf(url, 'GET /metrics', [...junk(210), 'connection: close'])).to.equal(200)
  })

  it('count behind others where they ask for something to be done once', async () => {
    const { web, server } = await world.serve({ gateways: [http()] })
    let runs = 0
    server.addActions({ pay: () => ++runs })
    const headers = [...junk(210), 'idempotency-key: "one"', 'content-length: 0', 'connection: close']
    for (let i = 0; i < 2; i++) expect(await statusOf(web.url, 'POST /actions/pay', headers)).to.equal(200)
    expect(runs).to.equal(1)
  })

  it('count behind others in an upgrade', async () => {
    const url = await serve()
    const behind = (...headers: string[]): string[] => [...junk(210), ...headers, ...upgrade]
    const head = 'GET /isock'
    expect(await statusOf(url, head, behind('origin: http://evil.example', 'connection: upgrade'))).to.equal(403)
    const own = behind(`origin: ${url}`, 'connection: upgrade')
    const socket = await world.socket(
      `${url}/isock`,
      [],
      Object.fromEntries(own.slice(0, 211).map((line) => line.split(': '))),
    )
    expect(socket.readyState).to.equal(socket.OPEN)
  })

  it('are answered with 431 where they are too long', async () => {
    const url = await serve()
    expect(await statusOf(url, 'GET /health/live', [...junk(3_000), 'connection: close'])).to.equal(431)
  })

  it('are refused where several say who asks, from where and for whom', async () => {
    const url = await serve()
    const { host } = new URL(url)
    for (const [name, ...values] of [
      ['origin', url, 'http://evil.example'],
      ['Origin', url, url],
      ['host', host],
      ['authorization', 'Bearer one', 'Bearer two'],
    ] as const) {
      const headers = values.map((value) => `${name}: ${value}`)
      expect(await statusOf(url, 'GET /health/live', [...headers, 'connection: close']), name).to.equal(400)
      expect(await statusOf(url, 'GET /isock', [...headers, 'connection: upgrade', ...upgrade]), name).to.equal(400)
    }
  })

  describe('at a server of the user', () => {
    let theirs: HttpServer

    beforeEach(async () => {
      theirs = createServer((_request, response) => response.writeHead(418).end())
      theirs.listen(0, '127.0.0.1')
      await once(theirs, 'listening')
      world.later(() => theirs.close())
    })

    it('that loses some beyond a number leave the request to it', async () => {
      theirs.maxHeadersCount = 64
      const { web } = await world.serve({ server: theirs, gateways: [http()] })
      const evil = 'origin: http://evil.example'
      expect(await statusOf(web.url, 'GET /health/live', [...junk(10), 'connection: close'])).to.equal(200)
      // Newer versions of Node refuse it themselves.
      expect(await statusOf(web.url, 'GET /health/live', ['connection: close', ...junk(70), evil])).to.be.oneOf([
        418, 431,
      ])
    })

    it('without handlers are answered with 431 where some were lost', async () => {
      theirs.removeAllListeners('request')
      const { web } = await world.serve({ server: theirs, gateways: [http()] })
      const evil = 'origin: http://evil.example'
      expect(await statusOf(web.url, 'GET /health/live', ['connection: close', ...junk(1_100), evil])).to.equal(431)
      const first = ['connection: upgrade', ...upgrade, ...junk(1_100), evil]
      expect(await statusOf(web.url, 'GET /isock', first)).to.equal(431)
    })
  })
})
