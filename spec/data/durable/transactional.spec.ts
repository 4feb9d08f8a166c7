// Transactional actions over a file and over PostgreSQL: servers that are left in the middle of calls, and others in their place.
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import {
  Action,
  BusyError,
  type Client,
  type Context,
  LinkError,
  OutcomeUnknownError,
  Server,
  type ServerSession,
} from 'isock'
import { Database, data, StoreUnavailableError } from 'isock/data'
import { threads } from 'isock/threads'
import { Kind } from '../../../lib/core/wire/frames/frame.ts'
import { durableStore } from '../../../lib/features/data/database.ts'
import { AnswerRows } from '../../../lib/features/data/durable/answer-rows.ts'
import { SessionRows } from '../../../lib/features/data/durable/session-rows.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { failureOf, itemsOf } from '../../setup/world.ts'
import { lastingStores, type TestStore } from '../stores.ts'
import { Entry, Gate, Place, Post, PostAll, Read, Refused, type Running, Volatile } from './shop.ts'

for (const kind of lastingStores)
  describe(`transactional actions, ${kind.name}`, () => {
    let store: TestStore
    let place: Place
    let first: Running
    let client: Client

    beforeEach(async function () {
      store = await kind.make(this)
      place = new Place(store.options)
      first = await place.serve()
      client = place.client()
      await client.connect()
    })

    afterEach(async () => {
      await place.close()
      await store.remove()
    })

    const notes = async (database: Database): Promise<string[]> =>
      (await database.transaction((db) => db.query(Entry, {}, { sort: ['note'] }))).map(({ note }) => note)

    const commits = ({ data }: Running): number => data.transactions?.commits ?? 0

    /** Loses the first frame of this kind that goes to the client; the server that sent it is left. */
    function leaveAt(frameKind: typeof Kind.Result | typeof Kind.Failure | typeof Kind.Item): void {
      place.network.judge = (frame) => {
        if (frame.kind !== frameKind) return 'pass'
        place.network.judge = undefined
        place.leave()
        return 'lose and cut'
      }
    }

    it('answer as others do', async () => {
      expect(await client.runAction(Post, { note: 'a', amount: 1 })).to.equal('posted a')
      const error = await failureOf(client.runAction(Post, { note: 'b', amount: -1 }))
      expect(error).to.be.instanceOf(Refused)
      const call = client.runAction(PostAll, ['c', 'd'])
      expect(await itemsOf(call)).to.deep.equal(['item c', 'item d'])
      expect(await call).to.equal(2)
      expect(await notes(first.server.db)).to.deep.equal(['a', 'c', 'd'])
      expect(commits(first)).to.equal(3)
    })

    it('have committed when their answer leaves', async () => {
      for (let i = 0; i < 20; i++) {
        const seen: Promise<number>[] = []
        const note = `note ${i}`
        place.network.judge = (frame) => {
          if (frame.kind === Kind.Result) seen.push(first.server.db.transaction((db) => db.count(Entry, { note })))
          return 'pass'
        }
        await client.runAction(Post, { note, amount: 1 })
        place.network.judge = undefined
        expect(await Promise.all(seen)).to.deep.equal([1])
      }
    })

    it('send no item before they have committed', async () => {
      const seen: Promise<number>[] = []
      place.network.judge = (frame) => {
        if (frame.kind === Kind.Item) seen.push(first.server.db.transaction((db) => db.count(Entry)))
        return 'pass'
      }
      await itemsOf(client.runAction(PostAll, ['a', 'b', 'c']))
      expect(await Promise.all(seen)).to.deep.equal([3, 3, 3])
    })

    it('are answered once by the next server: a value', async () => {
      leaveAt(Kind.Result)
      const answer = client.runAction(Post, { note: 'a', amount: 1 })
      await waitFor(() => commits(first) === 1)
      const second = await place.serve()
      expect(await answer).to.equal('posted a')
      expect(second.gate.arrived).to.deep.equal([])
      expect(await notes(second.server.db)).to.deep.equal(['a'])
      expect(second.data.transactions).to.include({ adoptions: 1, replays: 1, commits: 0 })
    })

    it('are answered once by the next server: an error that was thrown', async () => {
      leaveAt(Kind.Failure)
      const failed = failureOf(client.runAction(Post, { note: 'a', amount: -1 }))
      await waitFor(() => commits(first) === 1)
      const second = await place.serve()
      expect(await failed).to.be.instanceOf(Refused)
      expect(second.gate.arrived).to.deep.equal([])
      expect(await notes(second.server.db)).to.deep.equal([])
    })

    it('are answered once by the next server: items', async () => {
      leaveAt(Kind.Item)
      const call = client.runAction(PostAll, ['a', 'b'])
      const items = itemsOf(call)
      await waitFor(() => commits(first) === 1)
      const second = await place.serve()
      expect(await items).to.deep.equal(['item a', 'item b'])
      expect(await call).to.equal(2)
      expect(await notes(second.server.db)).to.deep.equal(['a', 'b'])
    })

    it('run at the next server where the first had not committed, and not at the first when it wakes up', async () => {
      first.gate.close()
      const answer = client.runAction(Post, { note: 'a', amount: 1 })
      await waitFor(() => first.gate.arrived.length === 1)
      place.leave()
      const second = await place.serve()
      expect(await answer).to.equal('posted a')
      expect(second.gate.arrived).to.deep.equal(['a'])
      first.gate.open()
      await waitFor(() => (first.data.transactions?.replays ?? 0) === 1)
      expect(await notes(second.server.db)).to.deep.equal(['a'])
      expect(commits(first)).to.equal(0)
    })

    it('commit nothing at the first server once the next one has the session', async () => {
      first.gate.close()
      const answer = client.runAction(Post, { note: 'a', amount: 1 })
      await waitFor(() => first.gate.arrived.length === 1)
      place.leave()
      const gate = new Gate()
      gate.close()
      const second = await place.serve({}, gate)
      await waitFor(() => gate.arrived.length === 1)
      first.gate.open()
      await waitFor(() => first.kit.sessions.length === 0)
      expect(await notes(second.server.db)).to.deep.equal([])
      gate.open()
      expect(await answer).to.equal('posted a')
      expect(await notes(second.server.db)).to.deep.equal(['a'])
      expect([commits(first), commits(second), second.data.transactions?.replays]).to.deep.equal([0, 1, 0])
    })

    it('are not run by the first server after the next one refused them', async () => {
      first.gate.close()
      const call = client.runAction(Post, { note: 'a', amount: 1 })
      const failed = failureOf(call)
      await waitFor(() => first.gate.arrived.length === 1)
      place.leave()
      call.cancel()
      await failed
      const second = await place.serve()
      // The next call comes after the cancel of the former one.
      await client.runAction(Post, { note: 'b', amount: 1 })
      expect(second.gate.arrived).to.deep.equal(['b'])
      first.gate.open()
      await waitFor(() => (first.data.transactions?.replays ?? 0) === 1)
      expect(await notes(second.server.db)).to.deep.equal(['b'])
    })

    it('leave calls of other actions unknown, and run them never again', async () => {
      await client.runAction(Post, { note: 'a', amount: 1 })
      first.gate.close()
      const failed = failureOf(client.runAction(Volatile, 'v'))
      await waitFor(() => first.gate.arrived.includes('v'))
      place.leave()
      const second = await place.serve()
      expect(await failed).to.be.instanceOf(OutcomeUnknownError)
      expect(second.gate.arrived).to.deep.equal([])
      first.gate.open()
    })

    it('leave no answer behind if they only read', async () => {
      await client.runAction(Post, { note: 'a', amount: 1 })
      const before = commits(first)
      expect(await client.runAction(Read, 'a')).to.equal(1)
      expect(commits(first)).to.equal(before)
    })

    it('survive a shutdown and another server, with the session', async () => {
      await client.runAction(Post, { note: 'a', amount: 1 })
      const { session } = await connected(client, async () => {
        await first.server.shutdown()
        await place.serve()
      })
      expect(await client.runAction(Post, { note: 'b', amount: 1 })).to.equal('posted b')
      expect(session).to.match(/^[0-9a-f]{32}$/)
    })

    it('commit once: db.commit() is refused', async () => {
      class Early extends Action {
        static override transactional = true
        async action(_data: undefined, { db }: Context) {
          await db.create(Entry, { note: 'early', amount: 1 })
          await db.commit()
        }
      }
      first.server.addAction(new Early())
      const error = await failureOf(client.runAction(Early))
      expect(error['code']).to.equal('INVALID_USAGE')
      expect(error.message).to.match(/commits once, with its answer/)
      expect(await notes(first.server.db)).to.deep.equal([])
    })

    it('keep at most 64 KiB of items', async () => {
      class Many extends Action {
        static override transactional = true
        async *action(size: number, { db }: Context) {
          await db.create(Entry, { note: 'many', amount: 1 })
          yield 'x'.repeat(size)
        }
      }
      first.server.addAction(new Many())
      expect((await itemsOf(client.runAction(Many, 60_000)))[0]).to.have.length(60_000)
      const error = await failureOf(itemsOf(client.runAction(Many, 66_000)))
      expect(error['code']).to.equal('TOO_LARGE')
      expect(error.message).to.match(/more than 65536 bytes/)
      expect(await notes(first.server.db)).to.deep.equal(['many'])
    })

    it('do not commit what cannot be sent', async () => {
      class Odd extends Action {
        static override transactional = true
        async action(_data: undefined, { db }: Context) {
          await db.create(Entry, { note: 'odd', amount: 1 })
          return () => undefined
        }
      }
      first.server.addAction(new Odd())
      expect((await failureOf(client.runAction(Odd)))['code']).to.equal('UNSENDABLE')
      expect(await notes(first.server.db)).to.deep.equal([])
    })

    it('commit nothing at a server whose session has ended elsewhere', async () => {
      first.gate.close()
      const call = client.runAction(Post, { note: 'a', amount: 1 })
      const failed = failureOf(call)
      await waitFor(() => first.gate.arrived.length === 1)
      const zombie = first.kit.sessions[0]
      place.leave()
      const gate = new Gate()
      gate.close()
      const second = await place.serve({}, gate)
      await waitFor(() => gate.arrived.length === 1)
      await client.close()
      await failed
      await waitFor(() => second.kit.sessions.length === 0)
      await second.keeper.settled()
      first.gate.open()
      await waitFor(() => zombie?.core.isEnded === true)
      gate.open()
      expect(await notes(second.server.db)).to.deep.equal([])
      expect(commits(first)).to.equal(0)
    })

    it('are left to the next server where one that had adopted them learns of it while they run', async () => {
      first.gate.close()
      const answer = client.runAction(Post, { note: 'a', amount: 1 })
      await waitFor(() => first.gate.arrived.length === 1)
      const gates = [new Gate(), new Gate()] as const
      const servers: Running[] = []
      for (const gate of gates) {
        place.leave()
        gate.close()
        servers.push(await place.serve({}, gate))
        await waitFor(() => gate.arrived.length === 1)
      }
      const [second, third] = servers as [Running, Running]
      const zombie = second.kit.sessions[0] as ServerSession
      second.kit.dropSession(zombie, new LinkError('another server has adopted this session'))
      gates[0].open()
      // Its handler has failed, since its session is over here. That is no answer.
      await waitFor(() => zombie.core.runningCount === 0)
      gates[1].open()
      expect(await answer).to.equal('posted a')
      expect(await notes(third.server.db)).to.deep.equal(['a'])
      expect([commits(second), commits(third)]).to.deep.equal([0, 1])
    })

    it('are answered with what they threw when the store is back, where another server may have run them', async () => {
      first.gate.close()
      const failed = failureOf(client.runAction(Post, { note: 'a', amount: -1 }))
      await waitFor(() => first.gate.arrived.length === 1)
      place.leave()
      const { record } = AnswerRows.prototype
      let outages = 3
      AnswerRows.prototype.record = async function (...args) {
        if (outages-- > 0) throw new StoreUnavailableError('away')
        return record.apply(this, args)
      }
      try {
        await place.serve()
        expect(await failed).to.be.instanceOf(Refused)
        expect(outages).to.equal(-1)
      } finally {
        AnswerRows.prototype.record = record
      }
    })

    it('are not taken for those of the page before, which had the same numbers', async () => {
      const stored = new Map<string, string>()
      const storage = {
        getItem: (key: string) => stored.get(key) ?? null,
        setItem: (key: string, value: string) => void stored.set(key, value),
        removeItem: (key: string) => void stored.delete(key),
      }
      const page = place.client({ resume: storage })
      for (const note of ['a', 'b']) await page.runAction(Post, { note, amount: 1 })
      const [session] = first.kit.sessions.slice(-1)
      place.network.wires.at(-1)?.cut('gone')
      const next = place.client({ resume: storage })
      expect(await next.runAction(Post, { note: 'c', amount: 1 })).to.equal('posted c')
      expect(first.kit.sessions).to.include(session)
      expect(first.gate.arrived).to.deep.equal(['a', 'b', 'c'])
      leaveAt(Kind.Result)
      const last = next.runAction(Post, { note: 'd', amount: 1 })
      await waitFor(() => commits(first) === 4)
      const second = await place.serve()
      expect(await last).to.equal('posted d')
      expect(second.gate.arrived).to.deep.equal([])
    })

    it('answer the program of the server itself', async () => {
      expect(await first.server.runAction(Post, { note: 'own', amount: 1 })).to.equal('posted own')
      expect(await notes(first.server.db)).to.deep.equal(['own'])
    })

    if (kind.name === 'PostgreSQL')
      it('run again after a deadlock, with their data as it came', async () => {
        const seen: string[][] = []
        const both = new Gate()
        both.close()
        class AddBoth extends Action {
          static override transactional = true
          async action(order: string[], { db }: Context) {
            seen.push([...order])
            const one = await db.get(Entry, { note: order.shift() ?? '' }, { lock: true })
            await both.pass(one.note)
            if (both.arrived.length === 2) both.open()
            const other = await db.get(Entry, { note: order.shift() ?? '' }, { lock: true })
            one.amount++
            other.amount++
          }
        }
        first.server.addAction(new AddBoth())
        for (const note of ['x', 'y']) await client.runAction(Post, { note, amount: 0 })
        const calls = [client.runAction(AddBoth, ['x', 'y']), client.runAction(AddBoth, ['y', 'x'])]
        await waitFor(() => both.arrived.length === 2)
        both.open()
        await Promise.all(calls)
        expect(seen.length).to.be.greaterThan(2)
        for (const order of seen) expect(order).to.have.length(2)
        const rows = await first.server.db.transaction((db) => db.query(Entry))
        expect(rows.map(({ amount }) => amount)).to.deep.equal([2, 2])
      })

    if (kind.name === 'libsql in a file')
      it('start when their session is recorded', async () => {
        const another = await new Database({ models: [Entry], ...store.options }).open()
        let release: () => void = () => undefined
        const held = new Promise<void>((resolve) => {
          release = resolve
        })
        let isWriting = false
        // The file has one writer at a time.
        const writing = another.transaction(async (db) => {
          await db.create(Entry, { note: 'other', amount: 1 })
          isWriting = true
          await held
        })
        await waitFor(() => isWriting)
        const answer = client.runAction(Post, { note: 'a', amount: 1 })
        await new Promise((resolve) => setTimeout(resolve, 100))
        expect(first.gate.arrived).to.deep.equal([])
        release()
        await writing
        expect(await answer).to.equal('posted a')
        await another.close()
      })

    describe('whose sessions', () => {
      const resumable = async (): Promise<{ id: string; secret: Uint8Array; identity: undefined }> => {
        await client.runAction(Post, { note: 'a', amount: 1 })
        const [session] = first.kit.sessions
        const grant = session?.core.grant
        return { id: grant?.id ?? '', secret: grant?.resumeSecret as Uint8Array, identity: undefined }
      }

      it('are adopted with their secret and identity only', async () => {
        const claim = await resumable()
        place.leave()
        await client.close()
        const second = await place.serve()
        const adopt = second.keeper.adopt.bind(second.keeper)
        expect(await adopt({ ...claim, secret: new Uint8Array(32) })).to.equal(undefined)
        expect(await adopt({ ...claim, identity: { id: 'somebody' } })).to.equal(undefined)
        expect(await adopt({ ...claim, id: 'f'.repeat(32) })).to.equal(undefined)
        expect(await adopt({ ...claim, id: "' or 1 = 1 --\0" })).to.equal(undefined)
        expect((await adopt(claim))?.slotCount).to.equal(1_024)
      })

      it('are not adopted when they have ended', async () => {
        const claim = await resumable()
        await client.close()
        await waitFor(() => first.kit.sessions.length === 0)
        await first.server.shutdown()
        const second = await place.serve()
        expect(await second.keeper.adopt(claim)).to.equal(undefined)
      })

      const loseLink = async (): Promise<void> => {
        first.kit.sessions[0]?.core.dropLink(new BusyError('away'), 'abort')
        place.leave()
        await client.close()
        await first.keeper.settled()
      }

      it('are not adopted when their lease is over', async () => {
        const { id, secret } = await resumable()
        await loseLink()
        const rows = new SessionRows(await first.server.db[durableStore](), 'another life')
        const hash = createHash('sha256').update(secret).digest()
        expect(await rows.adopt(id, hash, undefined, 0)).to.equal(undefined)
        expect(await rows.adopt(id, hash, undefined, 3_600_000)).to.not.equal(undefined)
      })

      it('are deleted when their lease is over', async () => {
        const claim = await resumable()
        await loseLink()
        await new Promise((resolve) => setTimeout(resolve, 60))
        await place.serve({ limits: { sessionLeaseMs: 50 } })
        const third = await place.serve()
        expect(await third.keeper.adopt(claim)).to.equal(undefined)
      })

      it('belong to the one that adopted them last', async () => {
        const claim = await resumable()
        const [session] = first.kit.sessions
        if (session === undefined) throw new Error('no session')
        expect(await first.keeper.isOurs(session)).to.equal(true)
        place.leave()
        await client.close()
        const second = await place.serve()
        expect(await second.keeper.adopt(claim)).to.not.equal(undefined)
        expect(await first.keeper.isOurs(session)).to.equal(false)
      })
    })
  })

describe('a transactional action', () => {
  it('is refused where nothing can commit it', () => {
    const bare = new Server('memory:bare')
    expect(() => bare.addAction(new PostAll())).to.throw(/is transactional, but this server has no data/)
    const inMemory = new Server('memory:bare', { features: [data({ models: [Entry] })] })
    expect(() => inMemory.addAction(new PostAll())).to.throw(/needs a store that outlives the process/)
  })

  it('is refused if it is threaded', () => {
    class Both extends Action {
      static override transactional = true
      static override threaded = import.meta.url
      action() {}
    }
    for (const features of [
      [threads(), data({ models: [Entry], url: 'file:never.db' })],
      [data({ models: [Entry], url: 'file:never.db' }), threads()],
    ])
      expect(() => new Server('memory:bare', { features }).addAction(new Both())).to.throw(/threaded/)
  })
})

/** What the client hears when it is connected again. */
async function connected(client: Client, restart: () => Promise<void>): Promise<{ session: string }> {
  const heard = new Promise<{ session: string }>((resolve) => client.on('connect', resolve))
  await restart()
  void client.connect()
  return heard
}
