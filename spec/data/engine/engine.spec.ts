// What an engine says of a store that is busy or unfit; and which changes of a unit of work are told in the end.
import { expect } from 'chai'
import { type Change, field, Model, StoreUnavailableError } from 'isock/data'
import { resolveDataOptions } from '../../../lib/features/data/data-options.ts'
import { ChangeLog, type ChangePublisher } from '../../../lib/features/data/engine/change-log.ts'
import { Engine, type Holder } from '../../../lib/features/data/engine/engine.ts'
import type { Row } from '../../../lib/features/data/plan.ts'
import { Plans } from '../../../lib/features/data/plans.ts'
import { Channel } from '../../../lib/index.ts'

class News extends Channel<Change> {}
class Rooms extends Channel<Change> {}

class Loud extends Model {
  static override publishes = News
  name = field.text()
}

class Keyed extends Model {
  static override publishes = { channel: Rooms, key: ({ row }: Change) => (row['name'] as string) || undefined }
  name = field.text()
}

class Silent extends Model {
  name = field.text()
}

const models = [Loud, Keyed, Silent]
const plans = new Plans(models)

describe('An engine', () => {
  const reported: [unknown, string][] = []
  const publisher: ChangePublisher = {
    publish: async () => undefined,
    report: (error, origin) => void reported.push([error, origin]),
  }
  let engine: Engine

  beforeEach(async () => {
    reported.length = 0
    engine = await Engine.open(plans, resolveDataOptions({ models }), publisher)
  })

  afterEach(() => engine.close())

  const holder = (label: string, heldMs: number): Holder => ({ label, heldMs, cut: async () => undefined })

  it('names who holds what others wait for, the longest first, and not more than three', () => {
    const waiting = holder('action "me"', 1_000)
    expect(engine.busy(waiting).message).to.equal('the store was busy with other units of work for too long')
    engine.transactions.add(waiting)
    expect(engine.busy(waiting).message).to.equal('the store was busy with other units of work for too long')
    const [a, b, c, d] = [1, 300, 20.4, 4_000].map((ms) => holder(`action "${ms}"`, ms)) as [
      Holder,
      Holder,
      Holder,
      Holder,
    ]
    const advice = '; one that waits for this call must first `await db.commit()`, or end'
    const text = (...names: string[]) =>
      `the store was busy with other units of work for too long: the turn to write is held by ${names.join(', ')}`
    engine.transactions.add(a)
    expect(engine.busy(waiting).message).to.equal(`${text('action "1" (for 1 ms)')}${advice}`)
    for (const each of [b, c]) engine.transactions.add(each)
    const three = ['action "300" (for 300 ms)', 'action "20.4" (for 20 ms)', 'action "1" (for 1 ms)']
    expect(engine.busy(waiting).message).to.equal(`${text(...three)}${advice}`)
    engine.transactions.add(d)
    const longest = ['action "4000" (for 4000 ms)', 'action "300" (for 300 ms)', 'action "20.4" (for 20 ms)']
    expect(engine.busy(waiting).message).to.equal(`${text(...longest)} and 1 more${advice}`)
    expect(engine.busy(waiting)).to.be.instanceOf(StoreUnavailableError)
    engine.transactions.clear()
  })

  it('tells the operator of a file that cannot be used, not at each call, and of nothing else', () => {
    engine.reportFault(Object.assign(new Error('x'), { code: 'SQLITE_BUSY' }))
    engine.reportFault(new Error('x'))
    expect(reported).to.deep.equal([])
    for (let call = 0; call < 3; call++) engine.reportFault(Object.assign(new Error('x'), { code: 'SQLITE_FULL' }))
    expect(reported.map(([error, origin]) => [(error as Error).message, origin])).to.deep.equal([
      ['the disk of the store is full (SQLITE_FULL)', 'the store of data'],
    ])
  })

  it('has nobody to tell where nobody wants to know', async () => {
    const alone = await Engine.open(plans, resolveDataOptions({ models }))
    alone.reportFault(Object.assign(new Error('x'), { code: 'SQLITE_FULL' }))
    await alone.close()
    expect(reported).to.deep.equal([])
  })

  it('has one connection in memory, and is closed with what is in a transaction cut', async () => {
    expect([engine.hasOneConnection, engine.isPostgres, engine.isClosed, engine.isWaitedFor]).to.deep.equal([
      true,
      false,
      false,
      false,
    ])
    const cut: boolean[] = []
    engine.transactions.add({ label: 'x', heldMs: 0, cut: async () => void cut.push(engine.isClosed) })
    await engine.close()
    expect([cut, engine.isClosed]).to.deep.equal([[true], true])
  })
})

