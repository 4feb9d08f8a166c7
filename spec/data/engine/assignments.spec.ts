// What a unit of work has to write of the rows that it has loaded.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Database, field, Model } from 'isock/data'
import { resolveDataOptions } from '../../../lib/features/data/data-options.ts'
import { ChangeLog } from '../../../lib/features/data/engine/change-log.ts'
import { Engine } from '../../../lib/features/data/engine/engine.ts'
import { Unit } from '../../../lib/features/data/engine/unit.ts'
import { UnitDb } from '../../../lib/features/data/engine/unit-db.ts'
import { Plans } from '../../../lib/features/data/plans.ts'

class Page extends Model {
  text = field.text()
  /** Its setter settles later. */
  title = field.text({ default: '', set: async (title: string) => title.trim() })
}

describe('The rows of a unit of work', () => {
  let directory: string
  let engine: Engine
  let unit: Unit

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isock-specs-'))
    const url = `file:${join(directory, 'store.db')}`
    await using database = await new Database({ models: [Page], url }).open()
    await database.migrate()
    await database.transaction((db) => db.create(Page, { text: 'a' }))
    const publisher = { publish: async (): Promise<void> => undefined, report: (): void => undefined }
    engine = await Engine.open(new Plans([Page]), resolveDataOptions({ models: [Page], url }), publisher)
    unit = new Unit(engine, new ChangeLog(engine.plans, publisher), { signal: undefined, label: 'a spec' })
  })

  afterEach(async () => {
    await unit.finish(false)
    await engine.close()
    await rm(directory, { recursive: true })
  })

  it('are not compared with the store where nothing was assigned', async () => {
    await UnitDb.of(unit).find(Page, { text: 'a' })
    expect(await unit.flushTouched()).to.equal(false)
  })

  it('are written where something was assigned, also by a setter that has not settled', async () => {
    const page = (await UnitDb.of(unit).find(Page, { text: 'a' })) as Page
    page.text = 'b'
    expect([await unit.flushTouched(), await unit.flushTouched()]).to.deep.equal([true, false])
    page.title = ' c '
    expect([await unit.flushTouched(), await unit.flushTouched()]).to.deep.equal([true, false])
    expect(await UnitDb.of(unit).count(Page, { text: 'b', title: 'c' })).to.equal(1)
  })
})
