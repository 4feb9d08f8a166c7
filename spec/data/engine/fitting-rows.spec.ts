// The checks of existing rows: values that are missing or the same, and references to rows that are not there.
import { expect } from 'chai'
import { ConflictError, Database, InvalidDataError } from 'isock/data'
import { durableStore } from '../../../lib/features/data/database.ts'
import type { DurableStore } from '../../../lib/features/data/durable/durable-store.ts'
import type { Manager } from '../../../lib/features/data/engine/engine.ts'
import type { ExistingTable } from '../../../lib/features/data/engine/existing-tables.ts'
import { requireDistinct, requireNoNulls, requireTargets } from '../../../lib/features/data/engine/fitting-rows.ts'
import type { ModelPlan } from '../../../lib/features/data/plan.ts'
import { failureOf } from '../../setup/world.ts'

const plan = { name: 'Note' } as ModelPlan
const notes = { quoted: '"notes"' } as ExistingTable
const authors = { quoted: '"authors"' } as ExistingTable

describe('Existing rows', () => {
  let database: Database
  let store: DurableStore
  const context = {}
  let contexts: unknown[]
  let manager: Manager

  beforeEach(async () => {
    database = await new Database({ models: [], url: 'memory:' }).open()
    store = await database[durableStore]()
    contexts = []
    manager = {
      getTransactionContext: () => context,
      getConnection: () => ({
        execute: (sql: string, _values: unknown, _how: string, given: unknown) => {
          contexts.push(given)
          return store.read(sql)
        },
      }),
    } as unknown as Manager
    await run('create table notes (pk text primary key, author text)')
    await run('create table authors (pk text primary key)')
  })

  afterEach(() => database.close())

  const run = (sql: string): Promise<unknown> => store.transaction((statement) => statement(sql))
  const add = (pk: string, author: string | null): Promise<unknown> =>
    store.transaction((statement) => statement('insert into notes (pk, author) values (?, ?)', [pk, author]))
  const target = { name: 'Author', table: authors }

  it('fit every new requirement if there are none', async () => {
    await requireNoNulls(plan, 'author', notes, manager)
    await requireDistinct(plan, 'author', notes, manager)
    await requireTargets(plan, 'author', notes, target, manager)
    await requireTargets(plan, 'author', notes, { name: 'Author', table: undefined }, manager)
    expect(contexts).to.deep.equal([context, context, context, context])
  })

  it('must have a value of a field that is not optional any more', async () => {
    await add('1', 'ann')
    await requireNoNulls(plan, 'author', notes, manager)
    await add('2', null)
    const error = await failureOf(requireNoNulls(plan, 'author', notes, manager))
    expect(error).to.be.instanceOf(InvalidDataError)
    expect(error.message).to.equal('Note.author is not optional any more, but there are rows without it')
    expect(error).to.include({ model: 'Note', field: 'author' })
  })

  it('must have different values of a field that is unique now, except those without it', async () => {
    await add('1', 'ann')
    await add('2', 'bob')
    await add('3', null)
    await add('4', null)
    await requireDistinct(plan, 'author', notes, manager)
    await add('5', 'ann')
    const error = await failureOf(requireDistinct(plan, 'author', notes, manager))
    expect(error).to.be.instanceOf(ConflictError)
    expect(error.message).to.equal(
      'Note.author is unique now, but there are rows with the same value; change those first',
    )
    expect(error).to.include({ model: 'Note', field: 'author' })
  })

  it('must refer to rows that are there, if they refer to any', async () => {
    await add('1', null)
    await run(`insert into authors (pk) values ('ann')`)
    await add('2', 'ann')
    await requireTargets(plan, 'author', notes, target, manager)
    await add('3', 'bob')
    const error = await failureOf(requireTargets(plan, 'author', notes, target, manager))
    expect(error).to.be.instanceOf(ConflictError)
    expect(error.message).to.equal(
      'Note.author refers to Author now, but there are rows that would refer to nothing; change those first',
    )
    expect(error).to.include({ model: 'Note', field: 'author' })
  })

  it('must not refer to rows of a table that is not there', async () => {
    await add('1', null)
    await requireTargets(plan, 'author', notes, { name: 'Author', table: undefined }, manager)
    await add('2', 'ann')
    const error = await failureOf(requireTargets(plan, 'author', notes, { name: 'Author', table: undefined }, manager))
    expect(error).to.be.instanceOf(ConflictError)
  })
})
