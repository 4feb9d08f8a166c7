// The states of durable services: servers that share them, versions of their classes, bounds, and what clients may not do with them.
import { expect } from 'chai'
import { type AnyService, Service, type ServiceContext } from 'isock'
import { sizeOf } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { failureOf, itemsOf } from '../../setup/world.ts'
import { describeInLasting, lastingStores, type TestStore } from '../stores.ts'
import { Added, Cart } from './cart.ts'
import { Gate, Place, type Running } from './shop.ts'

class Text extends Service<string, string> {
  static override durable = true
  init(text: string) {
    return text
  }
  exec(state: string, text: string) {
    return state + text
  }
}

/** The next release of it. */
class Parts extends Service<string[], string> {
  static override serviceName = 'Text'
  static override durable = true
  static override stateVersion = 2
  init() {
    return []
  }
  async exec(state: string[], text: string, { respond }: ServiceContext<string>) {
    await respond([...state, text].join(' '))
    return [...state, text]
  }
  override upgrade(state: unknown, from: number): string[] {
    return [`v${from}`, ...String(state)]
  }
}

for (const kind of lastingStores)
  describeInLasting(kind, `the states of durable services, ${kind.name}`, () => {
    let store: TestStore
    let places: Place[]

    beforeEach(async function () {
      store = await kind.make(this)
      places = []
    })

    afterEach(async () => {
      await Promise.all(places.map((place) => place.close()))
      await store.remove()
    })

    async function serve(...services: (AnyService | (new () => AnyService))[]): Promise<[Place, Running]> {
      const place = new Place(store.options, [Added])
      places.push(place)
      const running = await place.serve({}, new Gate(), (server) => {
        for (const service of services)
          server.addService(service, service instanceof Cart ? {} : { maxStateBytes: 100 })
      })
      return [place, running]
    }

    it('are one for all servers of the store: each call sees what the one before has left', async () => {
      const rounds = sizeOf({ all: 20, few: 2 })
      const running = [await serve(new Cart()), await serve(new Cart())]
      const lanes = running.flatMap(([place]) => [place.client(), place.client()])
      await lanes[0]?.service(Cart, { key: 'ann' }).initialize()
      const seen = await Promise.all(
        lanes.map(async (client, lane) => {
          const responses: string[] = []
          for (let i = 0; i < rounds; i++)
            responses.push(
              await client
                .service(Cart, { key: 'ann' })
                .execute(`${lane}-${i}`, { awaitResponse: true, timeoutMs: 60_000 }),
            )
          return responses
        }),
      )
      const all = seen.flat().sort((one, other) => one.length - other.length)
      expect(all).to.have.length(4 * rounds)
      // Without gaps: each response is the one before, and one note more.
      all.forEach((response, i) => {
        expect(response.split(' ')).to.have.length(i + 1)
        if (i > 0) expect(response.startsWith(`${all[i - 1]} `)).to.equal(true)
      })
      expect(running.reduce((sum, [, { data }]) => sum + (data.transactions?.commits ?? 0), 0)).to.equal(4 * rounds + 1)
    })

    it('are made once where two servers do it at the same time', async () => {
      const running = [await serve(new Cart()), await serve(new Cart())]
      const carts = running.map(([place]) => place.client().service(Cart, { key: 'ann' }))
      const outcomes = await Promise.all(
        carts.map((cart) =>
          cart.initialize(undefined, { timeoutMs: 60_000 }).then(
            () => 'done',
            (error) => error.code,
          ),
        ),
      )
      expect(outcomes.sort()).to.deep.equal(['ALREADY_INITIALIZED', 'done'])
    })

    it('are upgraded by a newer class, and refused by an older one', async () => {
      const [old] = await serve(Text)
      const text = old.client().service(Text, { key: 'a' })
      await text.initialize('xy')
      const [next] = await serve(Parts)
      const parts = next.client().service(Parts, { key: 'a' })
      expect(await parts.execute('z', { awaitResponse: true })).to.equal('v1 x y z')
      expect(await parts.execute('!', { awaitResponse: true })).to.equal('v1 x y z !')
      const refused = await failureOf(text.execute('z'))
      expect(refused).to.include({ code: 'CONTRACT_MISMATCH', notStarted: true })
      expect(refused.message).to.contain('stateVersion 2')
    })

    it('are not lost where a class has no upgrade, or no longer declares theirs', async () => {
      class Later extends Text {
        static override serviceName = 'Text'
        static override stateVersion = 2
      }
      class Stranger extends Cart {
        static override serviceName = 'Cart'
        static override classes = []
      }
      const [old] = await serve(Text, new Cart())
      await old.client().service(Text).initialize('xy')
      await old.client().service(Cart).initialize()
      await old.client().service(Cart).execute('a')
      const [next] = await serve(Later, new Stranger())
      expect((await failureOf(next.client().service(Later).execute('z'))).message).to.contain('upgrade(state, from)')
      const unread = await failureOf(next.client().service(Stranger).execute('b'))
      expect(unread.message).to.contain('cannot be read')
      expect(await old.client().service(Cart).execute('c', { awaitResponse: true })).to.equal('a c')
    })

    it('have at most maxStateBytes, and stay as they were beyond that', async () => {
      const [place] = await serve(Text)
      const text = place.client().service(Text)
      await text.initialize('a')
      const refused = await failureOf(text.execute('b'.repeat(100)))
      expect(refused['code']).to.equal('TOO_LARGE')
      expect(refused.message).to.contain('maxStateBytes')
      await text.execute('b'.repeat(50))
    })

    it('have any text as a key that every store keeps', async () => {
      const [place] = await serve(Text)
      const client = place.client()
      const keys = ["'; drop table isock_service; --", '%', 'ключ', '🦊', ' ', '\u0001', 'A', 'a', 'x'.repeat(512)]
      for (const key of keys) await client.service(Text, { key }).initialize('a')
      const wrong = ['', 'x'.repeat(513), 'я'.repeat(257), '\0', 'a\ud800', 5, {}, ['a']]
      for (const key of wrong) {
        expect(() => client.service(Text, { key: key as string }))
          .to.throw()
          .with.property('code', 'INVALID_OPTION')
        const call = client.runAction('isock.services.durable.execute', { service: 'Text', key, args: 'a' })
        expect(await failureOf(call)).to.include({ code: 'BAD_REQUEST', notStarted: true })
      }
      for (const key of keys)
        expect((await failureOf(client.service(Text, { key }).initialize('')))['code']).to.equal('ALREADY_INITIALIZED')
    })

    it('have no row where a key was never initialized', async () => {
      const [place, { server }] = await serve(Text)
      const client = place.client()
      const keys = Array.from({ length: 40 }, (_, i) => `key ${i}`)
      await Promise.all(keys.map((key) => failureOf(client.service(Text, { key }).execute('a'))))
      expect(await server.service(Text, { key: 'key 1' }).readPhase()).to.equal('new')
    })

    it('are there for the program of the server, before it listens too', async () => {
      const place = new Place(store.options, [Added])
      places.push(place)
      let before: Promise<void> | undefined
      const { server } = await place.serve({}, new Gate(), (each) => {
        each.addService(new Cart())
        before = each.service(Cart, { key: 'ann' }).initialize()
      })
      await before
      const ann = server.service(Cart, { key: 'ann' })
      expect(ann.isDurable).to.equal(true)
      expect(() => ann.phase).to.throw('readPhase()')
      expect(await itemsOf(ann.responses('a'))).to.deep.equal(['a'])
      expect((await failureOf(ann.execute('throw')))['code']).to.equal('REFUSED')
      expect(await place.client().service(Cart, { key: 'ann' }).execute('b', { awaitResponse: true })).to.equal('a b')
      expect(await ann.readPhase()).to.equal('initialized')
      expect(await ann.terminate('x', { awaitResponse: true })).to.equal('a b')
      expect(await ann.readPhase()).to.equal('terminated')
      expect(await server.db.transaction((db) => db.count(Added))).to.equal(2)
      expect(server.services.map(({ name }) => name)).to.deep.equal(['Cart'])
    })

    it('have no receipts, and are named by clients whose class is durable', async () => {
      const [place, { server }] = await serve(Text)
      class InMemory extends Service<string, string> {
        init(text: string) {
          return text
        }
        exec(state: string) {
          return state
        }
      }
      server.addService(InMemory)
      const client = place.client()
      expect((await failureOf(client.service(Text).execute('a', { confirm: 'receipt' })))['code']).to.equal(
        'INVALID_OPTION',
      )
      expect(() => client.service(InMemory, { key: 'a' })).to.throw('static durable = true')
      expect(() => server.service(InMemory, { key: 'a' })).to.throw('static durable = true')
      const requests: [name: string, request: object][] = [
        ['isock.services.durable.execute', { service: 'Text', confirm: 'receipt' }],
        ['isock.services.durable.execute', { service: 'InMemory' }],
        ['isock.services.execute', { service: 'Text' }],
        ['isock.services.execute', { service: 'InMemory', key: 'a' }],
      ]
      for (const [name, request] of requests)
        expect(await failureOf(client.runAction(name, request)), name).to.include({
          code: 'BAD_REQUEST',
          notStarted: true,
        })
      expect(() => server.addService(class Other extends InMemory {}, { maxStateBytes: 5 })).to.throw('maxStateBytes')
    })

    it('go back where a call is given up in its turn', async () => {
      const gate = new Gate()
      let signal: AbortSignal | undefined
      const pass = (note: string, given: AbortSignal): Promise<void> => {
        signal ??= given
        return gate.pass(note)
      }
      const [place, { server }] = await serve(new Cart(pass))
      const cart = place.client().service(Cart)
      await cart.initialize()
      gate.close()
      const left = new AbortController()
      const failed = failureOf(cart.execute('a', { signal: left.signal }))
      await waitFor(() => gate.arrived.length === 1)
      left.abort()
      await failed
      await waitFor(() => signal?.aborted === true)
      gate.open()
      expect(await cart.execute('b', { awaitResponse: true })).to.equal('b')
      expect(await server.db.transaction((db) => db.count(Added))).to.equal(1)
    })

    if (kind.name === 'PostgreSQL')
      it('get another turn after a deadlock', async () => {
        const gate = new Gate()
        gate.close()
        class Both extends Cart {
          static override serviceName = 'Both'
          override async exec(state: Parameters<Cart['exec']>[0], note: string, context: ServiceContext<string>) {
            const { db } = context
            const [one, other] = note === 'x' ? ['x', 'y'] : ['y', 'x']
            await db.get(Added, { note: one }, { lock: true })
            await gate.pass(note)
            await db.get(Added, { note: other }, { lock: true })
            return state
          }
        }
        const [place, { server }] = await serve(new Both())
        await server.db.transaction(async (db) => {
          for (const note of ['x', 'y']) await db.create(Added, { cart: '', note })
        })
        const client = place.client()
        const keys = ['x', 'y']
        for (const key of keys) await client.service(Both, { key }).initialize()
        const calls = keys.map((key) => client.service(Both, { key }).execute(key))
        await waitFor(() => gate.arrived.length === 2)
        gate.open()
        await Promise.all(calls)
        expect(gate.arrived.length).to.be.greaterThan(2)
      })
  })