describe('The changes of a unit of work', () => {
  let told: unknown[]
  let reported: unknown[]
  const publisher = {
    publish: async (channel: unknown, change: Change, options?: object) => {
      if (change.row['name'] === 'unlucky') throw new Error('nobody hears it')
      told.push([channel, change.model, change.change, change.row['name'], options])
    },
    report: (error: unknown, origin: string) => void reported.push([(error as Error).message, origin]),
  } as unknown as ChangePublisher

  beforeEach(() => {
    told = []
    reported = []
  })

  const rowOf = async (model: typeof Loud | typeof Keyed | typeof Silent, name: string): Promise<Row> =>
    plans.of(model).newRow({ name })

  it('are told once each, as what came of them', async () => {
    const log = new ChangeLog(plans, publisher)
    const [created, changed, dropped, gone, fleeting, silent] = await Promise.all([
      rowOf(Loud, 'created'),
      rowOf(Loud, 'changed'),
      rowOf(Loud, 'dropped'),
      rowOf(Loud, 'gone'),
      rowOf(Loud, 'fleeting'),
      rowOf(Silent, 'silent'),
    ])
    log.add('created', created)
    log.add('updated', created)
    log.add('updated', changed)
    log.add('updated', changed)
    log.add('dropped', dropped)
    log.add('updated', gone)
    log.add('dropped', gone)
    log.add('created', fleeting)
    log.add('updated', fleeting)
    log.add('dropped', fleeting)
    log.add('created', silent)
    // A dropped row is told as it was.
    Object.assign(dropped, { name: 'another' })
    await log.publish()
    expect(told).to.deep.equal([
      [News, 'Loud', 'created', 'created', undefined],
      [News, 'Loud', 'updated', 'changed', undefined],
      [News, 'Loud', 'dropped', 'dropped', undefined],
      [News, 'Loud', 'dropped', 'gone', undefined],
    ])
    await log.publish()
    expect([told.length, reported]).to.deep.equal([4, []])
  })

  it('go to the room that their model says', async () => {
    const log = new ChangeLog(plans, publisher)
    log.add('created', await rowOf(Keyed, 'red'))
    log.add('created', await rowOf(Keyed, ''))
    await log.publish()
    expect(told).to.deep.equal([
      [Rooms, 'Keyed', 'created', 'red', { key: 'red' }],
      [Rooms, 'Keyed', 'created', '', {}],
    ])
  })

  it('are forgotten as far as they were taken back, and of what fails the operator hears', async () => {
    const log = new ChangeLog(plans, publisher)
    log.add('created', await rowOf(Loud, 'kept'))
    const mark = log.length
    log.add('created', await rowOf(Loud, 'taken back'))
    log.forgetFrom(mark)
    log.forgetFrom(10)
    expect(log.length).to.equal(1)
    log.add('created', await rowOf(Loud, 'unlucky'))
    log.add('created', await rowOf(Loud, 'last'))
    await log.publish()
    expect(told.map((change) => (change as unknown[])[3])).to.deep.equal(['kept', 'last'])
    expect(reported).to.deep.equal([['nobody hears it', 'publishing a change of data']])
  })

  it('are not kept where nobody could be told', async () => {
    const log = new ChangeLog(plans, undefined)
    log.add('created', await rowOf(Loud, 'x'))
    expect(log.length).to.equal(0)
    await log.publish()
  })
})
