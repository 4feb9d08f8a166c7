// Durable channels over a file and over PostgreSQL: several servers of one store, restarts, and what is published with a commit.
import { expect } from 'chai'
import { Action, Channel, Client, type Context, Server, type SubscribeOptions, type Subscription } from 'isock'
import { data, field, Model } from 'isock/data'
import { waitFor } from '../../setup/wait-for.ts'
import { failureOf } from '../../setup/world.ts'
import { stores, type TestStore } from '../stores.ts'

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

const kinds = stores.filter(({ name }) => name !== 'libsql in memory')

for (const kind of kinds)
  describe(`durable channels, ${kind.name}`, () => {
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
      const server = new Server('127.0.0.1', port, { features: [data({ models: [Entry], ...store.options })] })
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
        for (let i = 0; i < 10; i++) {
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
      const [first = [], second = []] = await Promise.all(readers.map((reader) => reader.until(50)))
      expect(first).to.deep.equal(second)
      expect([...first].sort()).to.deep.equal([...published].sort())
      for (const name of ['a plain', 'b plain', 'a client', 'a transaction', 'b transaction'])
        expect(first.filter((note) => note.startsWith(name))).to.deep.equal(
          Array.from({ length: 10 }, (_, i) => `${name} ${i}`),
        )
      const kept = await a.channel(Moves).readHistory()
      expect(kept.map(({ offset }) => offset)).to.deep.equal(Array.from({ length: 50 }, (_, i) => i + 1))
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
