// Who gets a place where there are few: strangers take those that are free, and never that of a client that is known.
import { expect } from 'chai'
import { Action, type Context, Guard, type Server } from 'isock'
import { waitFor } from '../../setup/wait-for.ts'
import { IgorWorld, type SeedClient } from './igor-world.ts'

class Remember extends Action {
  static runs = 0

  action(text: string | null, { session }: Context) {
    Remember.runs++
    if (text !== null) session.state.set('text', text)
    return session.state.get('text') ?? null
  }
}

/** Answers, when it is told to, with a text of so many characters. */
class Late extends Action {
  static waiting: (() => void)[] = []

  action(length: number) {
    return new Promise((resolve) => Late.waiting.push(() => resolve('x'.repeat(length))))
  }
}

class Hang extends Action {
  static running = 0

  async *action(_data: unknown, { signal }: Context) {
    Hang.running++
    try {
      yield 'begun'
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      )
    } finally {
      Hang.running--
    }
  }
}

class Rights extends Action {
  action(_data: unknown, { session }: Context) {
    return session.identity?.['role'] ?? null
  }
}

/** Asks where a client is rather than what it knows. */
class AtHome extends Guard {
  static who = 'ann'
  static role = 'admin'

  check() {
    return { id: AtHome.who, role: AtHome.role }
  }
}

