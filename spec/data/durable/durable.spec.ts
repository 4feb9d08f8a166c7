// Durable actions over a file and over PostgreSQL: each starts at most once, and its answer outlives the server.
import { expect } from 'chai'
import { Action, type Client, type Context, OutcomeUnknownError, Server } from 'isock'
import { data } from 'isock/data'
import { threads } from 'isock/threads'
import { Kind } from '../../../lib/core/wire/frames/frame.ts'
import { durableStore } from '../../../lib/features/data/database.ts'
import type { DurableStore, Run } from '../../../lib/features/data/durable/durable-store.ts'
import { SharedCommits } from '../../../lib/features/data/durable/shared-commits.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { failureOf, itemsOf } from '../../setup/world.ts'
import { lastingStores, type TestStore } from '../stores.ts'
import { Entry, Gate, Place, Post, Refused, type Running } from './shop.ts'

/** Sends a mail, which no database can undo. */
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
    return `sent to ${to}`
  }
}

class SendAll extends Action {
  static override durable = true

  async *action(all: readonly string[], { db }: Context): AsyncGenerator<string, number> {
    for (const note of all) {
      await db.create(Entry, { note, amount: 1 })
      yield `item ${note}`
    }
    if (all.length === 0) throw new Refused()
    return all.length
  }
}

for (const kind of lastingStores)
  describe(`durable actions, ${kind.name}`, () => {
    let store: TestStore
    let place: Place
    let first: Running
    let client: Client

    const serve = (gate = new Gate()): Promise<Running> => place.serve({}, gate, [new Send(gate), new SendAll()])

    beforeEach(async function () {
      store = await kind.make(this)
      place = new Place(store.options)
      first = await serve()
      client = place.client()
      await client.connect()
    })

    afterEach(async () => {
      await place.close()
      await store.remove()
    })

    const counts = ({ data }: Running): object => ({ ...data.transactions })

    const statesOf = async ({ server }: Running): Promise<number[]> => {
      const database = await server.db[durableStore]()
      const rows = await database.read(`select state from ${database.nameOf('isock_answer')}`)
      return rows.map(({ state }) => Number(state))
    }

    function holdStarts({ keeper: { commits } }: Running): Gate {
      const held = new Gate()
      held.close()
      const add = commits.add.bind(commits)
      commits.add = (work) => held.pass('start').then(() => add(work))
      return held
    }

    function leaveAt(frameKind: typeof Kind.Result | typeof Kind.Failure | typeof Kind.Item): void {
      place.network.judge = (frame) => {
        if (frame.kind !== frameKind) return 'pass'
        place.network.judge = undefined
        place.leave()
        return 'lose and cut'
      }
    }

    it('need no model', async () => {
      const alone = new Place(store.options, [])
      try {
        const { data } = await alone.serve({}, undefined, [new Send(new Gate())])
        expect(await alone.client().runAction(Send, 'ann')).to.equal('sent to ann')
        expect(data.transactions?.commits).to.equal(1)
      } finally {
        await alone.close()
      }
    })

    it('answer as others do', async () => {
      expect(await client.runAction(Send, 'ann')).to.equal('sent to ann')
      expect(await failureOf(client.runAction(Send, 'nobody'))).to.be.instanceOf(Refused)
      const call = client.runAction(SendAll, ['c', 'd'])
      expect(await itemsOf(call)).to.deep.equal(['item c', 'item d'])
      expect(await call).to.equal(2)
      expect(await first.server.db.transaction((db) => db.count(Entry))).to.equal(2)
      expect(counts(first)).to.include({ commits: 3 })
    })

    it('have recorded that they start before their handler does', async () => {
      first.gate.close()
      const answer = client.runAction(Send, 'ann')
      await waitFor(() => first.gate.arrived.length === 1)
      expect(await statesOf(first)).to.deep.equal([1])
      first.gate.open()
      await answer
      expect(await statesOf(first)).to.deep.equal([2])
    })

    it('are answered once by the next server: a value, an error, items', async () => {
      leaveAt(Kind.Result)
      const answer = client.runAction(Send, 'ann')
      await waitFor(() => first.data.transactions?.commits === 1)
      const second = await serve()
      expect(await answer).to.equal('sent to ann')
      leaveAt(Kind.Failure)
      const failed = failureOf(client.runAction(Send, 'nobody'))
      await waitFor(() => second.data.transactions?.commits === 1)
      const third = await serve()
      expect(await failed).to.be.instanceOf(Refused)
      leaveAt(Kind.Item)
      const call = client.runAction(SendAll, ['a', 'b'])
      const items = itemsOf(call)
      await waitFor(() => third.data.transactions?.commits === 1)
      const fourth = await serve()
      expect(await items).to.deep.equal(['item a', 'item b'])
      expect(await call).to.equal(2)
      expect([second.gate.arrived, third.gate.arrived, fourth.gate.arrived]).to.deep.equal([['nobody'], [], []])
      expect(await fourth.server.db.transaction((db) => db.count(Entry))).to.equal(2)
    })

    it('have an unknown outcome where their run was cut, now and later, and are not run again', async () => {
      first.gate.close()
      const failed = failureOf(client.runAction(Send, 'ann'))
      await waitFor(() => first.gate.arrived.length === 1)
      place.leave()
      const second = await serve()
      const error = await failed
      expect(error).to.be.instanceOf(OutcomeUnknownError)
      expect(error.message).to.match(/had started at a server that is gone/)
      expect(await statesOf(second)).to.deep.equal([4])
      first.gate.open()
      await waitFor(() => first.data.transactions?.unknowns === 1)
      expect(await statesOf(second)).to.deep.equal([4])
      expect(second.gate.arrived).to.deep.equal([])
      expect(counts(first)).to.include({ commits: 0 })
    })

    it('run at the next server where the first had not started them, and never at the first one', async () => {
      // The session is recorded, and its calls reach the first server no more.
      await client.runAction(Post, { note: 'a', amount: 1 })
      place.network.judge = (frame) => (frame.kind === Kind.Call ? 'lose and cut' : 'pass')
      const answer = client.runAction(Send, 'ann')
      place.leave()
      place.network.judge = undefined
      const second = await serve()
      expect(await answer).to.equal('sent to ann')
      expect([first.gate.arrived, second.gate.arrived]).to.deep.equal([['a'], ['ann']])
    })

    it('are cut in the transaction that adopts their session', async () => {
      first.gate.close()
      const failed = failureOf(client.runAction(Send, 'ann'))
      await waitFor(() => first.gate.arrived.length === 1)
      const { grant } = first.kit.sessions[0]?.core ?? {}
      place.leave()
      const second = await place.serve({ limits: { sessionLeaseMs: 60_000 } })
      const claim = { id: grant?.id ?? '', secret: grant?.resumeSecret as Uint8Array, identity: undefined }
      expect(await second.keeper.adopt(claim)).to.not.equal(undefined)
      expect(await statesOf(second)).to.deep.equal([4])
      await client.close()
      await failed
      first.gate.open()
    })

    it('do not start at the first server that wakes up before the next one starts them', async () => {
      await client.runAction(Post, { note: 'a', amount: 1 })
      const starts = [holdStarts(first)]
      const answer = client.runAction(Send, 'ann')
      await waitFor(() => starts[0]?.arrived.length === 1)
      place.leave()
      const second = await serve()
      starts.push(holdStarts(second))
      await waitFor(() => starts[1]?.arrived.length === 1)
      starts[0]?.open()
      await waitFor(() => first.kit.sessions.length === 0)
      starts[1]?.open()
      expect(await answer).to.equal('sent to ann')
      expect([first.gate.arrived, second.gate.arrived]).to.deep.equal([['a'], ['ann']])
    })

    it('do not start at a server that stood still until the next one had started them', async () => {
      await client.runAction(Post, { note: 'a', amount: 1 })
      const zombie = first.kit.sessions[0]?.core
      const held = holdStarts(first)
      const answer = client.runAction(Send, 'ann')
      await waitFor(() => held.arrived.length === 1)
      place.leave()
      const gate = new Gate()
      gate.close()
      const second = await serve(gate)
      await waitFor(() => gate.arrived.length === 1)
      // It neither runs the call nor cuts the run of the other.
      held.open()
      await waitFor(() => zombie?.isEnded === true)
      expect(first.gate.arrived).to.deep.equal(['a'])
      gate.open()
      expect(await answer).to.equal('sent to ann')
      expect(await statesOf(second)).to.deep.equal([2])
    })
  })

