// Hints by the notifications of PostgreSQL, without one: what is listened to, what is passed on, and what follows a lost connection.
import { expect } from 'chai'
import type { Engine } from '../../../lib/features/data/engine/engine.ts'
import { PostgresHints } from '../../../lib/features/data/engine/postgres-hints.ts'
import { waitFor } from '../../setup/wait-for.ts'

/** The topic of a server without a schema: the digest of an empty text. */
const topic = 'isock_e3b0c44298fc1c14'

class FakeConnection {
  readonly queries: string[] = []
  readonly #listeners = new Map<string, ((message: { readonly payload?: string }) => void)[]>()

  async query(sql: string): Promise<void> {
    this.queries.push(sql)
  }

  on(event: string, listener: () => void): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
  }

  emit(event: 'notification' | 'error' | 'end', message: { readonly payload?: string } = {}): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(message)
  }
}

/** A PostgreSQL that passes notifications on to the connections that it has. */
class FakePostgres {
  readonly made: FakeConnection[] = []
  readonly open = new Set<FakeConnection>()
  readonly sent: unknown[][] = []
  /** So many connections fail. */
  refuses = 0
  isAway = false
  attempts = 0
  readonly schema: string | undefined

  constructor(schema?: string) {
    this.schema = schema
  }

  get engine(): Engine {
    const client = {
      acquireRawConnection: async () => {
        this.attempts++
        if (this.refuses > 0) {
          this.refuses--
          throw new Error('refused')
        }
        const connection = new FakeConnection()
        this.made.push(connection)
        this.open.add(connection)
        return connection
      },
      destroyRawConnection: async (connection: FakeConnection) => {
        this.open.delete(connection)
        throw new Error('it was broken')
      },
    }
    const raw = async (sql: string, values: readonly string[]) => {
      if (this.isAway) throw new Error('away')
      this.sent.push([sql, values[0]])
      for (const connection of this.open) connection.emit('notification', { payload: values[1] ?? '' })
      return { rows: [] }
    }
    const manager = {
      getKnex: () => ({ raw }),
      getTransactionContext: () => undefined,
      getConnection: () => ({ getKnex: () => ({ client }) }),
    }
    return { options: { schema: this.schema }, fork: () => manager } as unknown as Engine
  }
}

describe('The hints of PostgreSQL', () => {
  let postgres: FakePostgres
  let hints: PostgresHints
  let heard: (string | undefined)[]
  let reported: unknown[]

  const start = (schema?: string): void => {
    postgres = new FakePostgres(schema)
    heard = []
    reported = []
    hints = new PostgresHints(postgres.engine, (error) => void reported.push(error))
  }
  const listen = (): void => hints.listen((text) => void heard.push(text))

  beforeEach(() => start())

  afterEach(() => hints.close())

  it('listen to the topic of their schema, and say that something may have been sent before', async () => {
    listen()
    await waitFor(() => heard.length === 1)
    expect(heard).to.deep.equal([undefined])
    expect(postgres.made.map(({ queries }) => queries)).to.deep.equal([[`listen "${topic}"`]])
    expect(postgres.sent).to.deep.equal([['select pg_notify(?, ?)', topic]])
    start('shop')
    listen()
    await waitFor(() => heard.length === 1)
    expect(postgres.made[0]?.queries[0]).to.match(/^listen "isock_[0-9a-f]{16}"$/)
    expect(postgres.made[0]?.queries[0]).to.not.include(topic)
  })

  it('pass on what is sent, except their own test', async () => {
    listen()
    await waitFor(() => heard.length === 1)
    await hints.send('a')
    postgres.made[0]?.emit('notification')
    postgres.made[0]?.emit('notification', { payload: 'test of another' })
    await hints.send('tests')
    expect(heard).to.deep.equal([undefined, 'a', '', 'tests'])
  })

  it('are lost without a word while the store is away', async () => {
    postgres.isAway = true
    await hints.send('a')
    expect([postgres.sent, reported]).to.deep.equal([[], []])
  })

  it('connect again after the connection was lost, once for each', async () => {
    listen()
    await waitFor(() => heard.length === 1)
    const [first] = postgres.made
    first?.emit('error')
    first?.emit('end')
    await waitFor(() => heard.length === 2)
    expect(postgres.open.has(first as FakeConnection)).to.equal(false)
    expect(postgres.attempts).to.equal(2)
    first?.emit('end')
    await hints.send('a')
    expect(heard).to.deep.equal([undefined, undefined, 'a'])
    expect([...postgres.open]).to.deep.equal([postgres.made[1]])
  })

  it('connect again and again while there is no server', async () => {
    postgres.refuses = 2
    listen()
    await waitFor(() => heard.length === 1)
    expect(postgres.attempts).to.equal(3)
    expect(reported).to.deep.equal([])
  })

  it('leave no connection when they are closed, also before they are heard', async () => {
    listen()
    await waitFor(() => heard.length === 1)
    await hints.close()
    expect(postgres.open.size).to.equal(0)
    postgres.made[0]?.emit('end')
    start()
    postgres.isAway = true
    listen()
    await waitFor(() => postgres.made[0]?.queries.length === 1)
    await hints.close()
    expect([postgres.open.size, heard, reported]).to.deep.equal([0, [], []])
    start()
    listen()
    await hints.close()
    expect([postgres.open.size, heard]).to.deep.equal([0, []])
  })

  it('do not connect any more when they are closed while they wait for it', async () => {
    postgres.refuses = 1
    listen()
    await new Promise((resolve) => setImmediate(resolve))
    await hints.close()
    const { attempts } = postgres
    const other = new FakePostgres()
    other.refuses = 2
    const later = new PostgresHints(other.engine, () => undefined)
    later.listen(() => undefined)
    await waitFor(() => other.attempts === 3)
    await later.close()
    expect([attempts, postgres.attempts]).to.deep.equal([1, 1])
  })
})
