// A statement that waits for a turn of the event loop while its store is closed: it must not be run outside of its
// transaction, which is rolled back at once.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Database } from 'isock/data'
import { failureOf } from '../../setup/world.ts'
import { Counter } from '../counter.ts'

/** Longer than a slice: the next statement waits. */
const busyMs = 15

describe('A statement that waits while its store is closed', () => {
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

  it('is refused, and nothing of its unit is kept', async () => {
    const database = await open()
    let late: Promise<Error> | undefined
    const unit = database.transaction(async (db) => {
      await db.create(Counter, { name: 'first' })
      const endsAt = performance.now() + busyMs
      while (performance.now() < endsAt);
      late = failureOf(db.create(Counter, { name: 'late' }))
      // Up to its statement, but without a turn of the event loop.
      for (let at = 0; at < 100; at++) await new Promise<void>((resolve) => process.nextTick(resolve))
      await database.close()
      await late
    })
    const closed = 'the database was closed; nothing of what is not committed is kept'
    expect((await failureOf(unit)).message).to.equal(closed)
    expect((await late)?.message).to.equal(closed)
    const again = await open()
    expect(await again.transaction((db) => db.count(Counter))).to.equal(0)
    await again.close()
  })
})
