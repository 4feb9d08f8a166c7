// Who a client is: introductions, coming back, what is kept for how long, and ids that others would like to have.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Action, type Context, Guard, Process, type ProcessContext, type Server } from 'isock'
import { longIt } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { Gate } from './gate.ts'
import { IgorWorld } from './igor-world.ts'

/** Keeps a text for its session. */
class Remember extends Action {
  action(text: string | null, { session }: Context) {
    if (text !== null) session.state.set('text', text)
    return session.state.get('text') ?? null
  }
}

class Name extends Action {
  action(_data: unknown, { session }: Context) {
    return session.name ?? null
  }
}

class News extends Process {
  tell!: ProcessContext['output']
  override async run({ output, signal }: ProcessContext) {
    this.tell = output
    await sleep(1_000_000, undefined, { signal }).catch(() => undefined)
  }
}

class Login extends Guard<string> {
  async check(password: string | undefined) {
    if (password === 'first') return { id: 'ann' }
    return password === 'second' ? { id: 'bob' } : false
  }
}

/** Takes its time where it is told to. */
class Slow extends Guard<string> {
  static waiting: (() => void)[] = []

  async check(how: string | undefined) {
    if (how === 'wait') await new Promise<void>((resolve) => Slow.waiting.push(resolve))
    return true
  }
}

/** Asks where a client is rather than what it knows. */
class AtHome extends Guard {
  static isHome = true
  static who = 'ann'

  check() {
    return AtHome.isHome && { id: AtHome.who }
  }
}

