// What the row of a call says of it, and what becomes of one that was cut in the middle.
import { expect } from 'chai'
import { Kind } from '../../../lib/core/wire/frames/frame.ts'
import { AnswerRows, type CallPlace } from '../../../lib/features/data/durable/answer-rows.ts'
import type { DurableStore, Row } from '../../../lib/features/data/durable/durable-store.ts'
import { storedForm } from '../../../lib/features/data/durable/stored-answer.ts'
import { AnswerState } from '../../../lib/features/data/durable/tables.ts'
import { failureOf } from '../../setup/world.ts'

const place: CallPlace = { session: 's', generation: 3, slot: 1, seq: 17 }
const recorded = { answer: { kind: Kind.Result, seq: 17, items: 0, value: 'done' }, items: [] } as const
const { state, items, answer } = storedForm(recorded)
const done: Row = { seq: 17, state, items, answer }
const started: Row = { seq: 17, state: AnswerState.Started, items: null, answer: new Uint8Array(16) }

describe('The row of a call', () => {
  /** What the row is, each time that it is read. */
  let reads: (Row | undefined)[]
  /** Whether the row is still to be cut. */
  let isCut: boolean
  let statements: string[]
  let failing: Error | undefined
  let rows: AnswerRows

  beforeEach(() => {
    reads = []
    isCut = false
    statements = []
    failing = undefined
    const store: DurableStore = {
      isPostgres: true,
      nameOf: (table) => table,
      read: async () => {
        const row = reads.shift()
        return row === undefined ? [] : [row]
      },
      transaction: (work) =>
        work(async (sql) => {
          if (failing !== undefined) throw failing
          statements.push(sql.slice(0, 20))
          return sql.startsWith('update') && isCut ? [{ seq: 17 }] : sql.startsWith('insert') ? [{ seq: 17 }] : []
        }),
      lacksReference: (error) => (error as { code?: string }).code === '23503',
    }
    rows = new AnswerRows(store)
  })

  it('says nothing where there is none, or it is of an earlier call', async () => {
    reads = [undefined, { ...done, seq: 1 }]
    expect(await rows.find(place)).to.equal(undefined)
    expect(await rows.find(place)).to.equal(undefined)
  })

  it('says that a later call has its slot, or that its caller has the result', async () => {
    reads = [
      { ...done, seq: 33 },
      { ...done, answer: null },
    ]
    expect(await rows.find(place)).to.equal('later')
    expect(await rows.find(place)).to.equal('later')
  })

  it('has the answer', async () => {
    reads = [done]
    expect(await rows.find(place)).to.deep.equal(recorded)
  })

  it('says that it was cut, and cuts one that another server has started', async () => {
    reads = [{ ...started, state: AnswerState.Unknown }, started]
    isCut = true
    expect(await rows.find(place)).to.equal('cut')
    expect(statements).to.deep.equal([])
    expect(await rows.find(place)).to.equal('cut')
    expect(statements).to.deep.equal(['update isock_answer '])
  })

  it('is read again where it could not be cut: it has ended, still runs, or is of another call', async () => {
    reads = [started, done, done]
    expect(await rows.find(place)).to.deep.equal(recorded)
    for (const again of [started, undefined, { ...done, seq: 33 }]) {
      reads = [started, again]
      expect(await rows.find(place), String(again?.['seq'])).to.equal('running')
    }
  })

  it('is not kept by a probe, and one that fails says why', async () => {
    const last = { sql: 'insert key', values: [], errorOf: (error: unknown) => error ?? new Error('key taken') }
    await rows.probe(place, 'Pay', recorded, last)
    expect(statements).to.deep.equal(['insert into isock_an', 'insert key'])
    await rows.record(place, 'Pay', recorded, last)
    expect(statements.slice(2)).to.deep.equal(['insert into isock_an', 'insert key'])
    failing = Object.assign(new Error('no session'), { code: '23503' })
    expect(await failureOf(rows.probe(place, 'Pay', recorded))).to.have.property('why', 'session over')
    failing = new Error('away')
    expect(await failureOf(rows.probe(place, 'Pay', recorded))).to.equal(failing)
    expect(await failureOf(rows.record(place, 'Pay', recorded))).to.equal(failing)
  })
})
