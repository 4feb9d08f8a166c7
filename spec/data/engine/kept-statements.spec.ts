// Prepared statements of libsql that are kept for the next time, and when the write-ahead log is copied.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { attach } from '../../../lib/features/data/engine/libsql/attached-store.ts'
import { Checkpoints, copiesByItself } from '../../../lib/features/data/engine/libsql/checkpoints.ts'
import { libsqlDialect } from '../../../lib/features/data/engine/libsql/dialect.ts'
import { KeptStatements } from '../../../lib/features/data/engine/libsql/kept-statements.ts'
import {
  type DriverConnection,
  type RawConnection,
  rawConnection,
} from '../../../lib/features/data/engine/libsql/raw-connection.ts'
import { WriteLock } from '../../../lib/features/data/engine/libsql/write-lock.ts'
import { Slices } from '../../../lib/features/data/engine/slices.ts'
import { failureOf } from '../../setup/world.ts'

// The driver that MikroORM brings.
const Libsql = createRequire(import.meta.resolve('@mikro-orm/libsql'))('libsql') as new (
  file: string,
) => DriverConnection

describe('Kept statements', () => {
  it('are in the hands of one at a time', () => {
    const kept = new KeptStatements()
    const statement = {}
    expect(kept.take('select 1')).to.equal(undefined)
    kept.giveBack('select 1', statement, [])
    expect(kept.take('select 1')).to.equal(statement)
    expect(kept.take('select 1')).to.equal(undefined)
  })

  it('are those that work on rows, whose text is no longer than 2 000 characters', () => {
    const kept = new KeptStatements()
    const fits = (sql: string): boolean => {
      kept.giveBack(sql, {}, [])
      return kept.take(sql) !== undefined
    }
    for (const sql of [
      'SELECT 1',
      'insert into a',
      'update a',
      'delete from a',
      'with a as',
      `select ${'1'.repeat(1_993)}`,
    ])
      expect(fits(sql), sql.slice(0, 20)).to.equal(true)
    for (const sql of ['create table a', 'savepoint a', 'selected', 'pragma a', `select ${'1'.repeat(1_994)}`])
      expect(fits(sql), sql.slice(0, 20)).to.equal(false)
  })

  it('hold no large values: those of the last time stay with them', () => {
    const kept = new KeptStatements()
    const fits = (...values: unknown[]): boolean => {
      kept.giveBack('select 1', {}, values)
      return kept.take('select 1') !== undefined
    }
    const half = new Uint8Array(2_000)
    expect(fits('a'.repeat(2_000), half, 5, null, 7n)).to.equal(true)
    expect(fits('a'.repeat(2_001), half)).to.equal(false)
    expect(fits(half, Buffer.alloc(2_001))).to.equal(false)
  })

  it('are 64 at most: the one that was used longest ago goes', () => {
    const kept = new KeptStatements()
    for (let i = 0; i < 64; i++) kept.giveBack(`select ${i}`, i, [])
    kept.giveBack('select 0', kept.take('select 0'), [])
    kept.giveBack('select 64', 64, [])
    expect(kept.take('select 1')).to.equal(undefined)
    expect([0, 2, 64].map((i) => kept.take(`select ${i}`))).to.deep.equal([0, 2, 64])
  })
})

