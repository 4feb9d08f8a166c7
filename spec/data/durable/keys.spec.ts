// Calls with an idempotency key, over a file and over PostgreSQL: of several clients, of servers that follow each other, and of two at a time.
import { expect } from 'chai'
import { Action, ClientError, OutcomeUnknownError, Server, type ServerError } from 'isock'
import { data } from 'isock/data'
import { keyRefusal } from '../../../lib/core/action/call-key.ts'
import { durableStore } from '../../../lib/features/data/database.ts'
import { callKeyOf } from '../../../lib/features/data/durable/call-key.ts'
import { KeyRows } from '../../../lib/features/data/durable/key-rows.ts'
import { runLast } from '../../../lib/features/data/durable/last-statement.ts'
import { longIt } from '../../setup/long.ts'
import { startScript } from '../../setup/run-script.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { failureOf } from '../../setup/world.ts'
import { describeInLasting, lastingStores, type TestStore } from '../stores.ts'
import { Entry, Gate, Place, Post, PostAll, Read, Refused, type Running, Volatile } from './shop.ts'

class Send extends Action {
  static override durable = true
  static override errors = [Refused]
  readonly gate: Gate

  constructor(gate: Gate) {
    super()
    this.gate = gate
  }

  async action(to: string): Promise<string> {
    await this.gate.pass(to)
    if (to === 'nobody') throw new Refused()
    return `sent to ${to}, as number ${this.gate.arrived.length}`
  }
}

class Faulty extends Action {
  static override transactional = true
  runs = 0

  action(): string {
    if (++this.runs === 1) throw new Error('a fault of the program')
    return 'better'
  }
}

class Metadata extends Action {
  static override transactional = true
  action = (_data: unknown, { metadata }: { metadata: object }): object => ({ ...metadata })
}

