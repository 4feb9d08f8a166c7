// Igor's own clients as they are, against `compatible: true`: what its integration test sends and expects, its page client,
// which connects to '/<client id>', and the line that its document has Electron send at the end.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Action, type Context, Guard, Process, type ProcessContext, type Server } from 'isock'
import { igor } from 'isock/igor'
import { WebSocket, WebSocketServer } from 'ws'
import { listenWeb } from '../../../lib/web.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { Gate } from './gate.ts'
import { IgorWorld, SeedClient, type Told } from './igor-world.ts'

/** Igor's `ws.recv()`: each message once, in order. */
class Received {
  readonly #client: SeedClient
  #count = 0

  constructor(client: SeedClient) {
    this.#client = client
  }

  async next(): Promise<Told> {
    await waitFor(() => this.#client.received.length > this.#count, { timeoutMs: 8_000, what: 'a message' })
    return this.#client.received[this.#count++] as Told
  }
}

class Echo extends Action {
  static override actionName = 'echo'
  action(data: unknown) {
    return data
  }
}

class Remember extends Action {
  action(text: string | null, { session }: Context) {
    if (text !== null) session.state.set('text', text)
    return session.state.get('text') ?? null
  }
}

/** Gives back a name when it is released. */
class Hold extends Action {
  static readonly held = new Map<string, () => void>()
  static aborted: string[] = []