describe('A connection of libsql to a file', () => {
  const dialect = libsqlDialect({
    writeLock: new WriteLock(1_000),
    waitMs: 1_000,
    durability: 'full',
    slices: new Slices(),
  }).prototype as unknown as { _query(connection: object, query: object): Promise<{ readonly response: unknown }> }
  let directory: string
  let file: string
  let connection: RawConnection & { prepare(sql: string): unknown }
  let prepared: string[]

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'isock-kept-'))
    file = join(directory, 'store.db')
    connection = rawConnection(new Libsql(':memory:'))
    connection.exec(attach(file))
    connection.exec('pragma store.journal_mode = wal')
    connection.exec(copiesByItself)
    connection.exec('create table store.notes (id integer primary key, text text)')
    connection.file = 'it'
    prepared = []
    const { prepare } = connection
    connection.prepare = (sql) => {
      prepared.push(sql)
      return prepare.call(connection, sql)
    }
  })

  afterEach(() => {
    connection.close()
    rmSync(directory, { recursive: true })
  })

  const run = async (sql: string, ...bindings: unknown[]): Promise<unknown> =>
    (await dialect._query(connection, { sql, method: 'raw', bindings })).response
  const insert = 'insert into notes values (?, ?)'
  const all = 'select text from notes order by id'

  it('prepares a statement once, and runs it with the values of each time', async () => {
    for (const id of [1, 2]) {
      await run(insert, id, `note ${id}`)
      expect(await run(all)).to.have.length(id)
    }
    expect(prepared).to.deep.equal([insert, all])
  })

  it('prepares one again that has run with large values', async () => {
    await run(insert, 1, 'a'.repeat(5_000))
    await run(insert, 2, 'note')
    expect(prepared).to.deep.equal([insert, insert])
  })

  it('prepares one again that has failed', async () => {
    await run(insert, 1, 'note')
    expect(await failureOf(run(insert, 1, 'again'))).to.include({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' })
    await run(insert, 2, 'other')
    expect(prepared).to.deep.equal([insert, insert])
    expect(await run(all)).to.deep.equal([{ text: 'note' }, { text: 'other' }])
  })

  it('takes kept statements for what they are where tables have changed, and lets tables go', async () => {
    await run(insert, 1, 'note')
    const everything = 'select * from notes'
    await run(everything)
    await run('alter table store.notes add column more text')
    expect(await failureOf(run(insert, 2, 'note')))
      .to.have.property('message')
      .that.includes('3 columns')
    expect(await run(all)).to.deep.equal([{ text: 'note' }])
    expect(await run(everything)).to.deep.equal([{ id: 1, text: 'note', more: null }])
    await run('drop table store.notes')
    expect((await failureOf(run(all))).message).to.include('no such table')
  })

  it('copies its log when it is due, outside of the server’s thread', async () => {
    const checkpoints = new Checkpoints()
    await run(insert, 1, 'note')
    const copy = join(directory, 'copy.db')
    /** Of the file alone, without its log. */
    const tables = (): unknown => {
      copyFileSync(file, copy)
      const other = new Libsql(copy)
      const found = (other.prepare("select name from sqlite_master where type = 'table'") as { all(): unknown }).all()
      other.close()
      return found
    }
    expect(tables()).to.deep.equal([])
    const copied = checkpoints.copy(connection)
    expect(connection.inTransaction).to.equal(false)
    await copied
    expect(tables()).to.deep.equal([{ name: 'notes' }])
  })
})

describe('Checkpoints', () => {
  /** A connection that writes down what it is asked for, and does it when it is told to. */
  const asked = (file: string | undefined, fault?: Error) => {
    const statements: string[] = []
    const execLater = async (sql: string): Promise<void> => {
      statements.push(sql)
      if (fault !== undefined) throw fault
    }
    return { statements, connection: { file, execLater } as unknown as RawConnection }
  }

  it('are due after 1 000 statements that write', async () => {
    const checkpoints = new Checkpoints()
    for (let i = 0; i < 999; i++) checkpoints.onStatement(i % 2 === 0 ? 'insert into a' : 'UPDATE a')
    for (const sql of ['select 1', 'savepoint a', 'release a', 'commit']) checkpoints.onStatement(sql)
    expect(checkpoints.isDue).to.equal(false)
    checkpoints.onStatement('delete from a')
    expect(checkpoints.isDue).to.equal(true)
    const { statements, connection } = asked('it')
    await checkpoints.copy(connection)
    expect(statements).to.deep.equal(['pragma store.wal_checkpoint(passive)'])
    expect(checkpoints.isDue).to.equal(false)
  })

  it('are none for a store in memory, and may fail', async () => {
    const memory = asked(undefined)
    await new Checkpoints().copy(memory.connection)
    expect(memory.statements).to.deep.equal([])
    const broken = asked('it', new Error('disk I/O error'))
    await new Checkpoints().copy(broken.connection)
    expect(broken.statements).to.have.length(1)
  })
})
