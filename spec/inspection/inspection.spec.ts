// What operators see of the sessions and answers that a server and its store keep, over a file and over PostgreSQL; and who may see it.
import { expect } from 'chai'
import {
  Action,
  type AnswerPage,
  Client,
  ClientError,
  Guard,
  inspection,
  type ListedSession,
  Server,
  type SessionPage,
} from 'isock'
import { durableStore } from '../../lib/features/data/database.ts'
import type { DurableStore } from '../../lib/features/data/durable/durable-store.ts'
import { ListedRows } from '../../lib/features/data/durable/listed-rows.ts'
import { Gate, Place, Post, PostAll, type Running, Volatile } from '../data/durable/shop.ts'
import { stores, type TestStore } from '../data/stores.ts'
import { VirtualNetwork } from '../setup/virtual-network.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'

class Send extends Action {
  static override durable = true
  readonly gate: Gate

  constructor(gate: Gate) {
    super()
    this.gate = gate
  }

  async action(to: string): Promise<string> {
    await this.gate.pass(to)
    return `sent to ${to}`
  }
}

type Asked = Readonly<Record<string, unknown>>

const sessionsOf = ({ server }: Pick<Running, 'server'>, asked?: Asked) =>
  server.runAction<SessionPage>('isock.sessions', asked)
const answersOf = ({ server }: Pick<Running, 'server'>, asked: unknown) =>
  server.runAction<AnswerPage>('isock.answers', asked)

async function listed(running: Running, client: Client): Promise<ListedSession | undefined> {
  const { sessions } = await sessionsOf(running, { limit: 500 })
  return sessions.find(({ id }) => client.sessionId.startsWith(id))
}