describe('The Igor gateway: clients', function () {
  this.timeout(120_000)
  let world: IgorWorld
  let news: News

  const prepare = (server: Server): void => {
    server.addAction(new Remember()).addAction(new Name()).addAction(new Gate())
    server.addProcess('news', news)
  }

  beforeEach(() => {
    Slow.waiting = []
    AtHome.isHome = true
    AtHome.who = 'ann'
    Gate.reset()
    news = new News()
    world = new IgorWorld()
  })

  afterEach(() => world.close())

  describe('introduce themselves', () => {
    it('and get their id, and a secret for coming back', async () => {
      await world.start(prepare)
      const client = await world.client()
      const { data } = await client.introduce('client_1')
      expect(data).to.deep.include({ client_id: 'client_1', resumed: false })
      expect(data.secret).to.match(/^[0-9a-f]{32}$/)
      expect((await client.run('Name'))[0]?.data).to.equal('client_1')
    })

    it('by a number as well', async () => {
      await world.start(prepare)
      const client = await world.client()
      expect((await client.introduce(7)).data.client_id).to.equal(7)
      expect((await client.run('Name'))[0]?.data).to.equal('7')
    })

    it('before what they send behind it is run', async () => {
      await world.start(prepare)
      const client = await world.client()
      client.start('introduce_self', { client_id: 'quick' })
      const streams = [1, 2, 3].map(() => client.start('Name'))
      for (const stream of streams) expect((await client.whole(stream))[0]?.data).to.equal('quick')
    })

    it('again, with the same answer; but not as another', async () => {
      await world.start(prepare)
      const client = await world.client()
      const first = await client.introduce('a')
      expect((await client.introduce('a')).data.secret).to.equal(first.data.secret)
      expect((await client.introduce('b')).code).to.equal(409)
    })

    it('while a stream runs, which goes on', async () => {
      await world.start(prepare)
      const client = await world.client()
      const stream = client.start('Gate')
      await waitFor(() => client.of(stream).length === 1)
      await client.introduce('busy')
      await waitFor(() => news.tell?.listenerCount === 1, { what: 'the former listener to be gone' })
      Gate.open()
      expect((await client.whole(stream)).map(({ data }) => data)).to.deep.equal(['begun', 'ended', undefined])
      await waitFor(() => world.server.sessions.length === 1, { what: 'the former session to end' })
    })

    for (const [what, data] of [
      ['no data', null],
      ['no client_id', {}],
      ['an empty client_id', { client_id: '' }],
      ['a client_id of another type', { client_id: [1] }],
      ['a long client_id', { client_id: 'x'.repeat(513) }],
      ['a secret of another type', { client_id: 'a', secret: 1 }],
      ['credentials of another type', { client_id: 'a', credentials: [] }],
    ] as const) {
      it(`400 with ${what}`, async () => {
        await world.start(prepare)
        const client = await world.client()
        expect((await client.run('introduce_self', data))[0]?.code).to.equal(400)
      })
    }

    it('409 under the name of a client of another kind', async () => {
      await world.start(prepare)
      const { Client } = await import('isock')
      await using other = new Client(world.server.addresses[0] as string, { name: 'taken' })
      await other.connect()
      const client = await world.client()
      expect((await client.introduce('taken')).code).to.equal(409)
      // The id was not kept for nobody.
      await other.close()
      await waitFor(async () => (await client.introduce('taken')).data !== undefined)
    })
  })

  describe('come back', () => {
    it('to their session, streams and messages', async () => {
      await world.start(prepare)
      const first = await world.client()
      const { secret } = (await first.introduce('client_1')).data
      await first.run('Remember', 'a text')
      const stream = first.start('Gate')
      await waitFor(() => first.of(stream).length === 1)
      await world.cut(first)
      expect(news.tell.listenerCount).to.equal(1)
      news.tell.send('headline', 'while you were away')
      Gate.open()
      await waitFor(() => Gate.running === 0)

      const second = await world.client()
      const { data } = await second.introduce('client_1', { secret })
      // Its end is kept, and comes.
      expect(data).to.deep.include({ resumed: true, streams: [stream] })
      expect((await second.run('Remember', null))[0]?.data).to.equal('a text')
      expect((await second.whole(stream)).map(({ data }) => data)).to.deep.equal(['ended', undefined])
      await waitFor(() => second.of('news').length === 1)
      expect(second.of('news')[0]?.data).to.equal('while you were away')
      // It was told: nobody hears of it once more.
      const third = await world.client()
      expect((await third.introduce('client_1', { secret })).data.streams).to.deep.equal([])
    })

    it('and are told which of their streams they will hear more of', async () => {
      await world.start(prepare)
      const first = await world.client()
      const { secret } = (await first.introduce('a')).data
      await first.run('Remember', 'ended before')
      const stream = first.start('Gate')
      await waitFor(() => first.of(stream).length === 1)
      for (let n = 0; n < 2; n++) {
        const next = await world.client()
        expect((await next.introduce('a', { secret })).data.streams).to.deep.equal([stream])
      }
      const last = await world.client()
      last.start('introduce_self', { client_id: 'a', secret })
      await waitFor(() => last.received.length === 2)
      Gate.open()
      await last.whole(stream)
      const after = await world.client()
      expect((await after.introduce('a', { secret })).data.streams).to.deep.equal([])
    })

    it('by a random UUID without a secret, as clients of Igor do', async () => {
      await world.start(prepare)
      const id = randomUUID()
      const first = await world.client()
      await first.introduce(id)
      await first.run('Remember', 'mine')
      await world.cut(first)
      const second = await world.client()
      expect((await second.introduce(id)).data.resumed).to.equal(true)
      expect((await second.run('Remember', null))[0]?.data).to.equal('mine')
    })

    it('while the former connection seems to stand, which is closed then', async () => {
      await world.start(prepare)
      const first = await world.client()
      const { secret } = (await first.introduce('a')).data
      const second = await world.client()
      // Behind the close of the former, its messages count no more.
      await second.introduce('a', { secret })
      expect(await first.isClosed()).to.equal(4001)
      expect((await second.run('Name'))[0]?.data).to.equal('a')
    })

    it('not after their time, when what ran is cancelled', async () => {
      await world.start(prepare, { sessionMs: 150 })
      const first = await world.client()
      const { secret } = (await first.introduce('a')).data
      const stream = first.start('Gate')
      await waitFor(() => first.of(stream).length === 1)
      await world.cut(first)
      await waitFor(() => Gate.aborted === 1, { timeoutMs: 8_000 })
      await waitFor(() => world.server.sessions.length === 0)
      const second = await world.client()
      expect((await second.introduce('a', { secret })).data.resumed).to.equal(false)
    })

    it('never where sessionMs is 0', async () => {
      await world.start(prepare, { sessionMs: 0 })
      const client = await world.client()
      await client.introduce('a')
      const stream = client.start('Gate')
      await waitFor(() => client.of(stream).length === 1)
      await client.close()
      await waitFor(() => Gate.aborted === 1)
    })

    it('409 to a client that runs something already', async () => {
      await world.start(prepare)
      const first = await world.client()
      const { secret } = (await first.introduce('a')).data
      await world.cut(first)
      const second = await world.client()
      const stream = second.start('Gate')
      await waitFor(() => second.of(stream).length === 1)
      expect((await second.introduce('a', { secret })).code).to.equal(409)
    })

    it('as many as may be away; the one that is longest away is forgotten', async () => {
      await world.start(prepare, { maxAwayClients: 1 })
      const secrets: string[] = []
      for (const id of ['a', 'b']) {
        const client = await world.client()
        secrets.push((await client.introduce(id)).data.secret)
        await client.close()
        await waitFor(() => world.server.sessions.length === 1)
      }
      const back = await world.client()
      expect((await back.introduce('b', { secret: secrets[1] })).data.resumed).to.equal(true)
    })
  })

  describe('who have not introduced themselves', () => {
    it('leave what they began running, for a while: so does a UI that sends "shutdown" and goes', async () => {
      let count = 0
      await world.start((server) => server.addActions({ shutdown: () => void count++ }))
      const client = await world.client()
      client.start('shutdown')
      await client.close()
      await waitFor(() => count === 1)
      await waitFor(() => world.server.sessions.length === 0)
    })

    it('hold nothing back that way: what nobody will read is dropped', async () => {
      let isDone = false
      await world.start((server) =>
        server.addActions({
          async *export() {
            for (let n = 0; n < 1_000; n++) yield 'x'.repeat(16 * 1024)
            isDone = true
          },
        }),
      )
      const client = await world.client()
      client.socket.pause()
      client.start('export')
      await client.close()
      await waitFor(() => isDone, { timeoutMs: 8_000 })
      await waitFor(() => world.server.sessions.length === 0)
    })

    it('are forgotten when that is over, or at once', async () => {
      await world.start(prepare)
      const [idle, busy] = [await world.client(), await world.client()]
      const stream = busy.start('Gate')
      await waitFor(() => busy.of(stream).length === 1)
      await world.cut(idle)
      await world.cut(busy)
      await waitFor(() => world.server.sessions.length === 1)
      expect(Gate.aborted).to.equal(0)
      Gate.open()
      await waitFor(() => world.server.sessions.length === 0)
    })
  })

  describe('have ids that are theirs', () => {
    it('403 for whoever comes without the secret, or with a wrong one, there or away', async () => {
      await world.start(prepare)
      const owner = await world.client()
      const { secret } = (await owner.introduce('1')).data
      await owner.run('Remember', 'private')
      for (const isThere of [true, false]) {
        if (!isThere) await world.cut(owner)
        const thief = await world.client()
        for (const more of [{}, { secret: '' }, { secret: '0'.repeat(32) }, { secret: secret.slice(1) }]) {
          expect((await thief.introduce('1', more)).code).to.equal(403)
        }
        expect((await thief.run('Remember', null))[0]?.data).to.equal(null)
        expect((await thief.run('Name'))[0]?.data).to.equal(null)
      }
    })

    it('403 for a UUID that is not random, and for any where the option says so', async () => {
      await world.start(prepare)
      const timed = 'c232ab00-9414-11ec-b3c8-9f6bdeced846'
      await (await world.client()).introduce(timed)
      expect((await (await world.client()).introduce(timed)).code).to.equal(403)
      const strict = await new IgorWorld().start(prepare, { uuidsProve: false })
      const id = randomUUID()
      await (await strict.client()).introduce(id)
      expect((await (await strict.client()).introduce(id)).code).to.equal(403)
      await strict.close()
    })

    it('409 for one that two ask for at once: one gets it', async () => {
      await world.start(prepare, {}, { guards: [new Slow()] })
      const clients = await Promise.all([world.client(), world.client()])
      const answering = clients.map((client) => client.introduce('both', { credentials: { Slow: 'wait' } }))
      await waitFor(() => Slow.waiting.length === 2)
      for (const go of Slow.waiting) go()
      expect((await Promise.all(answering)).map(({ code }) => code ?? 0).sort()).to.deep.equal([0, 409])
    })

    it('not where they have gone before it was theirs: nothing is left of it', async () => {
      await world.start(prepare, {}, { guards: [new Slow()] })
      const client = await world.client()
      client.start('introduce_self', { client_id: 'hasty', credentials: { Slow: 'wait' } })
      await waitFor(() => Slow.waiting.length === 1)
      await world.cut(client)
      for (const go of Slow.waiting) go()
      const other = await world.client()
      await waitFor(async () => (await other.introduce('hasty')).data?.resumed === false)
      await waitFor(() => world.server.sessions.length === 1)
    })

    it('not where they have gone, though something still runs for them: nobody is left mute under it', async () => {
      await world.start(prepare, { sessionMs: 60_000 }, { guards: [new Slow()] })
      const id = randomUUID()
      const client = await world.client()
      const stream = client.start('Gate')
      await waitFor(() => client.of(stream).length === 1)
      client.start('introduce_self', { client_id: id, credentials: { Slow: 'wait' } })
      await waitFor(() => Slow.waiting.length === 1)
      await world.cut(client)
      for (const go of Slow.waiting) go()
      const back = await world.client()
      await waitFor(async () => {
        const told = await back.introduce(id)
        return told.data !== undefined && told.data.resumed === false
      })
      expect((await back.run('Name'))[0]?.data).to.equal(id)
    })

    it('401 with the secret and the credentials, but from where the guards let nobody in', async () => {
      await world.start(prepare, {}, { guards: [new AtHome()] })
      const owner = await world.client()
      const { secret } = (await owner.introduce('a')).data
      AtHome.isHome = false
      const thief = await world.client()
      expect((await thief.introduce('a', { secret })).code).to.equal(401)
      expect((await owner.run('Name'))[0]?.data).to.equal('a')
      AtHome.isHome = true
      const back = await world.client()
      expect((await back.introduce('a', { secret })).data.resumed).to.equal(true)
    })

    it('403 with the secret and the credentials, where the guards take them for somebody else now', async () => {
      await world.start(prepare, {}, { guards: [new AtHome()] })
      const owner = await world.client()
      const { secret } = (await owner.introduce('a')).data
      AtHome.who = 'bob'
      expect((await (await world.client()).introduce('a', { secret })).code).to.equal(403)
    })

    it('not by a connection that ends before the guards have said so', async () => {
      await world.start(prepare, {}, { guards: [new Slow()] })
      const headers = { 'isock-credentials': '{"Slow": "wait"}' }
      const opening = world.client({ headers })
      await waitFor(() => Slow.waiting.length === 1)
      for (const go of Slow.waiting.splice(0)) go()
      const owner = await opening
      owner.start('introduce_self', { client_id: 'a' })
      await waitFor(() => Slow.waiting.length === 1)
      for (const go of Slow.waiting.splice(0)) go()
      await waitFor(() => owner.received.length === 2)
      const { secret } = owner.received[0]?.data ?? {}
      const hasty = await world.client()
      hasty.start('introduce_self', { client_id: 'a', secret, credentials: { Slow: 'wait' } })
      await waitFor(() => Slow.waiting.length === 1)
      await world.cut(hasty)
      for (const go of Slow.waiting.splice(0)) go()
      expect((await owner.run('Name'))[0]?.data).to.equal('a')
      expect(owner.closedWith).to.equal(undefined)
    })

    it('from a connection that they have left for another one', async () => {
      await world.start(prepare)
      const first = await world.client()
      const { secret } = (await first.introduce('a')).data
      await first.run('Remember', 'right')
      const second = await world.client()
      // It does not see that it is closed, and goes on.
      first.socket.pause()
      await second.introduce('a', { secret })
      first.start('Remember', 'from the former connection')
      first.socket.send(Buffer.from('{}'))
      for (let n = 0; n < 20; n++) expect((await second.run('Remember', null))[0]?.data).to.equal('right')
      expect(second.received.filter(({ error }) => error !== undefined)).to.deep.equal([])
    })

    it("403 with the secret, but another user's credentials", async () => {
      await world.start(prepare, {}, { guards: [new Login()] })
      const login = (value: string) => ({ headers: { 'isock-credentials': JSON.stringify({ Login: value }) } })
      const owner = await world.client(login('first'))
      const { secret } = (await owner.introduce('a')).data
      const thief = await world.client(login('second'))
      expect((await thief.introduce('a', { secret })).code).to.equal(403)
      const owned = await world.client(login('first'))
      expect((await owned.introduce('a', { secret })).data.resumed).to.equal(true)
    })
  })

  describe('at a server with guards', () => {
    const guarded = { guards: [new Login()], token: 'a token of this server' }

    it('401 without credentials, and the end of the connection', async () => {
      await world.start(prepare, {}, { ...guarded, limits: { handshakeTimeoutMs: 300 } })
      const client = await world.client()
      expect((await client.run('Name'))[0]?.code).to.equal(401)
      expect(await client.isClosed()).to.equal(1008)
    })

    it('400 for an introduction with credentials that cannot be sent, 431 where they are too large', async () => {
      await world.start(prepare, {}, guarded)
      const client = await world.client()
      const wrong = ['{"Login":{"__proto__":1}}', `{"Login":${'['.repeat(300)}${']'.repeat(300)}}`]
      const large = JSON.stringify({ Login: 'x'.repeat(5_000) })
      for (const credentials of [...wrong, large]) {
        const streamId = `with ${credentials.length}`
        client.send(
          `{"streamId":"${streamId}","action":"introduce_self","data":{"client_id":"a","credentials":${credentials}}}`,
        )
        expect((await client.whole(streamId))[0]?.code).to.equal(credentials === large ? 431 : 400)
      }
    })

    it('and the end of a connection that the server had no place for in its time', async () => {
      await world.start(prepare, {}, { limits: { handshakeTimeoutMs: 300, maxSessions: 1 } })
      const first = await world.client()
      expect((await first.run('Name'))[0]?.data).to.equal(null)
      const second = await world.client()
      expect(await second.isClosed()).to.equal(1013)
      expect(second.received[0]?.code).to.equal(503)
      expect((await first.run('Name'))[0]?.data).to.equal(null)
    })

    it('show them in headers', async () => {
      await world.start(prepare, {}, guarded)
      const headers = {
        authorization: `Bearer ${guarded.token}`,
        'isock-credentials': JSON.stringify({ Login: 'first' }),
      }
      const client = await world.client({ headers })
      expect((await client.run('Name'))[0]).to.deep.equal({ streamId: 'stream-1', data: null })
    })

    it('or with their introduction, as pages in browsers must', async () => {
      await world.start(prepare, {}, { ...guarded, limits: { handshakeTimeoutMs: 1_500 } })
      const client = await world.client()
      const wrong = await client.introduce('a', { token: guarded.token, credentials: { Login: 'wrong' } })
      expect(wrong.code).to.equal(401)
      const right = await client.introduce('a', { token: guarded.token, credentials: { Login: 'first' } })
      expect(right.data.client_id).to.equal('a')
      expect((await client.run('Name'))[0]?.data).to.equal('a')
      await sleep(1_800) // nothing says that the connection is not ended: its time must have passed
      expect(client.closedWith).to.equal(undefined)
    })

    it('400 for a header that cannot be read', async () => {
      await world.start(prepare)
      const refused = await world
        .client({ headers: { 'isock-credentials': 'nonsense' } })
        .catch((error: Error) => error.message)
      expect(refused).to.contain('400')
    })
  })

  describe('are missed when the last has gone', () => {
    longIt('once, after sessionMs without any', async () => {
      let count = 0
      await world.start(prepare, { sessionMs: 1_000, onLastClientGone: () => count++ })
      const [one, two] = [await world.client(), await world.client()]
      await one.introduce('one')
      await one.close()
      await sleep(1_300) // longer than it waits: the other is still there
      expect(count).to.equal(0)
      await two.close()
      const back = await world.client() // a page that is loaded anew
      await sleep(1_300)
      expect(count).to.equal(0)
      await back.introduce('back')
      await back.close()
      await waitFor(() => count === 1, { timeoutMs: 8_000 })
      await sleep(1_300) // when the lease of the last has run out too
      expect(count).to.equal(1)
    })
  })
})
