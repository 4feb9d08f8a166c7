// Durable channels over a file and over PostgreSQL: several servers of one store, restarts, and what is published with a commit.

import { copyFile, rename } from 'node:fs/promises'
import { expect } from 'chai'
import { Action, Channel, Client, type Context, Server, type SubscribeOptions, type Subscription } from 'isock'
import { Database, data, field, Model } from 'isock/data'
import { deferred } from '../../../lib/core/base/deferred.ts'
import type { ServerKit } from '../../../lib/core/server/feature.ts'
import type { SharedStore } from '../../../lib/core/server/shared-store.ts'
import { Kind } from '../../../lib/core/wire/frames/frame.ts'
import { durableStore } from '../../../lib/features/data/database.ts'
import type { RoomLogs } from '../../../lib/features/data/durable/room-logs.ts'
import { RoomRows } from '../../../lib/features/data/durable/room-rows.ts'
import { type Tables, tablesOf } from '../../../lib/features/data/durable/tables.ts'
import { FileHints } from '../../../lib/features/data/engine/file-hints.ts'
import { PostgresHints } from '../../../lib/features/data/engine/postgres-hints.ts'
import type { SharedLogs } from '../../../lib/features/data/message-logs.ts'
import { sizeOf } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { failureOf } from '../../setup/world.ts'
import { describeInLasting, lastingStores, type TestStore } from '../stores.ts'
import { Gate, Place } from './shop.ts'

class Entry extends Model {
  static override modelName = 'Entry'
  note = field.text()
}

class Moves extends Channel<string> {
  static override channelName = 'Moves'
  static override history = { size: 1_000, ttlMs: 86_400_000 }
  static override durable = true

  override canPublish(): boolean {
    return true
  }
}

class Chat extends Channel<string> {
  static override channelName = 'Chat'
}

/** Writes an entry and publishes it; refuses `bad` after that. */
class Post extends Action {
  static override actionName = 'Post'
  static override transactional = true

  async action({ note, key }: { note: string; key?: string }, { db, publish }: Context): Promise<string> {
    await db.create(Entry, { note })
    await publish(Moves, note, { key })
    await publish(Chat, note)
    if (note === 'bad') throw new Error('refused')
    return note
  }
}

/** Publishes, and writes nothing else. */
class Tell extends Action {
  static override actionName = 'Tell'
  static override transactional = true

  async action(note: string, { publish }: Context): Promise<void> {
    await publish(Moves, note)
  }
}

class Heard {
  readonly messages: string[] = []
  readonly subscription: Subscription<string>

  constructor(client: Client, options: SubscribeOptions = {}) {
    this.subscription = client.subscribe(Moves, (message) => void this.messages.push(message), options)
    this.subscription.done.catch(() => undefined)
  }

  async until(count: number): Promise<string[]> {
    await waitFor(() => this.messages.length >= count)
    return this.messages
  }
}

class Few extends Channel<string> {
  static override channelName = 'Few'
  static override history = { size: 3, ttlMs: 200 }
  static override durable = true
}

/** The kit of the newest server. */
let kit: ServerKit | undefined
const spy = {
  name: 'spy',
  attach: (given: ServerKit) => {
    kit = given
    return {}
  },
}
const sharedStores = new WeakMap<Server, SharedStore>()

describe('A durable channel', () => {
  it('is refused without a store that outlives the process, without a history, and for other values', () => {
    const alone = new Server('127.0.0.1', 0)
    expect(() => alone.addChannel(new Moves())).to.throw("a url such as 'file:app.db'")
    const inMemory = new Server('127.0.0.1', 0, { features: [data({ models: [Entry], url: 'memory:' })] })
    expect(() => inMemory.addChannel(new Moves())).to.throw('needs a store that outlives the process')
    class Endless extends Channel<string> {
      static override durable = true
    }
    expect(() => alone.addChannel(new Endless())).to.throw('has no history: give it one')
    class Odd extends Channel<string> {
      static override durable = 'yes' as unknown as boolean
    }
    expect(() => alone.addChannel(new Odd())).to.throw('expected true or false')
  })
})

const rounds = sizeOf({ all: 40, few: 4 })

const kinds = lastingStores