for (const kind of lastingStores)
  describeInLasting(kind, `keys, ${kind.name}`, () => {
    let store: TestStore
    let place: Place
    let first: Running

    const serve = (gate = new Gate()): Promise<Running> =>
      place.serve({}, gate, [new Send(gate), new Faulty(), new Metadata() as Action])

    beforeEach(async function () {
      store = await kind.make(this)
      place = new Place(store.options)
      first = await serve()
    })

    afterEach(async () => {
      await place.close()
      await store.remove()
    })

    const count = ({ server }: Running): Promise<number> => server.db.transaction((db) => db.count(Entry))
    const a = { note: 'a', amount: 1 }
    const key = 'order 17'

    it('have one effect and one answer, whoever asks', async () => {
      const [one, other] = [place.client(), place.client()]
      expect(await one.runAction(Post, a, { key })).to.equal('posted a')
      expect(await one.runAction(Post, a, { key })).to.equal('posted a')
      await one.close()
      expect(await other.runAction(Post, a, { key })).to.equal('posted a')
      place.leave()
      const second = await serve()
      expect(await place.client().runAction(Post, a, { key })).to.equal('posted a')
      expect(await count(second)).to.equal(1)
      expect([first.gate.arrived, second.gate.arrived]).to.deep.equal([['a'], []])
    })

    it('keep declared errors, items, and what only read', async () => {
      const client = place.client()
      const refused = { note: 'r', amount: -1 }
      for (let i = 0; i < 2; i++)
        expect(await failureOf(client.runAction(Post, refused, { key: 'refused' }))).to.be.instanceOf(Refused)
      for (let i = 0; i < 2; i++) {
        const items: unknown[] = []
        const call = client.runAction(PostAll, ['x', 'y'], { key: 'items' })
        for await (const item of call) items.push(item)
        expect([items, await call]).to.deep.equal([['item x', 'item y'], 2])
      }
      expect(await client.runAction(Read, 'z', { key: 'read' })).to.equal(0)
      await client.runAction(Post, { note: 'z', amount: 1 })
      expect(await client.runAction(Read, 'z', { key: 'read' })).to.equal(0)
      expect(await count(first)).to.equal(3)
      expect(first.gate.arrived).to.deep.equal(['r', 'z'])
    })

    it('run again after a fault that is no answer', async () => {
      const client = place.client()
      await failureOf(client.runAction(Faulty, undefined, { key }))
      expect(await client.runAction(Faulty, undefined, { key })).to.equal('better')
    })

    it('are refused with other data, or for another action', async () => {
      const client = place.client()
      await client.runAction(Post, a, { key })
      for (const call of [
        () => client.runAction(Post, { note: 'a', amount: 2 }, { key }),
        () => client.runAction(Read, 'a', { key }),
        () => client.runAction(Send, 'a', { key }),
      ]) {
        const error = (await failureOf(call())) as unknown as ServerError
        expect([error.code, error.notStarted]).to.deep.equal(['IDEMPOTENCY_KEY_REUSED', true])
      }
      expect(await count(first)).to.equal(1)
    })

    it('let a second call wait for the first', async () => {
      first.gate.close()
      const calls = [place.client(), place.client(), place.client()].map((client) => client.runAction(Post, a, { key }))
      await waitFor(() => first.gate.arrived.length === 1)
      const impatient = failureOf(place.client().runAction(Post, a, { key, timeoutMs: 30 }))
      expect((await impatient)['code']).to.equal('DEADLINE_EXCEEDED')
      first.gate.open()
      expect(await Promise.all(calls)).to.deep.equal(['posted a', 'posted a', 'posted a'])
      expect([await count(first), first.gate.arrived]).to.deep.equal([1, ['a']])
    })

    it('have one effect where two servers run them', async () => {
      first.gate.close()
      const one = failureOf(place.client({ retry: 0 }).runAction(Post, a, { key }))
      await waitFor(() => first.gate.arrived.length === 1)
      place.leave()
      const gate = new Gate()
      gate.close()
      const second = await serve(gate)
      const other = place.client().runAction(Post, a, { key })
      await waitFor(() => gate.arrived.length > 0)
      first.gate.open()
      await waitFor(() => first.data.transactions?.commits === 1)
      gate.open()
      expect(await other).to.equal('posted a')
      await one
      expect(await count(second)).to.equal(1)
    })

    it('of durable actions start once, and are unknown where that was cut', async () => {
      const client = place.client()
      expect(await client.runAction(Send, 'ann', { key: 'ann' })).to.equal('sent to ann, as number 1')
      expect(await place.client().runAction(Send, 'ann', { key: 'ann' })).to.equal('sent to ann, as number 1')
      for (let i = 0; i < 2; i++)
        expect(await failureOf(client.runAction(Send, 'nobody', { key: 'nobody' }))).to.be.instanceOf(Refused)
      expect(first.gate.arrived).to.deep.equal(['ann', 'nobody'])
      first.gate.close()
      const failed = failureOf(client.runAction(Send, 'bob', { key: 'bob' }))
      await waitFor(() => first.gate.arrived.length === 3)
      place.leave()
      const second = await serve()
      expect(await failed).to.be.instanceOf(OutcomeUnknownError)
      const again = await failureOf(place.client().runAction(Send, 'bob', { key: 'bob' }))
      expect(again).to.be.instanceOf(OutcomeUnknownError)
      expect(second.gate.arrived).to.deep.equal([])
      first.gate.open()
    })

    it('of durable actions wait for a run at another server that lives', async () => {
      first.gate.close()
      const one = failureOf(place.client({ retry: 0 }).runAction(Send, 'ann', { key }))
      await waitFor(() => first.gate.arrived.length === 1)
      place.leave()
      const second = await serve()
      const other = place.client().runAction(Send, 'ann', { key })
      await waitFor(() => second.kit.sessions.length === 1)
      first.gate.open()
      expect(await other).to.equal('sent to ann, as number 1')
      expect(second.gate.arrived).to.deep.equal([])
      await one
    })

    it('are refused for other actions, and for streams', async () => {
      const client = place.client()
      const error = await failureOf(client.runAction(Volatile, 'v', { key }))
      expect(error.message).to.match(/action "Volatile" keeps no keys: declare it/)
      expect(error).to.include({ code: 'INVALID_USAGE', notStarted: true })
      async function* notes() {
        yield 'x'
      }
      const streamed = await failureOf(client.runAction('PostAll', notes(), { key }))
      expect(streamed.message).to.match(/a key and a stream/)
    })

    it('are no metadata of their callers and handlers', async () => {
      const client = place.client({ metadata: { tenant: 't' } })
      client.use((call, next) => {
        expect(call.metadata).to.deep.equal({ tenant: 't' })
        call.metadata['more'] = 'm'
        return next()
      })
      expect(await client.runAction(Metadata, undefined, { key })).to.deep.equal({ tenant: 't', more: 'm' })
      expect(await count(first)).to.equal(0)
    })

    longIt('give a script that was killed between call and answer its answer when it runs again', async () => {
      const gate = new Gate()
      const features = [data({ models: [Entry], ...store.options })]
      const server = new Server('localhost', 0, { features }).addAction(new Post(gate))
      await server.listen()
      try {
        const args = ['call', server.addresses[0] as string, 'Post', JSON.stringify(a), '--key', key]
        const run = () => startScript('lib/cli/main.ts', { args })
        gate.close()
        const killed = run()
        await waitFor(() => gate.arrived.length === 1, { timeoutMs: 20_000 })
        killed.child.kill('SIGKILL')
        expect((await killed.ended).signal).to.equal('SIGKILL')
        gate.open()
        for (let i = 0; i < 2; i++) {
          const { stdout, code } = await run().ended
          expect([stdout.trim(), code]).to.deep.equal(['posted a', 0])
        }
        expect(await server.db.transaction((db) => db.count(Entry))).to.equal(1)
        expect(gate.arrived).to.deep.equal(['a'])
      } finally {
        await server.shutdown({ graceMs: 0 })
      }
    })

    it('end with their time', async () => {
      const database = await first.server.db[durableStore]()
      const rows = new KeyRows(database, 1, 1_000)
      const callKey = callKeyOf({ identity: undefined, key, actionName: 'Post', data: undefined })
      const place = { session: 'f'.repeat(32), generation: 1, slot: 1, seq: 1 }
      const recorded = { answer: { kind: 0x21, seq: 1, items: 0, value: undefined }, items: [] } as never
      await database.transaction((run) => runLast(run, rows.writing(callKey, place, recorded)))
      await waitFor(async () => (await rows.find(callKey, 1)) === undefined)
      await database.transaction((run) => runLast(run, rows.writing(callKey, place, recorded)))
      await waitFor(async () => (await rows.find(callKey, 1)) === undefined)
      await rows.deleteExpired()
      expect(await database.read(`select 1 from ${database.nameOf('isock_key')}`)).to.deep.equal([])
    })
  })