for (const kind of stores.filter(({ name }) => name !== 'libsql in memory'))
  describe(`What operators see of sessions, ${kind.name}`, () => {
    let store: TestStore
    let place: Place
    let first: Running

    const serve = (gate = new Gate()): Promise<Running> =>
      place.serve({}, gate, (server) => {
        server.addFeature(inspection({ requires: () => true }))
        server.addAction(new Send(gate))
      })

    beforeEach(async function () {
      store = await kind.make(this)
      place = new Place(store.options)
      first = await serve()
    })

    afterEach(async () => {
      await place.close()
      await store.remove()
    })

    async function run(sql: string, values: (string | number | null)[] = []): Promise<void> {
      const rows = await first.data.database[durableStore]()
      await rows.transaction((each) =>
        each(
          sql.replace(/isock_\w+/, (name) => rows.nameOf(name)),
          values,
        ),
      )
    }

    const insert = (id: string, node: string | null): Promise<void> =>
      run('insert into isock_session (id, secret_hash, slots, node, generation) values (?, ?, 4, ?, 1)', [id, '', node])

    it('has those that are recorded, and those that are only in memory', async () => {
      const [one, other] = [place.client({ name: 'one' }), place.client()]
      await one.runAction(Post, { note: 'a', amount: 1 })
      await one.runAction(Post, { note: 'b', amount: 1 })
      await other.runAction(Volatile, 'c')
      const page = await sessionsOf(first)
      expect(page).to.include({ isRecording: true }).and.not.have.property('next')
      const recorded = await listed(first, one)
      expect(recorded).to.include({ place: 'connected', isRecorded: true, name: 'one', running: 0, node: page.node })
      expect(recorded?.id).to.match(/^[0-9a-f]{16}$/)
      expect(recorded?.generation).to.be.within(Date.now() - 60_000, Date.now())
      expect(recorded?.ageMs).to.be.within(0, 60_000)
      expect(recorded?.answers).to.be.greaterThan(0)
      expect(recorded?.bytes).to.be.greaterThan(0)
      const inMemory = await listed(first, other)
      expect(inMemory).to.include({ place: 'connected', isRecorded: false, running: 0 })
      expect(inMemory).to.not.have.any.keys('node', 'generation', 'identity', 'name', 'awayMs')
      expect(inMemory?.ageMs).to.be.within(0, 60_000)
      expect(page.sessions.map(({ id }) => id)).to.deep.equal(page.sessions.map(({ id }) => id).sort())
    })

    it('says where each is: here, without a link, at another server, or only in the store', async () => {
      const client = place.client()
      await client.runAction(Post, { note: 'a', amount: 1 })
      place.leave()
      await waitFor(async () => (await listed(first, client))?.place === 'away', { timeoutMs: 5_000 })
      const second = await serve()
      await client.runAction(Post, { note: 'b', amount: 1 })
      expect(await listed(second, client)).to.include({ place: 'connected', running: 0 })
      // The former server still has it in memory.
      expect(await listed(first, client)).to.include({ place: 'elsewhere', running: 0 })
      const { generation } = (await listed(first, client)) as { generation: number }
      expect(generation).to.equal((await listed(second, client))?.generation)
      place.leave()
      await second.server.shutdown({ graceMs: 0 })
      const stored = await listed(first, client)
      expect(stored).to.include({ place: 'stored', running: 0 }).and.not.have.property('node')
      expect(stored?.awayMs).to.be.within(0, 60_000)
      await insert('00000000000000000000000000000001', 'a node that was never seen')
      expect((await sessionsOf(first)).sessions[0]).to.include({ id: '0000000000000000', place: 'stored' })
    })

    it('comes in pages, which have each session once', async () => {
      const clients = Array.from({ length: 4 }, () => place.client())
      for (const [i, client] of clients.entries())
        await (i % 2 === 0 ? client.runAction(Volatile, 'x') : client.runAction(Post, { note: 'x', amount: 1 }))
      for (let i = 0; i < 45; i++) await insert(`${i}`.padStart(2, '0').padEnd(32, 'f'), null)
      const own = place.client()
      const read = (asked: Asked) => own.runAction<SessionPage>('isock.sessions', asked)
      const whole = await read({ limit: 500 })
      expect(whole.sessions.length).to.equal(50)
      for (const limit of [1, 7, 49]) {
        const ids: string[] = []
        let after: string | undefined
        do {
          const page: SessionPage = await read({ limit, ...(after === undefined ? {} : { after }) })
          expect(page.sessions.length).to.be.at.most(limit)
          ids.push(...page.sessions.map(({ id }) => id))
          after = page.next
        } while (after !== undefined)
        expect(ids).to.deep.equal(whole.sessions.map(({ id }) => id))
      }
      const behind = await read({ after: '44ffffff', limit: 500 })
      expect(behind.sessions.every(({ id }) => id > '44ffffff')).to.equal(true)
    })

    it('has the calls of one: their states, outcomes and sizes, never their values', async () => {
      const client = place.client()
      await client.runAction(Post, { note: 'secret', amount: 1 })
      const [value, error, items] = [
        client.runAction(Post, { note: 'secret', amount: 1 }),
        failureOf(client.runAction(Post, { note: 'secret', amount: -1 })),
        client.runAction(PostAll, ['secret', 'secret']),
      ]
      await Promise.all([value, error, items])
      const answered = (await answersOf(first, { session: client.sessionId })).answers
      const post = answered.filter(({ action }) => action === 'Post')
      const seen = post.map(({ state, outcome, where }) => [state, outcome, where])
      expect(seen).to.deep.include(['answered', 'value', 'store']).and.to.deep.include(['answered', 'error', 'store'])
      const [all] = answered.filter(({ action }) => action === 'PostAll')
      expect(all).to.include({ state: 'answered', outcome: 'value', where: 'store' })
      expect(all?.bytes).to.be.greaterThan(10)
      first.gate.close()
      const sent = client.runAction(Send, 'secret')
      const waiting = client.runAction(Volatile, 'secret')
      await waitFor(() => first.gate.arrived.length === 5, { timeoutMs: 5_000 })
      const page = await answersOf(first, { session: client.sessionId })
      const of = (name: string) => page.answers.filter(({ action }) => action === name)
      expect(of('Send')).to.have.length(1)
      expect(of('Send')[0]).to.include({ state: 'started', bytes: 0, where: 'store' }).and.not.have.property('outcome')
      expect(of('Volatile')[0]).to.include({ state: 'started', bytes: 0, where: 'memory' })
      for (const { ageMs, slot, seq } of page.answers) {
        expect(ageMs).to.be.within(0, 60_000)
        expect(seq % 1_024).to.equal(slot)
      }
      expect(JSON.stringify([answered, page])).to.not.include('secret')
      expect(page.session).to.equal(client.sessionId.slice(0, 16))
      const slots: number[] = []
      let after: number | undefined
      do {
        const part: AnswerPage = await answersOf(first, {
          session: client.sessionId.slice(0, 16),
          limit: 1,
          ...(after === undefined ? {} : { after }),
        })
        slots.push(...part.answers.map(({ slot }) => slot))
        after = part.next
      } while (after !== undefined)
      expect(slots).to.deep.equal(page.answers.map(({ slot }) => slot))
      first.gate.open()
      await Promise.all([sent, waiting])
    })

    it('says that the run of a durable call was cut in the middle', async () => {
      const client = place.client()
      first.gate.close()
      const lost = failureOf(client.runAction(Send, 'ann'))
      await waitFor(() => first.gate.arrived.length === 1, { timeoutMs: 5_000 })
      place.leave()
      const second = await serve()
      await lost
      const { answers } = await answersOf(second, { session: client.sessionId })
      const [cut] = answers.filter(({ where }) => where === 'store')
      expect(cut).to.include({ action: 'Send', state: 'unknown', bytes: 0 }).and.not.have.property('outcome')
      first.gate.open()
    })

    it('adds the time of an answer to a table of an earlier version', async () => {
      const client = place.client()
      await client.runAction(Post, { note: 'a', amount: 1 })
      await run('alter table isock_answer drop column at')
      place.leave()
      const second = await serve()
      const { answers } = await answersOf(second, { session: client.sessionId })
      expect(answers).to.have.length(1)
      expect(answers[0]).to.not.have.property('ageMs')
      await client.runAction(Post, { note: 'b', amount: 1 })
      const later = await answersOf(second, { session: client.sessionId })
      expect(later.answers.some(({ where, ageMs }) => where === 'store' && ageMs !== undefined)).to.equal(true)
    })

    it('refuses digits of none or of several, and what is no session', async () => {
      const client = place.client()
      await insert('12345678000000000000000000000000', null)
      await insert('12345678000000000000000000000001', null)
      const failed = (asked: unknown) => failureOf(client.runAction('isock.answers', asked, { retry: 0 }))
      expect(await failed({ session: 'ffffffffffffffff' })).to.include({ code: 'UNKNOWN_SESSION', notStarted: true })
      const several = await failed({ session: '12345678' })
      expect(several).to.include({ code: 'BAD_REQUEST', notStarted: true })
      expect(several.message).to.equal('several sessions begin with "12345678"; give more digits')
      const exact = { session: '12345678000000000000000000000001' }
      expect((await client.runAction<AnswerPage>('isock.answers', exact)).answers).to.deep.equal([])
      const wrong = [
        undefined,
        '',
        '1234567',
        'ABCDEF0123',
        `${'0'.repeat(33)}`,
        "12345678' or '1'='1",
        '12345678%',
        1,
        {},
      ]
      for (const session of wrong) {
        const error = await failed({ session })
        expect(error, String(session)).to.include({ code: 'BAD_REQUEST', notStarted: true })
        expect(error.message).to.include('expected { session } to be the id of a session')
      }
      for (const asked of [
        { session: '12345678', after: -2 },
        { session: '12345678', after: '1' },
        { session: '12345678', limit: 0 },
        { session: '12345678', limit: 501 },
        { session: '12345678', limit: '1; drop table isock_session' },
        ['12345678'],
        'ffffffff',
      ])
        expect(await failed(asked), JSON.stringify(asked)).to.include({ code: 'BAD_REQUEST', notStarted: true })
      for (const asked of [{ after: 'x' }, { after: 12 }, { limit: Number.POSITIVE_INFINITY }, { limit: 1.5 }, 7])
        expect(await failureOf(client.runAction('isock.sessions', asked)), JSON.stringify(asked)).to.include({
          code: 'BAD_REQUEST',
          notStarted: true,
        })
    })
  })