for (const kind of kinds)
  describeInLasting(kind, `durable channels, ${kind.name}`, () => {
    let store: TestStore
    const servers = new Set<Server>()
    const clients: Client[] = []

    beforeEach(async function () {
      store = await kind.make(this)
    })

    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.close()))
      await Promise.all([...servers].map(stop))
      await store.remove()
    })

    const serve = async (port = 0): Promise<Server> => {
      const server = new Server('127.0.0.1', port, {
        features: [data({ models: [Entry], waitMs: 60_000, ...store.options }), spy],
      })
      sharedStores.set(server, kit?.sharedStore as SharedStore)
      servers.add(server)
      server.addChannel(new Moves()).addChannel(new Chat())
      server.addAction(new Post()).addAction(new Tell())
      await server.listen()
      return server
    }

    const stop = async (server: Server): Promise<void> => {
      servers.delete(server)
      await server.shutdown({ graceMs: 0 })
    }

    const logsOf = async (server: Server): Promise<RoomLogs> => {
      const { logs } = sharedStores.get(server) as SharedStore
      return (logs as SharedLogs).opened()
    }

    /** Runs statements in the store, beside what its servers do. */
    const statement = async (make: (tables: Tables) => string[], creates = true): Promise<void> => {
      const database = await new Database({ models: [Entry], ...store.options, migrate: creates }).open()
      try {
        const own = await database[durableStore]()
        await own.transaction(async (run) => {
          for (const sql of make(tablesOf(own))) await run(sql)
        })
      } finally {
        await database.close()
      }
    }

    const clientOf = (...at: Server[]): Client => {
      const addresses = at.flatMap((server) => server.addresses)
      const client = new Client(addresses, { retry: 100, backoff: { minMs: 5, maxMs: 20 } })
      clients.push(client)
      return client
    }

    it('deliver what any server of the store publishes, in one order', async () => {
      const [a, b] = [await serve(), await serve()]
      const readers = [new Heard(clientOf(a)), new Heard(clientOf(b))]
      await Promise.all(readers.map(({ subscription }) => subscription.ready))
      const [one, other] = [clientOf(a), clientOf(b)]
      const published: string[] = []
      const lane = async (name: string, publish: (note: string) => Promise<unknown>): Promise<void> => {
        for (let i = 0; i < rounds; i++) {
          await publish(`${name} ${i}`)
          published.push(`${name} ${i}`)
        }
      }
      await Promise.all([
        lane('a plain', (note) => a.publish(Moves, note)),
        lane('b plain', (note) => b.publish(Moves, note)),
        lane('a client', (note) => one.publish(Moves, note)),
        lane('a transaction', (note) => one.runAction(Post, { note })),
        lane('b transaction', (note) => other.runAction(Post, { note })),
      ])
      const [first = [], second = []] = await Promise.all(readers.map((reader) => reader.until(5 * rounds)))
      expect(first).to.deep.equal(second)
      expect([...first].sort()).to.deep.equal([...published].sort())
      for (const name of ['a plain', 'b plain', 'a client', 'a transaction', 'b transaction'])
        expect(first.filter((note) => note.startsWith(name))).to.deep.equal(
          Array.from({ length: rounds }, (_, i) => `${name} ${i}`),
        )
      const kept = await a.channel(Moves).readHistory()
      expect(kept.map(({ offset }) => offset)).to.deep.equal(Array.from({ length: 5 * rounds }, (_, i) => i + 1))
      expect(kept.map(({ message }) => message)).to.deep.equal(first)
    })

    it('continue after a restart where the subscriber was', async () => {
      let server = await serve()
      const [address = ''] = server.addresses
      const port = Number(new URL(address).port)
      const reader = new Heard(clientOf(server))
      await reader.subscription.ready
      await server.publish(Moves, 'before')
      await reader.until(1)
      await stop(server)
      const other = await serve()
      await other.publish(Moves, 'meanwhile')
      server = await serve(port)
      await other.publish(Moves, 'after')
      expect(await reader.until(3)).to.deep.equal(['before', 'meanwhile', 'after'])
      expect(reader.subscription.recovered).to.equal(true)
    })

    it('give a position of one server to another one', async () => {
      const [a, b] = [await serve(), await serve()]
      const reader = new Heard(clientOf(a))
      await reader.subscription.ready
      await a.publish(Moves, 'one')
      await reader.until(1)
      const since = reader.subscription.position
      await b.publish(Moves, 'two')
      const other = new Heard(clientOf(b), { since })
      expect(await other.until(1)).to.deep.equal(['two'])
      expect(other.subscription.recovered).to.equal(true)
      const all = new Heard(clientOf(b), { since: 'oldest' })
      expect(await all.until(2)).to.deep.equal(['one', 'two'])
    })

    it('deliver within a second what no hint says', async () => {
      const { send } = PostgresHints.prototype
      const { listen } = FileHints.prototype
      PostgresHints.prototype.send = async () => undefined
      FileHints.prototype.listen = () => undefined
      try {
        const [a, b] = [await serve(), await serve()]
        const reader = new Heard(clientOf(b))
        await reader.subscription.ready
        for (const note of ['one', 'two', 'three']) await a.publish(Moves, note)
        expect(await reader.until(3)).to.deep.equal(['one', 'two', 'three'])
      } finally {
        PostgresHints.prototype.send = send
        FileHints.prototype.listen = listen
      }
    })

    it('wait for a transaction that has published before, in the same room only', async () => {
      const server = await serve()
      const reader = new Heard(clientOf(server))
      await reader.subscription.ready
      const logs = await logsOf(server)
      const store = await server.db[durableStore]()
      const late = deferred<void>()
      const isWritten = deferred<void>()
      const message = { channel: 'Moves', key: '', item: '[1,"late"]', to: undefined, except: undefined }
      const written = store.transaction(async (run) => {
        const rows = await logs.write(run, [message], 'late')
        isWritten.resolve()
        await late.promise
        return rows
      })
      await isWritten.promise
      const next = server.publish(Moves, 'next')
      if (kind.name === 'PostgreSQL') await server.db.transaction((db) => db.create(Entry, { note: 'elsewhere' }))
      expect(reader.messages).to.deep.equal([])
      late.resolve()
      logs.committed(await written)
      await next
      expect(await reader.until(2)).to.deep.equal(['late', 'next'])
    })

    it('keep an audience, also for those that come later', async () => {
      const [a, b] = [await serve(), await serve()]
      const [one, two] = [clientOf(a), clientOf(b)]
      const readers = [new Heard(one), new Heard(two)]
      await Promise.all(readers.map(({ subscription }) => subscription.ready))
      await a.publish(Moves, 'all')
      await Promise.all(readers.map((reader) => reader.until(1)))
      const since = readers[1]?.subscription.position
      await a.publish(Moves, 'to two', { to: two.sessionId as string })
      await b.publish(Moves, 'not to two', { except: two.sessionId as string })
      await a.publish(Moves, 'end')
      expect(await readers[0]?.until(3)).to.deep.equal(['all', 'not to two', 'end'])
      expect(await readers[1]?.until(3)).to.deep.equal(['all', 'to two', 'end'])
      const again = new Heard(two, { since })
      expect(await again.until(2)).to.deep.equal(['to two', 'end'])
    })

    it('keep what their history says, and number on', async () => {
      const server = await serve()
      server.addChannel(new Few())
      const few = server.channel(Few)
      await Promise.all(Array.from({ length: 8 }, (_, i) => few.publish(`${i + 1}`, { key: 'room' })))
      const logs = await logsOf(server)
      await logs.clean()
      const read = () => logs.after({ channel: 'Few', key: 'room' }, 0, 100)
      expect((await read()).messages.map(({ offset }) => offset)).to.deep.equal([6, 7, 8])
      await waitFor(async () => {
        await logs.clean()
        return (await read()).messages.length === 0
      })
      await few.publish('9', { key: 'room' })
      // On a busy machine its time is over before it can be read.
      expect((await read()).head).to.equal(9)
    })

    it('recover nothing where the store has lost its end, also while it is read', async () => {
      const server = await serve()
      const reader = new Heard(clientOf(server))
      await reader.subscription.ready
      for (const note of ['one', 'two']) await server.publish(Moves, note)
      await reader.until(2)
      const { position } = reader.subscription
      await statement((tables) => [
        `delete from ${tables.message} where number = 2`,
        `update ${tables.room} set head = 1`,
      ])
      await waitFor(() => !reader.subscription.recovered)
      const late = new Heard(clientOf(server), { since: position })
      await late.subscription.ready
      expect(late.subscription.recovered).to.equal(false)
      await server.publish(Moves, 'other two')
      expect(await reader.until(3)).to.deep.equal(['one', 'two', 'other two'])
      expect(await late.until(1)).to.deep.equal(['other two'])
    })

    it('recover nothing from another store with the same messages', async () => {
      const server = await serve()
      await server.publish(Moves, 'one')
      const all = new Heard(clientOf(server), { since: 'oldest' })
      await all.until(1)
      const since = all.subscription.position
      await stop(server)
      if (kind.name === 'PostgreSQL') await statement(({ store: own }) => [`update ${own} set id = 'other'`])
      else {
        const path = (store.options.url as string).slice('file:'.length)
        await copyFile(path, `${path}.copy`)
        await rename(`${path}.copy`, path)
      }
      const next = await serve()
      await next.publish(Moves, 'two')
      const late = new Heard(clientOf(next), { since })
      await late.subscription.ready
      expect(late.subscription.recovered).to.equal(false)
    })

    it('refuse keys that a store cannot keep, and positions that are none', async () => {
      const server = await serve()
      const client = clientOf(server)
      for (const key of ['a\0b', '\ud800'])
        for (const work of [client.publish(Moves, 'x', { key }), client.subscribe(Moves, { key }).ready])
          expect(await failureOf(work)).to.have.property('code', 'BAD_REQUEST')
      await server.publish(Moves, 'one')
      for (const since of [
        { epoch: "'; drop table isock_room", offset: 1 },
        { epoch: 'x'.repeat(100), offset: Number.MAX_SAFE_INTEGER },
        { epoch: '\0', offset: 0 },
      ]) {
        const subscription = client.subscribe(Moves, { since })
        await subscription.ready
        expect(subscription.recovered).to.equal(false)
      }
      for (const since of [
        { epoch: 'x'.repeat(101), offset: 1 },
        { epoch: 'x', offset: 1.5 },
      ])
        expect(await failureOf(client.subscribe(Moves, { since }).ready)).to.have.property('code', 'BAD_REQUEST')
    })

    it('publish once what is answered again by the next server', async () => {
      const place = new Place(store.options)
      try {
        const first = await place.serve({}, new Gate(), [new Tell()])
        first.server.addChannel(new Moves())
        const client = place.client()
        await client.connect()
        place.network.judge = (frame) => {
          if (frame.kind !== Kind.Result) return 'pass'
          place.network.judge = undefined
          place.leave()
          return 'lose and cut'
        }
        const answer = client.runAction(Tell, 'told')
        await waitFor(() => first.data.transactions?.commits === 1)
        const second = await place.serve({}, new Gate(), [new Tell()])
        second.server.addChannel(new Moves())
        await answer
        expect(second.data.transactions).to.include({ replays: 1, commits: 0 })
        expect(await second.server.channel(Moves).readHistory()).to.deep.equal([{ offset: 1, message: 'told' }])
      } finally {
        await place.close()
      }
    })

    it('publish nothing again where a transaction is run again', async () => {
      const server = await serve()
      const client = clientOf(server)
      const { write } = RoomRows.prototype
      let failures = 2
      RoomRows.prototype.write = async function (...args) {
        const written = await write.apply(this, args)
        if (failures-- > 0) throw Object.assign(new Error('deadlock detected'), { code: '40P01' })
        return written
      }
      try {
        await client.runAction(Post, { note: 'one' })
      } finally {
        RoomRows.prototype.write = write
      }
      expect(failures).to.equal(-1)
      expect(await server.channel(Moves).readHistory()).to.deep.equal([{ offset: 1, message: 'one' }])
    })

    it('are opened before a transaction begins, where that has failed before', async () => {
      const { settleAt } = RoomRows.prototype
      const next = new Server('127.0.0.1', 0, { features: [data({ models: [Entry], waitMs: 500, ...store.options })] })
      servers.add(next)
      next.addAction(new Post())
      await next.listen()
      const hasFailed = deferred<void>()
      RoomRows.prototype.settleAt = async () => {
        RoomRows.prototype.settleAt = settleAt
        hasFailed.resolve()
        throw new Error('not now')
      }
      next.addChannel(new Moves()).addChannel(new Chat())
      await hasFailed.promise
      expect(await clientOf(next).runAction(Post, { note: 'one' })).to.equal('one')
    })

    it('cost nothing where there is none', async () => {
      const server = new Server('127.0.0.1', 0, { features: [data({ models: [Entry], ...store.options })] })
      servers.add(server)
      server.addChannel(new Chat())
      await server.listen()
      await server.publish(Chat, 'hello')
      const failed = await failureOf(statement(({ room }) => [`select * from ${room}`], false))
      expect(String(failed)).to.include('no table')
    })

    it('publish nothing of an action that failed', async () => {
      const server = await serve()
      const client = clientOf(server)
      const reader = new Heard(client)
      const chat: string[] = []
      await reader.subscription.ready
      await client.subscribe(Chat, (note) => void chat.push(note)).ready
      await failureOf(client.runAction(Post, { note: 'bad' }))
      await client.runAction(Post, { note: 'good' })
      await client.runAction(Tell, 'told')
      expect(await reader.until(2)).to.deep.equal(['good', 'told'])
      await waitFor(() => chat.length > 0)
      expect(chat).to.deep.equal(['good'])
      const kept = await server.channel(Moves).readHistory()
      expect(kept).to.deep.equal([
        { offset: 1, message: 'good' },
        { offset: 2, message: 'told' },
      ])
    })
  })
