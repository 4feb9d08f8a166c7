// A web port: who gets a request, what is refused, how it ends, and that it can join a server of the user's.

import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server as HttpServer, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import type { MountedGateway, WebVisit } from '../../lib/features/web/gateway.ts'
import { staticFiles } from '../../lib/features/web/static-files.ts'
import { Action, AuthError, Server } from '../../lib/index.ts'
import { listenWeb, type WebGateway, WebRefusal } from '../../lib/web.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { ask, Echo, rawAnswer, WebWorld } from './web-world.ts'

describe('A web server', () => {
  let world: WebWorld

  beforeEach(() => {
    world = new WebWorld()
  })

  afterEach(() => world.close())

  describe('for clients of isock', () => {
    it('serves them without any other address', async () => {
      const { server, web } = await world.serve()
      expect(server.addresses).to.deep.equal([web.address])
      expect(await world.client(web.address).runAction(Echo, 5)).to.equal(5)
      expect(await world.client(web.url.replace('http', 'ws')).runAction(Echo, 6)).to.equal(6)
    })

    it('starts tasks and the like once, whatever listens first', async () => {
      const server = new Server({ port: 0 })
      world.later(() => server.shutdown())
      await listenWeb(server, { port: 0 })
      await server.listen()
      await listenWeb(server, { port: 0 })
      expect(server.addresses).to.have.length(3)
    })

    it('takes them at another path where told so, and nowhere else', async () => {
      const { web } = await world.serve({ path: '/socket' })
      expect(web.address).to.match(/\/socket$/)
      expect(await world.client(web.address).runAction(Echo, 5)).to.equal(5)
      expect(await world.refusedStatus(`${web.url}/isock`, ['isock'])).to.equal(404)
      expect(await world.refusedStatus(`${web.url}/socket`, ['other'])).to.equal(404)
    })

    it('refuses a foreign host and a foreign origin, and tells a client so', async () => {
      const { web, server } = await world.serve()
      for (const headers of [{ host: 'evil.example' }, { origin: 'https://evil.example' }]) {
        for (const protocols of [[], ['other']])
          expect(await world.refusedStatus(`${web.url}/isock`, protocols, headers)).to.equal(403)
        expect(await world.refusedStatus(`${web.url}/elsewhere`, ['isock'], headers)).to.equal(403)
        const socket = new WebSocket(`${web.address}`, ['isock'], { headers })
        const [code, reason] = await once(socket, 'close')
        expect(code).to.equal(4403)
        expect(String(reason)).to.match(/the server's option (hosts|origins) lists those that are$/)
      }
      const named = await world.serve({ hosts: ['example.org'] })
      const outcome = await world.client(named.web.address).runAction(Echo, 1).outcome()
      expect(outcome.ok ? '' : outcome.error).to.be.instanceOf(AuthError)
      expect(outcome.ok ? '' : (outcome.error as Error).message).to.contain("the server's option hosts")
      expect(server.sessions).to.have.length(0)
    })

    it('is found by its address of http, and by a URL, with other credentials too', async () => {
      const { web } = await world.serve()
      for (const address of [web.url, new URL(web.url), new URL(web.address)]) {
        const client = world.client(address as string)
        expect(await client.runAction(Echo, 1)).to.equal(1)
        expect(await client.runAction(Echo, 2, { credentials: [] })).to.equal(2)
      }
    })

    it('takes no credentials in a URL', () => {
      for (const address of [
        'ws://user:secret@localhost:1',
        'ws://localhost:1/isock?token=secret',
        'ws://localhost:1/#secret',
      ]) {
        expect(() => world.client(address), address)
          .to.throw('option address')
          .with.property('message')
          .that.does.not.contain('secret')
      }
    })

    it('reads addresses with and without port and path', async () => {
      const { parseAddress, formatAddress } = await import('../../lib/index.ts')
      expect(formatAddress(parseAddress('ws://localhost'))).to.equal('ws://localhost:80/isock')
      expect(formatAddress(parseAddress('wss://[::1]/a/b'))).to.equal('wss://[::1]:443/a/b')
      expect(() => new Server('ws://localhost:1')).to.not.throw()
      const failure = await new Server('ws://localhost:1').listen().catch((error: Error) => error)
      expect((failure as Error).message).to.contain('use listenWeb(server, { port: 1 })')
    })
  })

  describe('for requests', () => {
    it('answers 404 where nobody takes one, and 403 to foreign hosts and origins', async () => {
      const { web } = await world.serve()
      expect((await ask(web.url)).status).to.equal(404)
      const ofClients = await ask(web.url, '/isock')
      expect([ofClients.status, ofClients.body.toString()]).to.deep.equal([
        426,
        "clients of isock connect here, over a WebSocket: new Client('ws://<host>/isock')\n",
      ])
      expect((await ask(web.url, '/', { host: 'evil.example' })).status).to.equal(403)
      expect((await ask(web.url, '/', { origin: 'https://evil.example' })).status).to.equal(403)
      expect((await ask(web.url, 'http://evil.example/')).status).to.equal(400)
      expect((await ask(web.url, '*', {}, 'OPTIONS')).status).to.equal(400)
    })

    it('takes no request with several Hosts, one of which others on the way may have believed', async () => {
      const { web } = await world.serve()
      const { host } = new URL(web.url)
      const more = 'Host: evil.example\r\nConnection: close\r\n'
      expect(await rawAnswer(web.url, `GET / HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`)).to.match(/^HTTP\/1.1 400/)
      const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\n'
      const both = `Host: ${host}\r\nhost: ${host}\r\n`
      expect(await rawAnswer(web.url, `GET /isock HTTP/1.1\r\n${both}${upgrade}\r\n`)).to.match(
        /^HTTP\/1.1 400 Refused/,
      )
    })

    it('lets pages of the named origins read what they asked for', async () => {
      const gateway = answering('/hello', 'hello')
      const origin = 'https://app.example'
      const { web } = await world.serve({ origins: [origin], gateways: [gateway] })
      const answer = await ask(web.url, '/hello', { origin })
      expect(answer).to.include({ status: 200, body: 'hello' })
      expect(answer.headers['access-control-allow-origin']).to.equal(origin)
      expect(answer.headers.vary).to.equal('Origin')
      const asked = { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-a, x-b' }
      const preflight = await ask(web.url, '/hello', asked, 'OPTIONS')
      expect(preflight.status).to.equal(204)
      expect(preflight.headers['access-control-allow-methods']).to.contain('PUT')
      expect(preflight.headers['access-control-allow-headers']).to.equal('x-a, x-b')
      expect((await ask(web.url, '/hello', { ...asked, origin: 'https://evil.example' }, 'OPTIONS')).status).to.equal(
        403,
      )
      expect((await ask(web.url, '/hello')).headers).to.not.have.property('access-control-allow-origin')
      const nothing = await ask(web.url, '/nothing', { origin })
      expect([nothing.status, nothing.headers['access-control-allow-origin']]).to.deep.equal([404, origin])
    })

    it('goes on when a gateway throws, and reports it', async () => {
      const errors: unknown[] = []
      const broken: WebGateway = {
        name: 'broken',
        mount: () => ({
          onRequest: ({ url }) => {
            if (url.pathname === '/broken') throw new Error('boom')
            return false
          },
          onUpgrade: ({ url }) => {
            if (url.pathname === '/broken') throw new Error('boom')
            if (url.pathname === '/refused') return Promise.reject(new WebRefusal(402, 'pay first'))
            return url.pathname === '/rejected' ? Promise.reject(new Error('bang')) : undefined
          },
          close: async () => {
            throw new Error('cannot close')
          },
        }),
      }
      const { web, server } = await world.serve({ gateways: [broken] }, { onError: (error) => void errors.push(error) })
      expect((await ask(web.url, '/broken')).status).to.equal(500)
      expect(await world.refusedStatus(`${web.url}/broken`)).to.equal(500)
      expect(await world.refusedStatus(`${web.url}/rejected`)).to.equal(500)
      expect(await world.refusedStatus(`${web.url}/refused`)).to.equal(402)
      expect(await world.client(web.address).runAction(Echo, 5)).to.equal(5)
      await server.shutdown()
      expect(errors.map(String)).to.deep.equal(['boom', 'boom', 'bang', 'cannot close'].map((text) => `Error: ${text}`))
    })

    it('names what a gateway throws to refuse an upgrade, for the log of its user', () => {
      expect(String(new WebRefusal(403, 'not today'))).to.equal('WebRefusal: not today')
    })

    it('ends an upgrade that a gateway does not decide', async () => {
      const slow: WebGateway = {
        name: 'slow',
        mount: () => ({
          onUpgrade: ({ url }) => (url.pathname === '/slow' ? new Promise(() => undefined) : undefined),
          close: async () => undefined,
        }),
      }
      const { web } = await world.serve({ gateways: [slow] }, { limits: { handshakeTimeoutMs: 50 } })
      expect(await world.refusedStatus(`${web.url}/slow`)).to.equal(504)
    })

    it('gives a gateway a session for its own client, with the peer that it names', async () => {
      const peers: unknown[] = []
      class Who extends Action {
        action(_: undefined, { session }: { session: { peer: unknown } }) {
          peers.push(session.peer)
        }
      }
      const { LocalClient } = await import('../../lib/gateways/local-client.ts')
      const gateway: WebGateway = {
        name: 'who',
        mount: (host) => ({
          onRequest: ({ url, peer }, response) => {
            if (url.pathname !== '/who') return false
            const client = new LocalClient(host, peer)
            void client
              .runAction('Who')
              .outcome()
              .then(({ ok }) => response.end(String(ok)))
              .finally(() => client.close())
            return true
          },
          close: async () => undefined,
        }),
      }
      const { web, server } = await world.serve({ gateways: [gateway] })
      server.addAction(new Who() as Action)
      expect((await ask(web.url, '/who')).body).to.equal('true')
      expect(peers[0]).to.include({ transport: 'http', address: '127.0.0.1', isPrivate: true })
      await waitFor(() => server.sessions.length === 0)
    })
  })

  describe('for files', () => {
    let directory: string

    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'isock-static-'))
      mkdirSync(join(directory, 'public', 'sub'), { recursive: true })
      writeFileSync(join(directory, 'secret.txt'), 'secret')
      writeFileSync(join(directory, 'public', 'index.html'), '<h1>hi</h1>')
      writeFileSync(join(directory, 'public', 'a b#c.txt'), 'odd')
      symlinkSync(join(directory, 'secret.txt'), join(directory, 'public', 'link.txt'))
    })

    afterEach(() => rmSync(directory, { recursive: true }))

    it('serves those of a directory, and none outside of it', async () => {
      const { web } = await world.serve({ static: join(directory, 'public') })
      const page = await ask(web.url)
      expect(page).to.include({ status: 200, body: '<h1>hi</h1>' })
      expect(page.headers['content-type']).to.contain('text/html')
      expect(page.headers['x-content-type-options']).to.equal('nosniff')
      expect((await ask(web.url, '/a%20b%23c.txt')).body).to.equal('odd')
      for (const path of [
        '/sub',
        '/sub/',
        '/nothing',
        '/link.txt',
        '/../secret.txt',
        '/%2e%2e/secret.txt',
        '/..%2fsecret.txt',
        '/index.html%00',
        '/%',
      ]) {
        const answer = await ask(web.url, path)
        expect(answer.status, path).to.be.oneOf([404, 400])
        expect(answer.body).to.not.contain('secret')
      }
      expect((await ask(web.url, '/', {}, 'POST')).status).to.equal(404)
    })

    longIt('lets go of a reader that takes nothing', async () => {
      writeFileSync(join(directory, 'public', 'large.bin'), Buffer.alloc(32 * 1024 * 1024))
      // A busy machine must not seem to be a reader that takes nothing.
      const http = servedBy(staticFiles(join(directory, 'public'), 2_000)).listen(0, '127.0.0.1')
      await once(http, 'listening')
      world.later(() => http.close())
      const { port } = http.address() as AddressInfo
      const reader = connect(port, '127.0.0.1')
      world.later(() => reader.destroy())
      reader.on('error', () => undefined).write('GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n')
      const connections = promisify(http.getConnections.bind(http))
      await waitFor(async () => (await connections()) === 1)
      await waitFor(async () => (await connections()) === 0, { timeoutMs: 10_000 })
      const { body } = await ask(`http://127.0.0.1:${port}`, '/large.bin')
      expect(body.length).to.equal(32 * 1024 * 1024)
    })

    it('does not hurry what comes after a file on its connection', async () => {
      // Long enough for a busy machine to send the file.
      const patienceMs = 1_000
      const files = staticFiles(join(directory, 'public'), patienceMs)
      const answer = (response: ServerResponse) => void setTimeout(() => response.end('slow'), patienceMs + 400)
      const http = servedBy(files, (_request, response) => answer(response))
      http.keepAliveTimeout = 0
      http.listen(0, '127.0.0.1')
      await once(http, 'listening')
      world.later(() => http.close())
      const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
      const slow = 'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
      expect(await rawAnswer(url, `GET / HTTP/1.1\r\nHost: localhost\r\n\r\n${slow}`)).to.match(/hi[\s\S]*slow/)
    })

    it('needs a directory that is there', async () => {
      const failure = await world.serve({ static: join(directory, 'nowhere') }).catch((error: Error) => error)
      expect((failure as Error).message).to.contain('option static')
    })
  })

  describe('at a server of the user', () => {
    it('takes what is its own and leaves the rest, and is gone without a trace at the end', async () => {
      const http = createServer((request, response) => response.end(`theirs: ${request.url}`))
      http.on('upgrade', (_request, stream) => stream.end('HTTP/1.1 418 Theirs\r\n\r\n'))
      http.listen(0, '127.0.0.1')
      await once(http, 'listening')
      world.later(() => http.close())
      const listeners = (): Record<string, readonly unknown[]> =>
        Object.fromEntries(http.eventNames().map((name) => [String(name), http.listeners(name as string)]))
      const before = listeners()
      const { web, server } = await world.serve({ server: http, gateways: [answering('/ours', 'ours')] })
      expect((await ask(web.url, '/ours')).body).to.equal('ours')
      expect((await ask(web.url, '/else')).body).to.equal('theirs: /else')
      expect((await ask(web.url, '/ours', { origin: 'https://evil.example' })).body).to.equal('theirs: /ours')
      expect(await world.refusedStatus(`${web.url}/theirs`)).to.equal(418)
      expect(await world.client(web.address).runAction(Echo, 5)).to.equal(5)
      await server.shutdown()
      expect(http.listening).to.equal(true)
      expect((await ask(`http://127.0.0.1:${(http.address() as { port: number }).port}`, '/ours')).body).to.equal(
        'theirs: /ours',
      )
      expect(listeners()).to.deep.equal(before)
    })

    it('wants it to listen', async () => {
      const failure = await world.serve({ server: createServer() }).catch((error: Error) => error)
      expect((failure as Error).message).to.contain('server must listen')
    })
  })

  describe('at its end', () => {
    it('frees its port, ends what is open, and tells clients', async () => {
      const { web, server } = await world.serve({ gateways: [answering('/hello', 'hello')] })
      const client = world.client(web.address, { keepConnected: true })
      await client.runAction(Echo, 1)
      const idle = connect(Number(new URL(web.url).port), '127.0.0.1')
      await once(idle, 'connect')
      const closed = once(idle, 'close')
      await server.shutdown()
      await closed
      expect(client.isConnected).to.equal(false)
      const again = createTcpServer().listen(Number(new URL(web.url).port), '127.0.0.1')
      await once(again, 'listening')
      again.close()
    })

    it('lets running calls finish', async () => {
      let release: () => void = () => undefined
      const { web, server } = await world.serve()
      server.addActions({ wait: () => new Promise<string>((resolve) => (release = () => resolve('done'))) })
      const call = world.client(web.address).runAction<string>('wait')
      await waitFor(() => server.callCount > 0)
      await waitFor(() => release.length === 0 && String(release).includes('done'))
      const ended = server.shutdown()
      release()
      expect(await call).to.equal('done')
      await ended
    })

    it('can be closed alone', async () => {
      const server = new Server({ port: 0 }).addAction(new Echo())
      world.later(() => server.shutdown())
      await server.listen()
      const web = await listenWeb(server, { port: 0 })
      const client = world.client(web.address)
      await client.runAction(Echo, 1)
      await web.close()
      await web.close()
      expect(server.addresses).to.have.length(1)
      expect(await world.client(server.addresses[0] as string).runAction(Echo, 2)).to.equal(2)
      expect((await world.client(web.address).runAction(Echo, 3).outcome()).ok).to.equal(false)
    })

    it('is not begun on a server that was shut down', async () => {
      const server = new Server({ port: 0 })
      await server.shutdown()
      const failure = await listenWeb(server, { port: 0 }).catch((error: Error & { code: string }) => error)
      expect(failure).to.have.property('code', 'SHUTTING_DOWN')
      const late = new Server({ port: 0 })
      const opening = listenWeb(late, { port: 0 }).catch((error: Error & { code: string }) => error)
      await late.shutdown()
      expect(await opening).to.have.property('code', 'SHUTTING_DOWN')
    })
  })

  it('says what is wrong with its options', async () => {
    const server = new Server({ port: 0 })
    const wrong: [object, string][] = [
      [{}, 'option port'],
      [{ port: 70_000 }, 'option port'],
      [{ port: 0, server: createServer() }, 'option server'],
      [{ port: 0, path: 'isock' }, 'option path'],
      [{ port: 0, gateways: [{}] }, 'option gateways'],
      [{ port: 0, static: '' }, 'option static'],
      [{ port: 0, maxConnections: 0 }, 'option maxConnections'],
      [{ port: 0, origin: ['x'] }, 'listenWeb: unknown option "origin"; did you mean origins?'],
      [{ port: 0, hosts: 'localhost' }, 'option hosts'],
    ]
    for (const [options, message] of wrong) {
      const failure = await listenWeb(server, options as never).catch((error: Error) => error)
      expect(String(failure), JSON.stringify(options)).to.contain(message)
    }
    await server.shutdown()
    const { web } = await world.serve()
    const port = Number(new URL(web.url).port)
    const taken = await world.serve({ port }).catch((error: Error & { code: string }) => error)
    expect(taken).to.have.property('code', 'ADDRESS_IN_USE')
  })
})

/** A plain HTTP server over what serves files. */
function servedBy(files: MountedGateway, orElse?: RequestListener): HttpServer {
  return createServer((request, response) => {
    const url = new URL(`http://localhost${request.url}`)
    const visit: WebVisit = { request, url, peer: { transport: 'http', description: '', isPrivate: true } }
    if (files.onRequest?.(visit, response) !== true) orElse?.(request, response)
  })
}

function answering(path: string, body: string): WebGateway {
  return {
    name: 'answering',
    mount: () => ({
      onRequest: ({ url }, response) => {
        if (url.pathname !== path) return false
        response.end(body)
        return true
      },
      close: async () => undefined,
    }),
  }
}
