// A statement waits for a turn of the event loop where libsql has worked for long. Where its store is closed meanwhile it
// must not be run outside of its transaction, which is rolled back at once.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Database } from 'isock/data'
import { failureOf } from '../../setup/world.ts'
import { Counter } from '../counter.ts'

/** Works longer than a slice: the next statement waits. */
function useUpSlice(): void {
  const endsAt = performance.now() + 15
  while (performance.now() < endsAt);
}

describe('A statement that comes after much work', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isock-late-'))
  })

  afterEach(() => rm(directory, { recursive: true }))

  async function open(): Promise<Database> {
    const database = new Database({ models: [Counter], url: `file:${join(directory, 'store.db')}` })
    await database.open()
    await database.migrate()
    return database
  }

  it('waits until sockets and timers were served', async () => {
    await using database = await open()
    await database.transaction(async (db) => {
      await db.create(Counter, { name: 'first' })
      useUpSlice()
      let isServed = false
      setImmediate(() => {
        isServed = true
      })
      await db.count(Counter)
      expect(isServed).to.equal(true)
    })
  })

  it('is refused where its store is closed meanwhile, and nothing of its unit is kept', async () => {
    const database = await open()
    let late: Promise<Error> | undefined
    const unit = database.transaction(async (db) => {
      await db.create(Counter, { name: 'first' })
      useUpSlice()
      late = failureOf(db.create(Counter, { name: 'late' }))
      // Up to its statement, but without a turn of the event loop.
      for (let at = 0; at < 100; at++) await new Promise<void>((resolve) => process.nextTick(resolve))
      await database.close()
      await late
    })
    const closed = 'the database was closed; uncommitted changes are lost'
    expect((await failureOf(unit)).message).to.equal(closed)
    expect((await late)?.message).to.equal(closed)
    const again = await open()
    expect(await again.transaction((db) => db.count(Counter))).to.equal(0)
    await again.close()
  })
})
