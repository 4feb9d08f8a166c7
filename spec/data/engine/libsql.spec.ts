// Taking turns, and a file that is busy: what two processes meet too seldom to wait for.
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Database, StoreUnavailableError } from 'isock/data'
import { libsqlDialect } from '../../../lib/features/data/engine/libsql/dialect.ts'
import { KeptStatements } from '../../../lib/features/data/engine/libsql/kept-statements.ts'
import { WriteLock } from '../../../lib/features/data/engine/libsql/write-lock.ts'
import { Slices } from '../../../lib/features/data/engine/slices.ts'
import { failureOf } from '../../setup/world.ts'
import { Counter } from '../counter.ts'

interface RawConnection {
  exec(sql: string): void
  prepare(sql: string): { get(): { readonly found: number } }
  close(): void
}

// The driver that MikroORM brings.
const Libsql = createRequire(import.meta.resolve('@mikro-orm/libsql'))('libsql') as new (file: string) => RawConnection

const busy = (): Error => Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' })

describe('WriteLock', () => {
  it('are had in the order in which they were asked for', async () => {
    const turns = new WriteLock(1_000)
    const order: number[] = []
    await Promise.all(
      [1, 2, 3].map(async (number) => {
        const end = await turns.take()
        order.push(number)
        await sleep(1)
        end()
      }),
    )
    expect(order).to.deep.equal([1, 2, 3])
  })

  it('that come too late are given up, and taken from nobody else', async () => {
    const turns = new WriteLock(30)
    const end = await turns.take()
    const given = [turns.take(), turns.take()]
    for (const error of await Promise.all(given.map(failureOf))) expect(error).to.be.instanceOf(StoreUnavailableError)
    const next = turns.take()
    end()
    ;(await next)()
    ;(await turns.take())()
  })
})

describe('A statement that is refused because the file is busy', () => {
  /** What runs statements, without a store. */
  const dialect = libsqlDialect({
    writeLock: new WriteLock(100),
    waitMs: 100,
    durability: 'full',
    slices: new Slices(),
  }).prototype as unknown as {
    _query(connection: object, query: object): Promise<{ readonly response: unknown }>
  }
  const query = { sql: 'select 1', method: 'raw', bindings: [] }

  /** A connection whose statements are refused so often. */
  function refusing(times: number) {
    let left = times
    return {
      prepared: 0,
      kept: new KeptStatements(),
      __knex__disposed: undefined as unknown,
      prepare() {
        this.prepared++
        return {
          all() {
            if (left-- > 0) throw busy()
            return ['a row']
          },
        }
      },
    }
  }

  it('is run again, itself: one that is left as it is would keep the connection at an old state', async () => {
    const connection = refusing(3)
    expect((await dialect._query(connection, { ...query })).response).to.deep.equal(['a row'])
    expect(connection).to.include({ prepared: 1, __knex__disposed: undefined })
  })

  it('is given up in time, with its connection', async () => {
    const connection = refusing(Number.POSITIVE_INFINITY)
    const error = await failureOf(dialect._query(connection, { ...query }))
    expect(error.message).to.equal('database is locked')
    expect(connection.__knex__disposed).to.equal(error)
  })
})

describe('A statement of a transaction that shares its connection', () => {
  const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
  const dialect = libsqlDialect({
    writeLock: new WriteLock(100),
    waitMs: 100,
    durability: 'full',
    slices: new Slices(),
  }).prototype as unknown as { _query(connection: object, query: object): Promise<unknown> }

  /** A connection whose next statement fails, and leaves it in a transaction or not. */
  function failing({ isLeft, isShared = true }: { readonly isLeft: boolean; readonly isShared?: boolean }) {
    return {
      inTransaction: true,
      kept: new KeptStatements(),
      fault: undefined as unknown,
      member: isShared ? { end: () => Promise.resolve() } : undefined,
      prepare() {
        const run = () => {
          this.inTransaction = isLeft
          throw full
        }
        return { run }
      },
    }
  }
  const query = { sql: 'insert into notes values (1)', method: 'raw', bindings: [] }

  it('says by its error that nothing of the group may be committed, where it has ended the transaction', async () => {
    const connection = failing({ isLeft: false })
    expect(await failureOf(dialect._query(connection, { ...query }))).to.equal(full)
    expect(connection.fault).to.equal(full)
    const later = await failureOf(dialect._query(connection, { ...query }))
    expect(later.message, 'what comes after it').to.equal('Transaction query already complete')
    expect(connection.fault, 'the first one counts').to.equal(full)
  })

  it('fails alone where the transaction goes on, or is its own', async () => {
    for (const connection of [failing({ isLeft: true }), failing({ isLeft: false, isShared: false })]) {
      expect(await failureOf(dialect._query(connection, { ...query }))).to.equal(full)
      expect(connection.fault).to.equal(undefined)
    }
  })
})

describe('A libsql file that somebody has for himself', () => {
  it('is waited for when it is opened', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'isock-busy-'))
    try {
      const file = join(directory, 'store.db')
      const owner = new Libsql(file)
      owner.exec('pragma journal_mode = delete; pragma locking_mode = exclusive; create table other (a)')
      const opening = new Database({ models: [Counter], url: `file:${file}`, waitMs: 5_000 }).open()
      await sleep(100)
      owner.close()
      await using database = await opening
      await database.migrate()
      expect(await database.transaction((db) => db.count(Counter))).to.equal(0)
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

describe('The log of a libsql file', () => {
  it('is copied into the file after 1 000 statements, before others wait for it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'isock-log-'))
    try {
      const file = join(directory, 'store.db')
      await using database = await new Database({ models: [Counter], url: `file:${file}`, durability: 'normal' }).open()
      await database.migrate()
      const create = (name: string) => database.transaction((db) => db.create(Counter, { name }))
      const copy = join(directory, 'copy.db')
      /** In the file alone, without its log. */
      const copied = async (): Promise<number | undefined> => {
        await copyFile(file, copy)
        const alone = new Libsql(copy)
        try {
          return alone.prepare('select count(*) as found from counter').get().found
        } catch {
          return undefined
        } finally {
          alone.close()
        }
      }
      for (let i = 0; i < 980; i++) await create(String(i))
      expect(await copied()).to.equal(undefined)
      for (let i = 980; i < 1_010; i++) await create(String(i))
      expect(await copied()).to.be.within(990, 1_009)
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