class Badge extends Guard<readonly string[]> {
  check(roles: readonly string[] | undefined) {
    return { id: 'ann', roles: roles ?? [] }
  }
}

describe('A page of the sessions in a store', () => {
  it('lets the other work of the server have its turns', async () => {
    const steps: string[] = []
    const rows = Array.from({ length: 50 }, (_, i) => ({
      id: `${i}`,
      identity: null,
      node: null,
      generation: 1,
      cut_at: null,
    }))
    const read = async (sql: string) => {
      steps.push(sql.includes('count(*)') ? 'count' : 'list')
      if (steps.length === 1) setImmediate(() => steps.push('other work'))
      return sql.includes('count(*)') ? [] : rows
    }
    const store = { isPostgres: false, nameOf: (table: string) => table, read } as unknown as DurableStore
    expect(await new ListedRows(store, 'a', 1_000).list({ after: '', limit: 50 })).to.have.length(50)
    expect(steps).to.deep.equal(['list', 'count', 'other work', 'count', 'count'])
  })
})

describe('The sessions of a server', () => {
  const network = new VirtualNetwork()
  const made: { close?(): Promise<void>; shutdown?(options: object): Promise<void> }[] = []

  afterEach(async () => {
    for (const each of made.splice(0).reverse()) await (each.close?.() ?? each.shutdown?.({ graceMs: 0 }))
  })

  async function serve(requires?: Parameters<typeof inspection>[0]['requires']): Promise<Server> {
    const server = new Server('memory:server', { network, guards: [new Badge()] })
    if (requires !== undefined) server.addFeature(inspection({ requires }))
    server.addActions({ echo: (data: unknown) => data })
    made.push(server)
    return server.listen()
  }

  function clientWith(roles: readonly string[]): Client {
    const client = new Client('memory:server', { network, credentials: [Badge.credential(roles)] })
    made.push(client)
    return client
  }

  it('are shown to those whom it allows, and to no other', async () => {
    await serve('operator')
    const page = await clientWith(['operator']).runAction<SessionPage>('isock.sessions')
    expect(page.sessions).to.have.length(1)
    expect(page.sessions[0]).to.include({ identity: 'ann', place: 'connected', isRecorded: false })
    for (const name of ['isock.sessions', 'isock.answers']) {
      const error = await failureOf(clientWith(['staff']).runAction(name, { session: 'x' }))
      expect(error).to.include({ code: 'NOT_ALLOWED', notStarted: true })
    }
  })

  it('are in memory only, where it has no store', async () => {
    await serve(() => true)
    const client = clientWith([])
    await client.runAction('echo', 'private')
    const page = await client.runAction<SessionPage>('isock.sessions')
    expect(page).to.include({ isRecording: false }).and.not.have.property('node')
    const { answers } = await client.runAction<AnswerPage>('isock.answers', { session: client.sessionId.slice(0, 8) })
    expect(answers.at(-1)).to.include({ action: 'isock.answers', state: 'started', where: 'memory' })
    expect(JSON.stringify(answers)).to.not.include('private')
  })

  it('are not shown by default', async () => {
    await serve()
    const client = clientWith(['operator'])
    for (const name of ['isock.sessions', 'isock.answers'])
      expect(await failureOf(client.runAction(name))).to.include({ code: 'UNKNOWN_ACTION' })
  })

  it('are never shown to all by mistake', () => {
    for (const options of [
      undefined,
      {},
      { requires: undefined },
      { requires: [] },
      { requires: '' },
      { requires: true },
    ])
      expect(() => inspection(options as never), JSON.stringify(options)).to.throw(ClientError, /requires|options/)
  })
})