describe('The Igor gateway: places', function () {
  this.timeout(120_000)
  let world: IgorWorld

  const prepare = (server: Server): void => {
    server.addAction(new Remember()).addAction(new Hang()).addAction(new Rights()).addAction(new Late())
  }
  /** One that is known, with something in its session. */
  const known = async (id: string): Promise<{ client: SeedClient; secret: string }> => {
    const client = await world.client()
    const { secret } = (await client.introduce(id)).data
    await client.run('Remember', `of ${id}`)
    return { client, secret }
  }
  const comesBack = async (id: string, secret: string): Promise<SeedClient> => {
    const client = await world.client()
    expect((await client.introduce(id, { secret })).data).to.deep.include({ client_id: id, resumed: true })
    expect((await client.run('Remember', null))[0]?.data).to.equal(`of ${id}`)
    return client
  }

  beforeEach(() => {
    Hang.running = 0
    AtHome.who = 'ann'
    world = new IgorWorld()
  })

  afterEach(() => world.close())

  it('are kept for those who are away, whatever strangers take', async () => {
    await world.start(prepare, { maxClients: 3, sessionMs: 60_000 })
    const { client, secret } = await known('a')
    await world.cut(client)
    const strangers = await Promise.all([world.client(), world.client()])
    for (const each of strangers) await each.run('Remember')
    const late = await world.client()
    expect((await late.run('Remember'))[0]).to.include({ code: 503 })
    expect(await late.isClosed()).to.equal(1013)
    await comesBack('a', secret)
    for (const each of strangers) expect((await each.run('Remember', 'served'))[0]?.data).to.equal('served')
  })

  it('belong to those whose connection only seems to stand, too', async () => {
    await world.start(prepare, { maxClients: 2 })
    const { client, secret } = await known('a')
    await (await world.client()).run('Remember')
    await comesBack('a', secret)
    expect(await client.isClosed()).to.equal(4001)
  })

  it('are found by those who come back behind hundreds that say nothing', async () => {
    await world.start(prepare, { maxClients: 2, sessionMs: 60_000 }, { limits: { handshakeTimeoutMs: 60_000 } })
    const { client, secret } = await known('a')
    await world.cut(client)
    await (await world.client()).run('Remember')
    const silent: SeedClient[] = []
    for (let n = 0; n < 6; n++) silent.push(...(await Promise.all(Array.from({ length: 50 }, () => world.client()))))
    expect(world.server.sessions).to.have.length(2) // nothing was made for them
    await comesBack('a', secret)
    // Those that waited longest had to make room.
    await waitFor(() => silent.filter(({ closedWith }) => closedWith === 1013).length >= 44, { timeoutMs: 8_000 })
    expect(silent.at(-1)?.closedWith).to.equal(undefined)
  })

  it('are not got by saying nothing for long', async () => {
    await world.start(prepare, { maxClients: 1 }, { limits: { handshakeTimeoutMs: 200 } })
    await known('a')
    const silent = await world.client()
    expect(await silent.isClosed()).to.equal(1013)
    expect(silent.received[0]).to.include({ code: 503 })
  })

  for (const [what, message] of [
    ['an id that nobody has', { streamId: 1, action: 'introduce_self', data: { client_id: 'new' } }],
    ['a known id without its secret', { streamId: 1, action: 'introduce_self', data: { client_id: 'a' } }],
    ['an action', { streamId: 1, action: 'Remember', data: 'mine' }],
    ['what is no message', 'nonsense'],
  ] as const) {
    it(`are not got by ${what}`, async () => {
      await world.start(prepare, { maxClients: 1 })
      const { client } = await known('a')
      const stranger = await world.client()
      stranger.send(message)
      expect(await stranger.isClosed()).to.equal(1013)
      expect(stranger.received.map(({ code, close }) => code ?? close)).to.deep.equal(
        message === 'nonsense' ? [503] : [503, true],
      )
      expect((await client.run('Remember', null))[0]?.data).to.equal('of a')
    })
  }

  it('are not got with the secret where the guards take it for somebody else, and nothing more is heard of it', async () => {
    await world.start(prepare, { maxClients: 1 }, { guards: [new AtHome()] })
    const { client, secret } = await known('a')
    AtHome.who = 'bob'
    const { runs } = Remember
    const thief = await world.client()
    const introduction = thief.start('introduce_self', { client_id: 'a', secret })
    thief.start('Remember')
    expect(await thief.isClosed()).to.equal(1013)
    expect(thief.of(introduction)[0]).to.include({ code: 403 })
    await waitFor(() => world.server.sessions.length === 1)
    expect(Remember.runs).to.equal(runs)
    expect((await client.run('Remember', null))[0]?.data).to.equal('of a')
  })

  it('have the rights that the guards give at the return, not those of the former login', async () => {
    AtHome.role = 'admin'
    await world.start(prepare, {}, { guards: [new AtHome()] })
    const { client, secret } = await known('ann')
    expect((await client.run('Rights'))[0]?.data).to.equal('admin')
    await world.cut(client)
    AtHome.role = 'user'
    const back = await comesBack('ann', secret)
    expect((await back.run('Rights'))[0]?.data).to.equal('user')
  })

  it('are lost with the session that the server ends, and the connection with them', async () => {
    await world.start(prepare)
    const { client, secret } = await known('ann')
    world.server.sessions.find(({ name }) => name === 'ann')?.end('banned')
    expect(await client.isClosed()).to.equal(1008)
    expect(client.received.at(-1)?.error).to.equal('the server ended this session: banned')
    const again = await world.client()
    expect((await again.introduce('ann', { secret })).data).to.deep.include({ resumed: false })
  })

  it('are taken from an address that has most of them for one of another, and not for one of its own', async () => {
    await world.start(prepare, { maxClients: 3, sessionMs: 60_000 })
    const { client: honest } = await known('honest')
    const hoard: SeedClient[] = []
    for (const id of ['1', '2']) {
      const client = await world.client({ from: '127.0.0.2' })
      await client.introduce(id)
      hoard.push(client)
    }
    const [oldest, newest] = hoard as [SeedClient, SeedClient]
    await world.cut(oldest)
    expect(world.server.usage.places['igorClients']).to.deep.equal({ taken: 3, max: 3 })
    const more = await world.client({ from: '127.0.0.2' })
    expect((await more.run('Remember', 'x'))[0]).to.include({ code: 503 })
    expect(await more.isClosed()).to.equal(1013)
    const newcomer = await world.client({ from: '127.0.0.3' })
    expect((await newcomer.run('Remember', 'in'))[0]?.data).to.equal('in')
    const again = await world.client({ from: '127.0.0.3' })
    expect((await again.run('Remember', 'x'))[0]).to.include({ code: 503 })
    for (const each of [honest, newest]) expect((await each.run('Remember', 'still in'))[0]?.data).to.equal('still in')
    // Who had to go and comes back is nobody who is known.
    const back = await world.client({ from: '127.0.0.2' })
    expect(await back.introduce('1')).to.include({ code: 503 })
  })

  it('count for an identity wherever its clients are, and at the address from which they came back', async () => {
    await world.start(prepare, { maxClients: 3, sessionMs: 60_000 }, { guards: [new AtHome()] })
    AtHome.who = 'honest'
    const { client: honest, secret } = await known('a')
    AtHome.who = 'mallory'
    for (const from of ['127.0.0.2', '127.0.0.3']) await (await world.client({ from })).run('Remember', 'mine')
    AtHome.who = 'ann'
    expect((await (await world.client({ from: '127.0.0.4' })).run('Remember', 'in'))[0]?.data).to.equal('in')
    AtHome.who = 'honest'
    await world.cut(honest)
    const back = await world.client({ from: '127.0.0.5' })
    expect((await back.introduce('a', { secret })).data).to.deep.include({ resumed: true })
    await waitFor(() => world.server.usage.places['sessions']?.taken === 3)
    expect(world.server.usage.addresses).to.equal(4)
  })

  it('are told to those who have to leave them', async () => {
    await world.start(prepare, { maxClients: 2 })
    const hoard: SeedClient[] = []
    for (let n = 0; n < 2; n++) hoard.push(await world.client({ from: '127.0.0.2' }))
    await (await world.client()).run('Remember')
    expect(await hoard[0]?.isClosed()).to.equal(1013)
    expect(hoard[0]?.received.at(-1)).to.include({ code: 503 })
    expect(hoard[1]?.closedWith).to.equal(undefined)
  })

  it('are found by those who come back behind hundreds of another address that say nothing', async () => {
    await world.start(prepare, { maxClients: 1, sessionMs: 60_000 }, { limits: { handshakeTimeoutMs: 60_000 } })
    const { client, secret } = await known('a')
    await world.cut(client)
    // It has connected, and says who it is when all others have come.
    const back = await world.client({ from: '127.0.0.3' })
    const silent: SeedClient[] = []
    for (let n = 0; n < 6; n++)
      silent.push(...(await Promise.all(Array.from({ length: 50 }, () => world.client({ from: '127.0.0.2' })))))
    await waitFor(() => silent.filter(({ closedWith }) => closedWith === 1013).length >= 44, { timeoutMs: 8_000 })
    expect((await back.introduce('a', { secret })).data).to.deep.include({ client_id: 'a', resumed: true })
  })

  it('of those who are away are kept, but for those of the address that has most away', async () => {
    await world.start(prepare, { maxAwayClients: 2, sessionMs: 60_000 })
    const { client, secret } = await known('honest')
    await world.cut(client)
    for (const id of ['1', '2', '3']) {
      const each = await world.client({ from: '127.0.0.2' })
      await each.introduce(id)
      await world.cut(each)
    }
    await comesBack('honest', secret)
  })

  it('count, with what waits for their clients, for what the server holds', async () => {
    const maxHeldBytes = 2 * 1024 * 1024
    await world.start(prepare, { sessionMs: 60_000 }, { limits: { maxHeldBytes } })
    const { client, secret } = await known('honest')
    await world.cut(client)
    const talker = await world.client()
    const stream = talker.start('Hang', 'x'.repeat(100_000))
    await waitFor(() => Hang.running === 1)
    expect(world.server.usage.held.bodies).to.be.within(100_000, 110_000)
    talker.send({ streamId: stream, close: true })
    await talker.whole(stream)
    expect(world.server.usage.held.bodies).to.equal(0)
    // Those who are away let texts come for them.
    for (let n = 0; n < 6; n++) {
      const each = await world.client({ from: '127.0.0.2' })
      await each.introduce(`${n}`)
      each.start('Late', 500_000)
      await waitFor(() => Late.waiting.length === 1)
      await world.cut(each)
      for (const tell of Late.waiting.splice(0)) tell()
      await waitFor(() => world.server.usage.held.queues >= 500_000)
      await waitFor(() => world.server.usage.heldBytes <= maxHeldBytes)
    }
    expect(world.server.usage.shed).to.be.at.least(2)
    await comesBack('honest', secret)
  })

  it('are for whoever asks next when one has become free', async () => {
    await world.start(prepare, { maxClients: 2 })
    await known('a')
    const stranger = await world.client()
    const waiting = await world.client()
    await world.cut(stranger)
    expect((await waiting.run('Remember', 'in'))[0]?.data).to.equal('in')
    expect((await waiting.introduce('b')).data.resumed).to.equal(false)
  })

  it('that have become free are not got round the rules for messages: a binary one is refused as ever', async () => {
    await world.start(prepare, { maxClients: 2 })
    await known('a')
    const stranger = await world.client()
    const waiting = await world.client()
    await world.cut(stranger)
    const { runs } = Remember
    waiting.socket.send(Buffer.from(JSON.stringify({ streamId: 1, action: 'Remember', data: 'in' })))
    await waitFor(() => waiting.received.length > 0)
    expect(waiting.received[0]?.error).to.contain('binary messages are not accepted')
    await waiting.run('Remember', 'in')
    expect(Remember.runs).to.equal(runs + 1)
  })

  it('of those who are away are not taken by strangers who leave something running', async () => {
    await world.start(prepare, { maxAwayClients: 2, sessionMs: 60_000 })
    const { client, secret } = await known('a')
    await world.cut(client)
    for (let n = 0; n < 4; n++) {
      const stranger = await world.client()
      const stream = stranger.start('Hang')
      await waitFor(() => stranger.of(stream).length === 1)
      await world.cut(stranger)
    }
    await waitFor(() => Hang.running === 1, { what: 'the others to be forgotten' })
    await comesBack('a', secret)
  })
})

describe('The Igor gateway: the end with the last client', function () {
  this.timeout(120_000)
  let world: IgorWorld

  beforeEach(() => {
    world = new IgorWorld()
  })

  afterEach(() => world.close())

  it('is neither brought about nor put off by those that the guards do not let in', async () => {
    let count = 0
    await world.start(
      () => undefined,
      { sessionMs: 400, onLastClientGone: () => count++ },
      { token: 'a token of this server' },
    )
    await world.cut(await world.client())
    await new Promise((resolve) => setTimeout(resolve, 800)) // nothing says that nothing happens
    expect(count).to.equal(0)
    const owner = await world.client({ headers: { authorization: 'Bearer a token of this server' } })
    await owner.introduce('owner')
    await world.cut(owner)
    // It is there when the time is over.
    const stranger = await world.client()
    await waitFor(() => count === 1, { timeoutMs: 4_000 })
    expect(stranger.closedWith).to.equal(undefined)
  })
})
