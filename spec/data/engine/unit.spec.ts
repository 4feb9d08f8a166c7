// A unit of work by itself: what it still runs when its caller has gone, or when a statement has failed.
import { expect } from 'chai'
import { CancelledError } from 'isock'
import { field, Model } from 'isock/data'
import { deferred } from '../../../lib/core/base/deferred.ts'
import { resolveDataOptions } from '../../../lib/features/data/data-options.ts'
import { ChangeLog } from '../../../lib/features/data/engine/change-log.ts'
import { Engine } from '../../../lib/features/data/engine/engine.ts'
import { Unit } from '../../../lib/features/data/engine/unit.ts'
import { Plans } from '../../../lib/features/data/plans.ts'
import { failureOf } from '../../setup/world.ts'

class Page extends Model {
  text = field.text()
}

describe('A unit of work', () => {
  const failed = 'a statement of this action failed in the store; nothing of what it did was kept'
  let abort: AbortController
  let engine: Engine
  let unit: Unit

  beforeEach(async () => {
    abort = new AbortController()
    const publisher = { publish: async (): Promise<void> => undefined, report: (): void => undefined }
    engine = await Engine.open(new Plans([Page]), resolveDataOptions({ models: [Page] }), publisher)
    unit = new Unit(engine, new ChangeLog(engine.plans, publisher), { signal: abort.signal, label: 'a spec' })
  })

  afterEach(() => engine.close())

  it('keeps nothing after a failed statement of isock itself, and says so of all that follows', async () => {
    await unit.within((run) => run('create table marks (mark text)'))
    const failure = await failureOf(unit.within((run) => run('insert into nowhere values (1)')))
    expect(failure.message).to.include('no table')
    let hasRun = false
    const read = unit.read(async () => {
      hasRun = true
    })
    expect((await failureOf(read)).message).to.equal(failed)
    expect(hasRun).to.equal(false)
    expect((await failureOf(unit.settle())).message).to.equal(failed)
    await unit.finish(false)
    expect(unit.isHolding).to.equal(false)
    const found = await engine.fork().getConnection().execute("select name from sqlite_master where name = 'marks'")
    expect(found).to.deep.equal([])
  })

  it('runs no operation that still waits when its caller goes', async () => {
    const first = deferred<void>()
    const ran: string[] = []
    const reads = ['first', 'second'].map((name) =>
      unit.read(async () => {
        ran.push(name)
        await first.promise
      }),
    )
    const failures = Promise.all(reads.map(failureOf))
    await new Promise(setImmediate)
    const reason = new CancelledError('the caller has gone')
    abort.abort(reason)
    for (const failure of await failures) expect(failure).to.equal(reason)
    first.resolve()
    // After all that waited before it.
    await unit.finish(true)
    expect(ran).to.deep.equal(['first'])
  })
})