  async action(name: string, { signal }: Context) {
    await new Promise<void>((resolve) => {
      Hold.held.set(name, resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    Hold.held.delete(name)
    if (signal.aborted) Hold.aborted.push(name)
    return name
  }
}

/** As in Igor's test: a word for all, and one for the client that has said it is CLIENT_1. */
class Ticks extends Process {
  readonly #server: () => Server

  constructor(server: () => Server) {
    super()
    this.#server = server
  }

  override async run({ output, signal }: ProcessContext) {
    while (!signal.aborted) {
      output.send('tick', 'tack')
      const session = this.#server().sessions.find(({ name }) => name === 'CLIENT_1')
      if (session !== undefined) output.send('tick', 'special_for_CLIENT_1', { to: session.id })
      await sleep(15, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Sends and ends as its spec says. */
class News extends Process {
  tell!: ProcessContext['output']
  override async run({ output, signal }: ProcessContext) {
    this.tell = output
    await sleep(1_000_000, undefined, { signal }).catch(() => undefined)
  }
}

class Login extends Guard<string> {
  check(name: string | undefined) {
    return name === undefined ? false : { id: name }
  }
}

describe('Clients of Igor, as they are', function () {
  this.timeout(120_000)
  let world: IgorWorld
  let news: News

  const prepare = (server: Server): void => {
    server.addAction(new Echo()).addAction(new Remember()).addAction(new Gate()).addAction(new Hold())
    server.addProcess('news', news)
  }
  const start = (options: object = {}, server: object = {}, web: object = {}) =>
    world.start(prepare, { compatible: true, ...options }, server, web)
  /** In the headers and the writing of Python's websocket-client and json. */
  const python = async (): Promise<SeedClient> =>
    world.client({ path: '', headers: { Origin: world.url.replace('127.0.0.1', 'localhost') } })
  const as = (name: string): Promise<SeedClient> =>
    world.client({ path: '/', headers: { 'isock-credentials': JSON.stringify({ Login: name }) } })
  const introduction = (id: string): string =>
    `{"streamId": "introduce_self_stream_id", "data": {"client_id": "${id}"}, "action": "introduce_self"}`
  /** Introduces itself, and knows by what is answered behind it that it was. */
  const introduce = async (client: SeedClient, id: unknown = 'CLIENT_1'): Promise<void> => {
    client.send({ streamId: 'hello', data: { client_id: id }, action: 'introduce_self' })
    await client.run('echo', 'here')
  }

  beforeEach(() => {
    Gate.reset()
    Hold.held.clear()
    Hold.aborted = []
    news = new News()
    world = new IgorWorld()
  })

  afterEach(() => world.close())

  describe('in its integration test', () => {
    beforeEach(() =>
      world.start((server) => server.addAction(new Echo()).addProcess('test_process', new Ticks(() => server)), {
        compatible: true,
      }),
    )

    it('get back what they send', async () => {
      const client = await python()
      client.send('{"streamId": "test_calling_handler", "data": "DATA", "action": "echo"}')
      await waitFor(() => client.of('test_calling_handler').length > 0)
      expect(client.of('test_calling_handler')[0]).to.deep.equal({ streamId: 'test_calling_handler', data: 'DATA' })
    })

    it('hear of a process without a word of their own', async () => {
      const received = new Received(await python())
      expect(await received.next()).to.deep.equal({ streamId: 'test_process', action: 'tick', data: 'tack' })
    })

    it('find data in each message behind their introduction, and what is for them alone', async () => {
      const client = await python()
      client.send(introduction('CLIENT_1'))
      const received = new Received(client)
      const special = { streamId: 'test_process', action: 'tick', data: 'special_for_CLIENT_1' }
      for (let got = await received.next(); got.data !== special.data; got = await received.next())
        expect(got).to.have.property('data', 'tack')
      expect(client.received.every((got) => 'data' in got)).to.equal(true)
      expect(client.received).to.deep.include(special)
    })

    it('hear nothing that is for another', async () => {
      const [other, client] = [await python(), await python()]
      other.send(introduction('CLIENT_1'))
      await waitFor(() => other.received.some(({ data }) => data === 'special_for_CLIENT_1'))
      const received = new Received(client)
      for (let i = 0; i < 5; i++) expect((await received.next()).data).to.equal('tack')
    })
  })

  it('read its own test file from the file server', async () => {
    const root = join(world.folder, 'root')
    mkdirSync(root)
    writeFileSync(join(root, 'test_integration.py'), 'import sys\n')
    await start({ files: { root, path: '/' } })
    const { port } = new URL(world.url)
    const socket = connect(Number(port), '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    // Python's urllib.
    const head = `Accept-Encoding: identity\r\nHost: localhost:${port}\r\nUser-Agent: Python-urllib/3.11\r\nConnection: close`
    socket.write(`GET /test_integration.py HTTP/1.1\r\n${head}\r\n\r\n`)
    await waitFor(() => socket.closed, { timeoutMs: 8_000 })
    expect(answer)
      .to.match(/^HTTP\/1\.1 200 /)
      .and.to.match(/\r\n\r\nimport sys\n$/)
  })

  it('name files by their whole path, which stays inside of the root', async () => {
    const root = join(world.folder, 'a root')
    mkdirSync(root)
    writeFileSync(join(root, 'a.txt'), 'inside')
    writeFileSync(join(world.folder, 'b.txt'), 'outside')
    await start({ files: { root, path: '/', write: true } })
    const ask = (path: string, init: RequestInit = {}) => fetch(`${world.url}${encodeURI(path)}`, init)
    expect(await (await ask(join(root, 'a.txt'))).text()).to.equal('inside')
    expect((await ask(join(root, 'c.txt'), { method: 'POST', body: 'new' })).status).to.equal(200)
    expect(readFileSync(join(root, 'c.txt'), 'utf8')).to.equal('new')
    for (const path of [
      join(world.folder, 'b.txt'),
      `${root}/..%2fb.txt`,
      `${root}a.txt`,
      `${root}${world.folder}/b.txt`,
    ])
      expect((await ask(path)).status, path).to.equal(404)
  })

  it('hear that a file was saved, by POST', async () => {
    const root = join(world.folder, 'root')
    mkdirSync(root)
    await start({ files: { root, write: true } })
    const post = (body: string) => fetch(`${world.url}/files/a.txt`, { method: 'POST', body })
    for (const body of ['first', 'second']) {
      const answer = await post(body)
      expect([answer.status, await answer.text()]).to.deep.equal([200, '{"message": "File saved."}'])
      expect(readFileSync(join(root, 'a.txt'), 'utf8')).to.equal(body)
    }
    const put = await fetch(`${world.url}/files/b.txt`, { method: 'PUT', body: 'third' })
    expect([put.status, await put.text()]).to.deep.equal([201, ''])
  })

  describe('come back', () => {
    it('by their id alone, to their session and what was for them', async () => {
      await start()
      const first = await world.client({ path: '/CLIENT_1' })
      await introduce(first)
      await first.run('Remember', 'a text')
      const { id } = world.server.sessions.find(({ name }) => name === 'CLIENT_1') as { id: string }
      await world.cut(first)
      news.tell.send('headline', 'for you', { to: id })
      const second = await world.client({ path: '/CLIENT_1' })
      await introduce(second)
      expect(second.of('hello')).to.deep.equal([])
      expect(second.of('news').map(({ data }) => data)).to.deep.equal(['for you'])
      expect((await second.run('Remember'))[0]?.data).to.equal('a text')
      news.tell.send('headline', 'and again', { to: id })
      await waitFor(() => second.of('news').length === 2)
    })

    for (const isCut of [true, false])
      it(`to no stream of ${isCut ? 'a lost' : 'their former'} connection, whose ids they may use again`, async () => {
        await start()
        const first = await world.client({ path: '/' })
        await introduce(first)
        first.send({ streamId: 1, action: 'Gate', data: null })
        await waitFor(() => first.of(1).length === 1)
        if (isCut) await world.cut(first)
        const second = await world.client({ path: '/' })
        await introduce(second)
        second.send({ streamId: 1, action: 'echo', data: 'mine' })
        await second.whole(1)
        // It has run on, to its end.
        expect([Gate.running, Gate.aborted]).to.deep.equal([1, 0])
        Gate.open()
        await waitFor(() => Gate.running === 0)
        await second.run('echo', 'behind it')
        expect(second.of(1)).to.deep.equal([
          { streamId: 1, data: 'mine' },
          { streamId: 1, close: true },
        ])
      })

    describe('and what a lost connection has begun', () => {
      /** A client that has lost its connection, for which this is held. */
      const lost = async (options: object = {}): Promise<void> => {
        await start(options)
        const first = await world.client({ path: '/' })
        first.send(introduction('CLIENT_1'))
        first.send({ streamId: 1, action: 'Hold', data: 'old' })
        await waitFor(() => Hold.held.has('old'))
        await world.cut(first)
      }

      it('is not heard of, though it ended meanwhile', async () => {
        await lost()
        Hold.held.get('old')?.()
        await waitFor(() => !Hold.held.has('old'))
        const second = await world.client({ path: '/' })
        await introduce(second)
        expect(second.of(1)).to.deep.equal([])
      })

      it('ends beside a stream that has its id', async () => {
        await lost()
        const second = await world.client({ path: '/' })
        await introduce(second)
        second.send({ streamId: 1, action: 'Hold', data: 'new' })
        await waitFor(() => Hold.held.has('new'))
        Hold.held.get('old')?.()
        await waitFor(() => !Hold.held.has('old'))
        await second.run('echo', 'behind it')
        second.send({ streamId: 1, action: 'echo', data: 'too early' })
        await waitFor(() => second.of(1).length > 0)
        Hold.held.get('new')?.()
        expect((await second.whole(1)).map(({ code, data }) => code ?? data)).to.deep.equal([409, 'new', undefined])
      })

      it('counts for the client while it runs', async () => {
        await lost({ maxStreams: 1 })
        const second = await world.client({ path: '/' })
        second.send(introduction('CLIENT_1'))
        expect((await second.run('echo', 1))[0]?.code).to.equal(503)
        Hold.held.get('old')?.()
        await waitFor(async () => (await second.run('echo', 1))[0]?.data === 1)
      })

      it('runs on in the session that it began in, each to its own end', async () => {
        await start()
        const first = await world.client({ path: '/' })
        for (const [streamId, data] of ['a', 'b'].entries()) first.send({ streamId, action: 'Hold', data })
        await waitFor(() => Hold.held.size === 2)
        await introduce(first)
        await world.cut(first)
        Hold.held.get('a')?.()
        await waitFor(() => !Hold.held.has('a'))
        const second = await world.client({ path: '/' })
        await introduce(second)
        expect([Hold.aborted, [...Hold.held.keys()]]).to.deep.equal([[], ['b']])
        Hold.held.get('b')?.()
        await waitFor(() => world.server.sessions.length === 1)
      })

      it('is cancelled when nobody comes in its time', async () => {
        await lost({ sessionMs: 50 })
        await waitFor(() => Hold.aborted.length === 1)
      })
    })

    it('also where they have sent something before they said who they are, once that is over', async () => {
      await start()
      const first = await world.client({ path: '/' })
      await introduce(first)
      await first.run('Remember', 'a text')
      await world.cut(first)
      const second = await world.client({ path: '/' })
      const stream = second.start('Gate')
      await waitFor(() => second.of(stream).length === 1)
      second.send(introduction('CLIENT_1'))
      const next = second.start('Remember')
      // The server has had time to read that by then.
      const other = await world.client({ path: '/' })
      for (let i = 0; i < 3; i++) await other.run('echo', i)
      Gate.open()
      expect((await second.whole(stream)).map(({ data }) => data)).to.deep.equal(['begun', 'ended', undefined])
      expect((await second.whole(next))[0]?.data).to.equal('a text')
    })

    it('and hear it where that does not end in the time of an introduction', async () => {
      await start({}, { limits: { handshakeTimeoutMs: 60 } })
      const first = await world.client({ path: '/' })
      await introduce(first)
      await world.cut(first)
      const second = await world.client({ path: '/' })
      const stream = second.start('Gate')
      await waitFor(() => second.of(stream).length === 1)
      second.send(introduction('CLIENT_1'))
      expect((await second.whole('introduce_self_stream_id'))[0]).to.include({ code: 409 })
      Gate.open()
      await second.whole(stream)
    })

    it('by a number, too', async () => {
      await start()
      const first = await world.client({ path: '/7' })
      await introduce(first, 7)
      await first.run('Remember', 'of seven')
      await world.cut(first)
      const second = await world.client({ path: '/7' })
      await introduce(second, 7)
      expect((await second.run('Remember'))[0]?.data).to.equal('of seven')
    })

    it('not after sessionMs', async () => {
      await start({ sessionMs: 100 })
      const first = await world.client({ path: '/' })
      await introduce(first)
      await first.run('Remember', 'a text')
      await world.cut(first)
      await waitFor(() => world.server.sessions.length === 0)
      const second = await world.client({ path: '/' })
      await introduce(second)
      expect((await second.run('Remember'))[0]?.data).to.equal(null)
    })

    it('not with other credentials', async () => {
      await start({}, { guards: [new Login()] })
      const first = await as('ann')
      await introduce(first)
      await first.run('Remember', "ann's")
      await world.cut(first)
      const second = await as('bob')
      await introduce(second)
      expect(second.of('hello')[0]?.code).to.equal(403)
    })
  })

  it('keep what they had before they said who they are', async () => {
    await start()
    const client = await world.client({ path: '/' })
    await client.run('Remember', 'before')
    await introduce(client)
    expect((await client.run('Remember'))[0]?.data).to.equal('before')
  })

  it('but not where they say that they are somebody else', async () => {
    await start({}, { guards: [new Login()] })
    const client = await as('ann')
    await client.run('Remember', "ann's")
    client.send({
      streamId: 'hello',
      data: { client_id: 'CLIENT_1', credentials: { Login: 'bob' } },
      action: 'introduce_self',
    })
    expect((await client.run('Remember'))[0]?.data).to.equal(null)
  })

  it('hear why an introduction is wrong', async () => {
    await start()
    const client = await world.client({ path: '/' })
    expect((await client.run('introduce_self', {}))[0]).to.include({ code: 400 })
  })

  for (const end of ['finish', 'fail'] as const)
    it(`hear once that a process did ${end}, and nothing of one that is over when they come`, async () => {
      await start()
      const first = await world.client({ path: '/' })
      await waitFor(() => news.tell?.listenerCount === 1)
      if (end === 'finish') news.tell.finish()
      else news.tell.fail(new Error('broken'))
      expect((await first.whole('news')).at(-1)).to.deep.equal({ streamId: 'news', close: true })
      const second = await world.client({ path: '/' })
      await introduce(second)
      expect(second.of('news')).to.deep.equal([])
    })

  it('end the program with the line that Electron sends when its windows are closed', async () => {
    let isShut = false
    const shutdown = (): void => {
      isShut = true
    }
    await world.start((server) => server.addActions({ shutdown }), { compatible: true })
    const client = await world.client({ path: '' })
    client.send('{"streamId":"igor_shutdown","action":"shutdown","data":null}')
    client.socket.close()
    await waitFor(() => isShut)
  })

  describe('connect to any path', () => {
    it('but to those of others', async () => {
      await start()
      const client = await world.client({ path: '/a/b?c=d' })
      expect((await client.run('echo', 1))[0]?.data).to.equal(1)
      const { Client } = await import('isock')
      await using own = new Client(`${world.url.replace('http', 'ws')}/isock`)
      expect(await own.runAction('echo', 2)).to.equal(2)
      const other = new WebSocket(world.url.replace('http', 'ws'), ['chat'])
      const status = await new Promise((resolve) =>
        other.on('error', () => undefined).on('unexpected-response', (_, { statusCode }) => resolve(statusCode)),
      )
      expect(status).to.equal(404)
    })

    it('only with the option', async () => {
      await world.start(prepare)
      const client = new SeedClient(`${world.url.replace('http', 'ws')}/CLIENT_1`)
      expect(await client.isClosed()).to.equal(1006)
    })

    it('at an HTTP server of the user that takes no WebSockets; where it does, they are its own', async () => {
      for (const hasOwn of [false, true]) {
        const http: HttpServer = createServer()
        const own = new WebSocketServer({ noServer: true })
        await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
        const { port } = http.address() as AddressInfo
        const hosts = [`127.0.0.1:${port}`]
        const joined = new IgorWorld()
        await joined.start(prepare, {}, {}, {})
        const web = await listenWeb(joined.server, { server: http, hosts, gateways: [igor({ compatible: true })] })
        if (hasOwn)
          http.on('upgrade', (request, stream, head) =>
            own.handleUpgrade(request, stream, head, (socket) => socket.send('{"data":"own"}')),
          )
        const client = await new SeedClient(`ws://127.0.0.1:${port}/socket`).open()
        client.start('echo', 'igor')
        await waitFor(() => client.received.length > 0)
        expect(client.received[0]?.data).to.equal(hasOwn ? 'own' : 'igor')
        await client.close()
        await web.close(0)
        await joined.close()
        http.close()
      }
    })
  })

  describe('are of this machine', () => {
    const statusOf = (headers: Record<string, string>, method = 'GET') =>
      fetch(`${world.url}/files/a.txt`, { method, headers }).then(({ status }) => status)
    const closedWith = async (headers: Record<string, string>): Promise<number> => {
      const client = new SeedClient(world.url.replace('http', 'ws'), { headers })
      return client.isClosed()
    }

    it('and refused where a proxy passes others on', async () => {
      const root = join(world.folder, 'root')
      mkdirSync(root)
      writeFileSync(join(root, 'a.txt'), 'text')
      await start({ files: { root } })
      expect(await statusOf({ 'x-forwarded-for': '127.0.0.1' })).to.equal(200)
      const refused = await fetch(`${world.url}/files/a.txt`, { headers: { 'x-forwarded-for': '203.0.113.7' } })
      expect(await refused.text()).to.contain('compatibleFrom')
      for (const headers of [
        { 'x-forwarded-for': '203.0.113.7' },
        { 'x-forwarded-for': '127.0.0.1, 203.0.113.7' },
        { forwarded: 'for=203.0.113.7' },
      ]) {
        expect(await statusOf(headers), JSON.stringify(headers)).to.equal(403)
        expect(await closedWith(headers)).to.equal(1006)
      }
    })

    it('or of the addresses that the program names', async () => {
      await start({ compatibleFrom: ['203.0.113.0/24'] }, {}, { trustProxy: ['loopback'] })
      expect(await closedWith({})).to.equal(1006)
      expect(await closedWith({ 'x-forwarded-for': '198.51.100.1' })).to.equal(1006)
      const client = await world.client({ path: '/', headers: { 'x-forwarded-for': '203.0.113.7' } })
      expect((await client.run('echo', 1))[0]?.data).to.equal(1)
    })

    it('in options that are refused where they would say nothing, or something else', () => {
      const wrong: [object, RegExp][] = [
        [{ compatible: 'yes' }, /igor compatible: expected true or false/],
        [{ compatibleFrom: ['loopback'] }, /igor compatibleFrom: expected no compatibleFrom without compatible: true/],
        [{ compatible: true, compatibleFrom: ['everywhere'] }, /igor compatibleFrom/],
        [{ compatible: true, compatibleFrom: 'loopback' }, /igor compatibleFrom: expected a list/],
        [{ compatable: true }, /did you mean compatible\?/],
      ]
      for (const [options, message] of wrong) expect(() => igor(options)).to.throw(message)
    })
  })
})
