// The last statement of a durable transaction of PostgreSQL, which is sent together with the COMMIT.
import { expect } from 'chai'
import { ConflictError, Database, field, Model } from 'isock/data'
import { beginUnit, durableStore } from '../../../lib/features/data/database.ts'
import type { Value } from '../../../lib/features/data/durable/durable-store.ts'
import type { LastStatement } from '../../../lib/features/data/durable/last-statement.ts'
import { commitText } from '../../../lib/features/data/engine/commit-text.ts'
import { failureOf } from '../../setup/world.ts'
import { Relay } from '../relay.ts'
import { stores, type TestStore } from '../stores.ts'

class Note extends Model {
  text = field.text()
}

const none = new Error('nothing was written')

function statement(sql: string, values: readonly Value[]): LastStatement {
  return { sql, values, errorOf: (error) => error ?? none }
}

describe('The text of a last statement and its commit', () => {
  it('has values in a form in which nothing of them is SQL', () => {
    const text = commitText(
      statement('insert into t values (?, ?, ?, ?)', ["?'; drop table t; --", new Uint8Array([1, 255]), null, -7]),
    )
    expect(text).to.equal(
      "with written as (insert into t values (convert_from(decode('3f273b2064726f70207461626c6520743b202d2d', 'hex'), 'UTF8'), decode('01ff', 'hex'), null, (-7))) select 1 / count(*) from written; COMMIT",
    )
  })

  it('is not made of large values', () => {
    expect(commitText(statement('insert into t values (?)', [new Uint8Array(8 * 1024)]))).to.be.a('string')
    expect(commitText(statement('insert into t values (?)', [new Uint8Array(8 * 1024 + 1)]))).to.equal(undefined)
    expect(commitText(statement('insert into t values (?, ?)', ['x'.repeat(8 * 1024), 'x']))).to.equal(undefined)
  })
})

for (const kind of stores.filter(({ name }) => name === 'PostgreSQL'))
  describe('The last statement of a durable transaction', () => {
    let store: TestStore
    let relay: Relay
    let database: Database
    let marks: string
    /** What went to the store since the unit was made. */
    let sent: string[] = []

    beforeEach(async function () {
      store = await kind.make(this)
      relay = new Relay(store.options.url as string)
      await relay.open()
      // One connection: what a unit leaves behind, the next one finds.
      database = await new Database({ models: [Note], ...store.options, url: relay.url, maxConnections: 1 }).open()
      await database.migrate()
      const records = await database[durableStore]()
      marks = records.nameOf('marks')
      await records.read(
        `create table ${marks} (mark text primary key, session text references ${records.nameOf('isock_session')})`,
      )
      relay.onSent = (bytes) => {
        sent.push(bytes.toString('latin1'))
        return false
      }
    })

    afterEach(async () => {
      await database?.close()
      await relay?.close()
      await store.remove()
    })

    async function finish(text: string, mark: string, session: string | null = null): Promise<void> {
      const unit = database[beginUnit]({ signal: undefined, label: 'a unit', commitsOnce: true })
      await unit.db.create(Note, { text })
      sent = []
      const sql = `insert into ${marks} (mark, session) values (?, ?) on conflict do nothing returning mark`
      await unit.finish(true, async () => statement(sql, [mark, session]))
    }

    const texts = async (): Promise<string[]> =>
      database.transaction(async (db) => (await db.query(Note, {}, { sort: ['text'] })).map(({ text }) => text))

    it('is sent with the commit', async () => {
      await finish('a', 'one')
      expect(sent.map((text) => text.includes('returning mark') && text.includes('COMMIT'))).to.deep.equal([true])
      expect(await texts()).to.deep.equal(['a'])
    })

    it('is sent by itself where it is large, and counts as well', async () => {
      // Not compressible below what an index takes.
      const large = Array.from({ length: 700 }, (_, at) => String.fromCharCode(97 + ((at * 7) % 26)))
        .join('')
        .repeat(12)
      await finish('a', large)
      expect(sent.filter((text) => text.includes('COMMIT'))).to.have.length(1)
      expect(sent.some((text) => text.includes('returning mark') && text.includes('COMMIT'))).to.equal(false)
      expect(await texts()).to.deep.equal(['a'])
    })

    it('undoes all where it writes nothing, and leaves the connection to others', async () => {
      await finish('a', 'one')
      expect(await failureOf(finish('b', 'one'))).to.equal(none)
      await finish('c', 'two')
      expect(await texts()).to.deep.equal(['a', 'c'])
    })

    it('undoes all where it fails, and leaves the connection to others', async () => {
      const failure = await failureOf(finish('a', 'one', 'no session'))
      expect(failure).to.be.instanceOf(ConflictError)
      await finish('b', 'one')
      expect(await texts()).to.deep.equal(['b'])
    })
  })