describe('the key of a call', () => {
  it('is a text of 1 to 255 characters', async () => {
    const client = new Place({}).client()
    for (const key of ['', 'x'.repeat(256), 7, null]) {
      const error = await failureOf(client.runAction('Any', undefined, { key: key as string }))
      expect(error).to.be.instanceOf(ClientError)
      expect(error.message).to.match(/key: expected a text of 1 to 255 characters/)
    }
    const error = await failureOf(client.runAction('Any', undefined, { metadata: { 'isock.key': 'mine' } }))
    expect(error.message).to.match(/keys without "isock\."/)
    await client.close()
  })

  it('is refused by a server that gets one of another length, or cannot keep it', () => {
    const codes = ['', 'x'.repeat(256), 'k'].map((key) => {
      const call = { name: 'Any', metadata: { 'isock.key': key }, input: undefined }
      return [keyRefusal(call, true)?.code, keyRefusal(call, undefined)?.code]
    })
    const bad = ['BAD_REQUEST', 'BAD_REQUEST']
    expect(codes).to.deep.equal([bad, bad, [undefined, 'INVALID_USAGE']])
    expect(keyRefusal({ name: 'Any', metadata: { other: '' }, input: undefined }, undefined)).to.equal(undefined)
  })

  it('is another one for another identity', () => {
    const call = { key: 'k', actionName: 'A', data: undefined }
    const [none, ann, bob] = [undefined, 'ann', 'bob'].map((identity) => callKeyOf({ ...call, identity }).hash)
    expect(ann).to.not.deep.equal(bob)
    expect(none).to.not.deep.equal(ann)
  })
})
