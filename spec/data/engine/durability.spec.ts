// What a libsql store does at each commit, and what is told where its disk or file fails.
import { chmod, mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { OutcomeUnknownError } from 'isock'
import { Database, type DataOptions, field, Model, StoreUnavailableError } from 'isock/data'
import { resolveDataOptions } from '../../../lib/features/data/data-options.ts'
import { ChangeLog } from '../../../lib/features/data/engine/change-log.ts'
import { Engine } from '../../../lib/features/data/engine/engine.ts'
import { openUnit } from '../../../lib/features/data/engine/open-unit.ts'
import { Unit } from '../../../lib/features/data/engine/unit.ts'
import { UnitDb } from '../../../lib/features/data/engine/unit-db.ts'
import { Plans } from '../../../lib/features/data/plans.ts'
import { failureOf } from '../../setup/world.ts'

class Page extends Model {
  text = field.text()
}

describe('A libsql file', function () {
  this.timeout(120_000)
  let directory: string
  let url: string
  let engine: Engine | undefined
  let reported: string[]

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isock-durable-'))
    url = `file:${join(directory, 'store.db')}`
    reported = []
    await using database = await new Database({ models: [Page], url }).open()
    await database.migrate()
  })

  afterEach(async () => {
    await engine?.close()
    engine = undefined
    await rm(directory, { recursive: true })
  })

  const publisher = {
    publish: async (): Promise<void> => undefined,
    report: (error: unknown, origin: string): void => void reported.push(`${origin}: ${(error as Error).message}`),
  }

  async function open(more: Partial<DataOptions> = {}): Promise<Engine> {
    const options = resolveDataOptions({ models: [Page], url, waitMs: 300, maxConnections: 3, ...more })
    engine = await Engine.open(new Plans([Page]), options, publisher)
    return engine
  }

  /** On each connection of the pool. */
  async function pragmas(opened: Engine): Promise<unknown[]> {
    const units = [1, 2, 3].map(() => opened.fork())
    // A transaction that reads holds a connection, and takes no turn.
    await Promise.all(units.map((unit) => unit.begin({ readOnly: true })))
    const rows = await Promise.all(
      units.map((unit) =>
        unit.getConnection().execute('pragma store.synchronous', [], 'all', unit.getTransactionContext()),
      ),
    )
    await Promise.all(units.map((unit) => unit.rollback()))
    return rows.flat().map((row) => (row as { readonly synchronous: number }).synchronous)
  }

  it('is synced by each commit, on every connection', async () => {
    expect(await pragmas(await open())).to.deep.equal([2, 2, 2])
  })

  it('is readable for its user only, with the files beside it, unless it was there with another mode', async () => {
    const mode = async (name: string): Promise<number> => (await stat(join(directory, name))).mode & 0o777
    const opened = await open()
    const unit = openUnit(opened, publisher, { signal: undefined, label: 'a spec' })
    await unit.db.create(Page, { text: 'x' })
    await unit.finish(true)
    for (const name of ['store.db', 'store.db-wal', 'store.db-shm']) expect(await mode(name), name).to.equal(0o600)
    await chmod(join(directory, 'store.db'), 0o640)
    await using again = await new Database({ models: [Page], url }).open()
    expect(await again.transaction((db) => db.count(Page))).to.equal(1)
    expect(await mode('store.db')).to.equal(0o640)
  })

  it('is private in a directory that was missing, and at the end of a link', async () => {
    await symlink(join(directory, 'target.db'), join(directory, 'link.db'))
    for (const [name, file] of [
      ['sub/deep/new.db', 'sub/deep/new.db'],
      ['link.db', 'target.db'],
    ] as const) {
      await using database = await new Database({ models: [Page], url: `file:${join(directory, name)}` }).open()
      await database.migrate()
      expect((await stat(join(directory, file))).mode & 0o777, name).to.equal(0o600)
    }
  })

  it('is synced now and then where that is enough', async () => {
    expect(await pragmas(await open({ durability: 'normal' }))).to.deep.equal([1, 1, 1])
  })

  it('is synced by the commits of a unit that commits once, also where the others are not', async () => {
    const opened = await open({ durability: 'normal', maxConnections: 1 })
    const unit = openUnit(opened, publisher, { signal: undefined, label: 'a spec', commitsOnce: true })
    await unit.db.create(Page, { text: 'x' })
    let within: unknown
    await unit.finish(true, async (run) => {
      within = await run('pragma store.synchronous')
    })
    expect(within).to.deep.equal([{ synchronous: 2 }])
    const rows = await opened.fork().getConnection().execute('pragma store.synchronous')
    expect(rows).to.deep.equal([{ synchronous: 1 }])
  })

  it('that is full says so, keeps nothing of the unit, tells the operator once, and works again when there is room', async () => {
    const opened = await open({ maxConnections: 1 })
    const pages = async (most: number): Promise<unknown> =>
      opened.fork().getConnection().execute(`pragma store.max_page_count = ${most}`)
    await pages(1)
    const owner = { signal: undefined, label: 'a spec' }
    for (let at = 0; at < 3; at++) {
      const unit = openUnit(opened, publisher, owner)
      await unit.db.create(Page, { text: 'short' })
      const error = await failureOf(unit.db.create(Page, { text: 'x'.repeat(100_000) }))
      expect(error).to.be.instanceOf(StoreUnavailableError)
      expect(error.message).to.equal(
        'the disk of the store is full (SQLITE_FULL); nothing of what this action did was kept',
      )
      expect(await failureOf(unit.finish(true))).to.equal(error)
    }
    expect(reported).to.deep.equal(['the store of data: the disk of the store is full (SQLITE_FULL)'])
    await pages(1_000_000)
    const unit = openUnit(opened, publisher, owner)
    await unit.db.create(Page, { text: 'x'.repeat(100_000) })
    await unit.finish(true)
    const reader = openUnit(opened, publisher, owner)
    expect(await reader.db.count(Page)).to.equal(1)
    await reader.finish(false)
  })

  it('has ended a unit that is not kept when nothing of it is left', async () => {
    const opened = await open()
    const unit = new Unit(opened, new ChangeLog(opened.plans, publisher), { signal: undefined, label: 'a spec' })
    await UnitDb.of(unit).create(Page, { text: 'not kept' })
    const { manager } = unit
    const rollback = manager.rollback.bind(manager)
    let isRolledBack = false
    manager.rollback = async () => {
      await rollback()
      await nextTurn()
      isRolledBack = true
    }
    await unit.finish(false)
    expect(isRolledBack).to.equal(true)
  })

  const failures: [string, string][] = [
    ['SQLITE_FULL', 'the disk of the store is full (SQLITE_FULL)'],
    ['SQLITE_IOERR_FSYNC', 'the file of the store cannot be read or written (SQLITE_IOERR_FSYNC)'],
    ['SQLITE_READONLY', 'the file of the store cannot be written (SQLITE_READONLY)'],
    ['SQLITE_BUSY', 'the store was busy with other units of work for too long'],
  ]
  for (const [code, message] of failures) {
    it(`whose COMMIT fails with ${code} is known to have kept nothing`, async () => {
      const opened = await open()
      const unit = new Unit(opened, new ChangeLog(opened.plans, publisher), { signal: undefined, label: 'a spec' })
      await UnitDb.of(unit).create(Page, { text: 'lost' })
      const commit = () => Promise.reject(Object.assign(new Error('COMMIT failed'), { code }))
      const connection = Object.assign(Object.create(unit.manager.getConnection()), { commit })
      unit.manager.getConnection = () => connection
      const error = await failureOf(unit.finish(true))
      expect(error).to.be.instanceOf(StoreUnavailableError).and.not.to.be.instanceOf(OutcomeUnknownError)
      expect(error.message).to.include(message)
      const next = openUnit(opened, publisher, { signal: undefined, label: 'a spec' })
      expect(await next.db.count(Page)).to.equal(0)
      await next.db.create(Page, { text: 'kept' })
      await next.finish(true)
      expect(reported.length).to.equal(code === 'SQLITE_BUSY' ? 0 : 1)
    })
  }
})