describe('a durable action', () => {
  class Mail extends Action {
    static override durable = true
    action() {}
  }

  it('is refused where nothing can record it', () => {
    expect(() => new Server('memory:bare').addAction(new Mail())).to.throw(/is durable, but this server has no data/)
    const inMemory = new Server('memory:bare', { features: [data({ models: [Entry] })] })
    expect(() => inMemory.addAction(new Mail())).to.throw(/a durable action needs a store that outlives the process/)
  })

  it('is refused if it is threaded, or transactional', () => {
    class Threaded extends Mail {
      static override threaded = import.meta.url
    }
    class Both extends Mail {
      static override transactional = true
    }
    const features = [threads(), data({ models: [Entry], url: 'file:never.db' })]
    const server = new Server('memory:bare', { features })
    expect(() => server.addAction(new Threaded())).to.throw(/durable and threaded/)
    expect(() => server.addAction(new Both())).to.throw(/transactional and durable/)
  })
})

describe('commits that are shared', () => {
  it('are one for a tick, and one for what came meanwhile; a failure is its own', async () => {
    const transactions: string[][] = []
    const store = {
      async transaction<T>(work: (run: Run) => Promise<T>): Promise<T> {
        const log: string[] = []
        const result = await work(async (sql) => {
          log.push(sql)
          if (sql === 'wrong') throw new Error('refused')
          return []
        })
        transactions.push(log)
        return result
      },
    } as unknown as DurableStore
    const commits = new SharedCommits(store)
    const add = (sql: string): Promise<string> => commits.add((run) => run(sql).then(() => sql))
    const tick = [add('a'), add('b')]
    await Promise.resolve()
    const later = ['c', 'wrong', 'd'].map(add)
    expect(await Promise.all(tick)).to.deep.equal(['a', 'b'])
    expect((await Promise.allSettled(later)).map(({ status }) => status)).to.deep.equal([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(transactions).to.deep.equal([['a', 'b'], ['c'], ['d']])
  })
})
