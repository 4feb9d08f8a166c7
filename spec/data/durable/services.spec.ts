// Durable services over a file and over PostgreSQL: servers that share a store, are left, and come back.
import { expect } from 'chai'
import { type Client, Server } from 'isock'
import { data } from 'isock/data'
import { Kind } from '../../../lib/core/wire/frames/frame.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { failureOf, itemsOf } from '../../setup/world.ts'
import { describeInLasting, lastingStores, type TestStore } from '../stores.ts'
import { Added, Cart } from './cart.ts'
import { Entry, Gate, Place, Refused, type Running } from './shop.ts'

for (const kind of lastingStores)
  describeInLasting(kind, `durable services, ${kind.name}`, () => {
    let store: TestStore
    let place: Place
    let gate: Gate
    let first: Running
    let client: Client

    const serve = async (ofGate = new Gate()): Promise<Running> =>
      place.serve({}, ofGate, (server) => server.addService(new Cart((note) => ofGate.pass(note))))

    beforeEach(async function () {
      store = await kind.make(this)
      place = new Place(store.options, [Entry, Added])
      gate = new Gate()
      first = await serve(gate)
      client = place.client()
    })

    afterEach(async () => {
      await place.close()
      await store.remove()
    })

    const cart = (key?: string) => client.service(Cart, key === undefined ? {} : { key })
    const read = (key?: string): Promise<string> => cart(key).execute('read', { awaitResponse: true })
    const rows = async ({ server }: Running): Promise<string[]> =>
      (await server.db.transaction((db) => db.query(Added, {}, { sort: ['note'] }))).map(({ note }) => note)

    it('keep a state for each key, and one without', async () => {
      await cart('ann').initialize()
      await cart('ann').execute('a')
      await cart('ann').execute('b')
      expect(await read('ann')).to.equal('a b')
      expect((await failureOf(read()))['code']).to.equal('NOT_INITIALIZED')
      await cart().initialize()
      expect(await read()).to.equal('')
      expect((await failureOf(cart('ann').initialize()))['code']).to.equal('ALREADY_INITIALIZED')
      expect(await cart('ann').terminate('x', { awaitResponse: true })).to.equal('a b')
      expect((await failureOf(read('ann')))['code']).to.equal('TERMINATED')
      expect((await failureOf(cart('ann').initialize()))['code']).to.equal('TERMINATED')
    })

    it('keep state and rows as they were where a method throws', async () => {
      await cart('ann').initialize()
      await cart('ann').execute('a')
      expect(await failureOf(cart('ann').execute('throw'))).to.be.instanceOf(Refused)
      expect(await failureOf(cart('ann').terminate('throw'))).to.be.instanceOf(Refused)
      expect(await read('ann')).to.equal('a')
      expect(await rows(first)).to.deep.equal(['a'])
    })

    it('send no response before the commit', async () => {
      await cart().initialize()
      const seen: Promise<number>[] = []
      place.network.judge = (frame) => {
        if (frame.kind === Kind.Item) seen.push(first.server.db.transaction((db) => db.count(Added)))
        return 'pass'
      }
      expect(await itemsOf(cart().responses('a'))).to.deep.equal(['a'])
      expect(await Promise.all(seen)).to.deep.equal([1])
    })

    it('continue at another server after a shutdown, and the session with them', async () => {
      await cart('ann').initialize()
      await cart('ann').execute('a')
      await first.server.shutdown()
      await serve()
      await cart('ann').execute('b')
      expect(await read('ann')).to.equal('a b')
    })

    it('answer a call once whose server was left after the commit', async () => {
      await cart('ann').initialize()
      place.network.judge = (frame) => {
        if (frame.kind !== Kind.Item) return 'pass'
        place.network.judge = undefined
        place.leave()
        return 'lose and cut'
      }
      const response = cart('ann').execute('a', { awaitResponse: true })
      await waitFor(() => first.data.transactions?.commits === 2)
      const second = await serve()
      expect(await response).to.equal('a')
      expect(second.data.transactions).to.include({ adoptions: 1, replays: 1 })
      expect(await read('ann')).to.equal('a')
    })

    // A server that stands still in a turn stops all that write to a file.
    if (kind.name === 'PostgreSQL')
      it('have one turn where two servers run the same call', async () => {
        await cart('ann').initialize()
        gate.close()
        const response = cart('ann').execute('a', { awaitResponse: true, timeoutMs: 60_000 })
        await waitFor(() => gate.arrived.length === 1)
        place.leave()
        await serve()
        // The first server has the turn until its transaction ends.
        gate.open()
        expect(await response).to.equal('a')
        expect(await read('ann')).to.equal('a')
        expect(await rows(first)).to.deep.equal(['a'])
      })
  })

describe('a durable service', () => {
  it('is refused where its state would end with the server', () => {
    expect(() => new Server().addService(Cart))
      .to.throw('no store that outlives it')
      .with.property('code', 'INVALID_SERVICE')
    const features = [data({ models: [Added], url: 'memory:' })]
    expect(() => new Server({ features }).addService(Cart)).to.throw('no store that outlives it')
  })
})
