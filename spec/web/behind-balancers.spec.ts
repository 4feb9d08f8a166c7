// A web port as balancers, orchestrators and proxies meet it: how long it keeps connections, who may ask for its health, what
// it says of its address, and that one slash at the end of a path changes nothing.
import { createServer } from 'node:http'
import { expect } from 'chai'
import { http } from 'isock/http'
import { ClientError } from '../../lib/index.ts'
import { ask, WebWorld } from './web-world.ts'

describe('A web port behind balancers and proxies', () => {
  let world: WebWorld

  beforeEach(() => {
    world = new WebWorld()
  })

  afterEach(() => world.close())

  const asking = { connection: 'keep-alive' }

  it('keeps idle connections for longer than balancers do, or as long as it is told', async () => {
    const { web } = await world.serve({ gateways: [http()] })
    expect((await ask(web.url, '/health/live', asking)).headers['keep-alive']).to.equal('timeout=65')
    const short = await world.serve({ gateways: [http()], keepAliveTimeoutMs: 3_000, headersTimeoutMs: 2_000 })
    expect((await ask(short.web.url, '/health/live', asking)).headers['keep-alive']).to.equal('timeout=3')
  })

  it('refuses times that are none, and times beside a server that has its own', async () => {
    const server = createServer()
    for (const options of [
      { keepAliveTimeoutMs: -1 },
      { keepAliveTimeoutMs: Number.NaN },
      { headersTimeoutMs: 0 },
      { server, keepAliveTimeoutMs: 1_000 },
      { server, headersTimeoutMs: 1_000 },
    ]) {
      const failure = await world.serve(options).catch((error: unknown) => error)
      expect(failure, JSON.stringify(Object.keys(options))).to.be.instanceOf(ClientError)
      expect((failure as Error).message).to.match(/option (keepAlive|headers)TimeoutMs/)
    }
  })

  it('tells of its health whatever Host is asked, and of nothing else', async () => {
    const { web } = await world.serve({ hosts: ['app.example.org'], gateways: [http({ path: '/api' })] })
    const statusOf = async (path: string, headers: Record<string, string>, method = 'GET'): Promise<number> =>
      (await ask(web.url, path, headers, method)).status
    const host = '10.244.0.5:8080'
    for (const path of ['/api/health/live', '/api/health/ready', '/api/health/live/'])
      for (const method of ['GET', 'HEAD']) expect(await statusOf(path, { host }, method), path).to.equal(200)
    for (const path of [
      '/api/actions',
      '/api/metrics',
      '/health/live',
      '/api/health/other',
      '/api/actions/health/live',
    ])
      expect(await statusOf(path, { host }), path).to.equal(403)
    expect(await statusOf('/api/health/live', { host }, 'POST')).to.equal(403)
    const origin = 'https://evil.example'
    expect(await statusOf('/api/health/live', { host, origin }), 'for a page').to.equal(403)
    expect(await statusOf('/api/health/live', { host: 'app.example.org', origin })).to.equal(403)
    const answer = await ask(web.url, '/api/health/live', { host })
    expect(answer.headers).to.not.have.property('access-control-allow-origin')
  })

  it('says where it can be opened on this machine, where it listens at all addresses', async () => {
    const open = { host: '0.0.0.0', gateways: [http()] }
    const { web } = await world.serve(open)
    expect(web.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await fetch(`${web.url}/health/live`)).status).to.equal(200)
    expect(await world.client(web.address).runAction('Echo', 5)).to.equal(5)
    const named = await world.serve({ ...open, hosts: ['*.example.org', 'chat.example.org'] })
    expect(named.web.url).to.match(/^http:\/\/chat\.example\.org:\d+$/)
    const withPort = await world.serve({ ...open, hosts: ['chat.example.org:8443'] })
    expect(withPort.web.url).to.equal('http://chat.example.org:8443')
    const loopback = await world.serve({ ...open, hosts: ['chat.example.org', '127.0.0.1'] })
    expect(loopback.web.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it('passes over one slash at the end of a path, of a request and of an option', async () => {
    const { web } = await world.serve({ path: '/app/socket/', gateways: [http({ path: '/api' })] })
    for (const path of ['/api/actions', '/api/actions/', '/api/actions/?x=1'])
      expect((await ask(web.url, path)).status, path).to.equal(200)
    expect((await ask(web.url, '/api/actions//')).status, 'two are another path').to.equal(404)
    for (const path of ['/app/socket', '/app/socket/']) {
      const address = `${web.url.replace('http', 'ws')}${path}`
      expect(await world.client(address).runAction('Echo', path), path).to.equal(path)
    }
  })

  it('names what is no HTTP server, and what to give instead', async () => {
    const express = Object.assign(() => undefined, { listen: () => undefined, use: () => undefined })
    const fastify = { listen: () => undefined, register: () => undefined, server: createServer() }
    for (const [server, wanted] of [
      [express, 'an application of Express or Koa returns it from app.listen()'],
      [fastify, "a Fastify application's is app.server"],
      [{}, 'an http.Server'],
    ] as const) {
      const failure = await world.serve({ server: server as never }).catch((error: unknown) => error)
      expect(failure).to.be.instanceOf(ClientError).with.property('message').that.contains(wanted)
    }
  })
})
