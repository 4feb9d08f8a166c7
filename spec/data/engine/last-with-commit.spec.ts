// The last statement of a durable transaction of PostgreSQL, which is sent together with the COMMIT.
import { expect } from 'chai'
import { ConflictError, Database, field, Model } from 'isock/data'
import { Kind } from '../../../lib/core/wire/frames/frame.ts'
import { beginUnit, durableStore } from '../../../lib/features/data/database.ts'
import { AnswerRows, type CallPlace, NotOurs } from '../../../lib/features/data/durable/answer-rows.ts'
import type { Value } from '../../../lib/features/data/durable/durable-store.ts'
import type { LastStatement } from '../../../lib/features/data/durable/last-statement.ts'
import type { OpenUnit } from '../../../lib/features/data/open-unit.ts'
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

    const usual = (): string =>
      `insert into ${marks} (mark, session) values (?, ?) on conflict do nothing returning mark`

    async function begin(text: string): Promise<OpenUnit> {
      const unit = database[beginUnit]({ signal: undefined, label: 'a unit', commitsOnce: true })
      await unit.db.create(Note, { text })
      sent = []
      return unit
    }

    async function finish(text: string, mark: string, session: string | null = null, sql = usual()): Promise<void> {
      const unit = await begin(text)
      await unit.finish(true, async () => statement(sql, [mark, session]))
    }

    /** The failure of a unit that may begin again. */
    async function interruptedBy(text: string, mark: string): Promise<unknown> {
      const unit = await begin(text)
      const failure = await failureOf(unit.finish(true, async () => statement(usual(), [mark, null])))
      expect(unit.wasInterrupted).to.equal(true)
      return failure
    }

    const texts = async (): Promise<string[]> =>
      database.transaction(async (db) => (await db.query(Note, {}, { sort: ['text'] })).map(({ text }) => text))

    it('is sent with the commit', async () => {
      await finish('a', 'one')
      expect(sent).to.have.length(1)
      expect(sent[0]).to.match(/isock_[0-9a-f]{16}\0with written as \(insert into .* values \(\$1, \$2\).*one.*COMMIT/s)
      expect(await texts()).to.deep.equal(['a'])
    })

    it('is prepared once by each connection', async () => {
      await finish('a', 'one')
      await finish('b', 'two')
      expect(sent.map((text) => [text.includes('insert'), text.includes('COMMIT')])).to.deep.equal([[false, true]])
      expect(await texts()).to.deep.equal(['a', 'b'])
    })

    /** As a pooler does that gives each transaction another connection. */
    const read = async (sql: string): Promise<void> => {
      await (await database[durableStore]()).read(sql)
    }

    it('is sent whole from then on where the store does not know what was prepared', async () => {
      await finish('a', 'one')
      await read('deallocate all')
      expect(await interruptedBy('b', 'two')).to.be.instanceOf(ConflictError)
      for (const [text, mark] of [
        ['c', 'two'],
        ['d', 'three'],
      ] as const) {
        await finish(text, mark)
        expect(sent.map((bytes) => bytes.includes('returning mark') && bytes.includes('COMMIT'))).to.deep.equal([true])
      }
      expect(await texts()).to.deep.equal(['a', 'c', 'd'])
    })

    it('is sent whole from then on where the store knows it already', async () => {
      await finish('a', 'one')
      const name = /isock_[0-9a-f]{16}/.exec(sent.join())?.[0] as string
      await database.close()
      database = await new Database({ models: [Note], ...store.options, url: relay.url, maxConnections: 1 }).open()
      await read(`prepare ${name} as select 1`)
      expect(await interruptedBy('b', 'two')).to.be.instanceOf(ConflictError)
      await finish('c', 'two')
      expect(sent.map((bytes) => bytes.includes('returning mark') && bytes.includes('COMMIT'))).to.deep.equal([true])
      expect(await texts()).to.deep.equal(['a', 'c'])
    })

    it('undoes all where it cannot be prepared, and leaves the connection to others', async () => {
      const sql = `insert into ${marks} (mark, nothing) values (?, ?) returning mark`
      expect(await failureOf(finish('a', 'one', null, sql))).to.be.instanceOf(Error)
      await finish('b', 'one')
      expect(await texts()).to.deep.equal(['b'])
    })

    it('has values that are nothing but values', async () => {
      const marked = async (): Promise<unknown[]> =>
        (await (await database[durableStore]()).read(`select mark from ${marks} order by mark`)).map(({ mark }) => mark)
      const odd = ["'; drop table marks; --", '$1', '?', 'a\\', 'ä\n', '']
      for (const mark of odd) await finish('a', mark)
      expect(await marked()).to.have.members(odd)
    })

    it('is sent with the commit however large it is', async () => {
      // Not compressible below what an index takes.
      const large = Array.from({ length: 700 }, (_, at) => String.fromCharCode(97 + ((at * 7) % 26)))
        .join('')
        .repeat(12)
      await finish('a', large)
      expect(sent.join('').match(/COMMIT/g)).to.have.length(1)
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

    describe('that records an answer', () => {
      const place: CallPlace = { session: 'ours', generation: 2, slot: 1, seq: 7 }
      let answers: AnswerRows

      beforeEach(async () => {
        const records = await database[durableStore]()
        answers = new AnswerRows(records)
        const sql = `insert into ${records.nameOf('isock_session')} (id, secret_hash, slots, generation) values (?, ?, ?, ?)`
        await records.transaction((run) => run(sql, ['ours', new Uint8Array(1), 1, 2]))
      })

      async function commitAs(text: string, own: Partial<CallPlace>): Promise<void> {
        const unit = await begin(text)
        const answer = { kind: Kind.Result, seq: 7, items: 0, value: new Uint8Array(3) } as const
        await unit.finish(true, async () => answers.writing({ ...place, ...own }, 'act', { answer, items: [] }))
        expect(sent).to.have.length(1)
        expect(sent[0]).to.match(/isock_[0-9a-f]{16}.*COMMIT/s)
      }

      it('counts as the first of its slot, and over an earlier one', async () => {
        await commitAs('a', {})
        await commitAs('b', { seq: 8 })
        expect(await texts()).to.deep.equal(['a', 'b'])
      })

      for (const [what, own] of [
        ['this call has one', {}],
        ['a later call has the slot', { seq: 6 }],
        ['the session has another generation', { seq: 8, generation: 1 }],
        ['there is no session', { seq: 8, session: 'nobody' }],
      ] as const)
        it(`undoes all where ${what}`, async () => {
          await commitAs('a', {})
          const failure = await failureOf(commitAs('b', own))
          expect(failure).to.be.instanceOf(NotOurs)
          expect(failure['why']).to.equal('answered')
          await commitAs('c', { seq: 9 })
          expect(await texts()).to.deep.equal(['a', 'c'])
        })
    })
  })
