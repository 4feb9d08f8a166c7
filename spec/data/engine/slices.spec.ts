// Turns of the event loop between statements and between rows, counted in a time of the spec's own.
import { expect } from 'chai'
import { libsqlDialect } from '../../../lib/features/data/engine/libsql/dialect.ts'
import { KeptStatements } from '../../../lib/features/data/engine/libsql/kept-statements.ts'
import { WriteLock } from '../../../lib/features/data/engine/libsql/write-lock.ts'
import { rowsInSlices } from '../../../lib/features/data/engine/rows-in-slices.ts'
import { Slices } from '../../../lib/features/data/engine/slices.ts'
import { failureOf } from '../../setup/world.ts'

/** A time that passes only where somebody works. */
function ownTime() {
  const time = { nowMs: 0, slices: undefined as unknown as Slices }
  time.slices = new Slices(() => time.nowMs)
  return time
}

/** Turns of the event loop during the work. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let isOver = false
  const turn = (): void => {
    turns++
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  isOver = true
  return turns
}

describe('Statements of libsql', () => {
  function statements(usual: string) {
    const time = ownTime()
    const done: number[] = []
    const dialect = libsqlDialect({
      writeLock: new WriteLock(100),
      waitMs: 100,
      durability: 'full',
      slices: time.slices,
    }).prototype as unknown as { _query(connection: object, query: object): Promise<unknown> }
    const connection = {
      kept: new KeptStatements(),
      prepare: () => {
        const work = (): object => {
          time.nowMs += 4
          return []
        }
        return { all: work, run: work }
      },
    }
    const run = async (number: number, sql = usual): Promise<unknown> => {
      const response = await dialect._query(connection, { sql, method: 'raw', bindings: [] })
      done.push(number)
      return response
    }
    return { run, done }
  }

  it('that wait for each other let sockets and timers be served between them, and keep their order', async () => {
    const { run, done } = statements('update a set b = 1')
    const all = Array.from({ length: 40 }, (_, number) => number)
    // Three of them are 12 ms.
    expect(await turnsDuring(() => Promise.all(all.map((number) => run(number))))).to.be.within(12, 16)
    expect(done).to.deep.equal(all)
  })

  it('are followed by the next without a turn as long as they take little', async () => {
    const { run } = statements('update a set b = 1')
    expect(await turnsDuring(() => Promise.all([run(0), run(1)]))).to.equal(0)
  })

  it('that end a transaction wait for no turn', async () => {
    for (const sql of ['commit', 'ROLLBACK', 'release savepoint unit_1']) {
      const { run } = statements(sql)
      expect(await turnsDuring(() => Promise.all([0, 1, 2, 3, 4, 5].map((number) => run(number)))), sql).to.equal(0)
    }
  })

  it('that still wait when their transaction ends are refused, and not run outside of it', async () => {
    for (const end of ['COMMIT;', 'ROLLBACK']) {
      const { run, done } = statements('update a set b = 1')
      await Promise.all([0, 1, 2].map((number) => run(number)))
      const late = failureOf(run(3))
      await run(4, end)
      expect((await late).message, end).to.equal('Transaction query already complete')
      await run(5)
      expect(done, end).to.deep.equal([0, 1, 2, 4, 5])
    }
  })

  it('that still wait when a part of their transaction ends are run', async () => {
    for (const end of ['release savepoint unit_1', 'rollback to savepoint unit_1']) {
      const { run, done } = statements('update a set b = 1')
      await Promise.all([0, 1, 2].map((number) => run(number)))
      const late = run(3)
      await run(4, end)
      await late
      expect(done, end).to.deep.equal([0, 1, 2, 4, 3])
    }
  })
})

describe('Rows that a store has found', () => {
  function finding(count: number) {
    const time = ownTime()
    const found = Array.from({ length: count }, (_, at) => ({ at }))
    class Driver {
      async find(): Promise<object[]> {
        return [...found]
      }
    }
    const create = (name: string, values: { readonly at: number }, how: object): object => {
      time.nowMs += 1
      return { name, ...values, how }
    }
    const driver = new (rowsInSlices(Driver as never, time.slices) as unknown as new () => Driver)()
    const em = { getEntityFactory: () => ({ create }) }
    const find = driver.find.bind(driver) as (...given: unknown[]) => Promise<Record<string, unknown>[]>
    return { find, em }
  }

  it('are made with turns of the event loop in between', async () => {
    const { find, em } = finding(200)
    let rows: Record<string, unknown>[] = []
    expect(
      await turnsDuring(async () => {
        rows = await find('Leaf', {}, { em, refresh: true })
      }),
    ).to.be.within(9, 11)
    expect(rows.map(({ at }) => at)).to.deep.equal(Array.from({ length: 200 }, (_, at) => at))
    expect(rows[199]).to.deep.include({
      name: 'Leaf',
      how: { merge: true, convertCustomTypes: true, refresh: true, schema: undefined },
    })
  })

  it('are left to MikroORM where they are few', async () => {
    const { find, em } = finding(20)
    expect((await find('Leaf', {}, { em }))[19]).to.deep.equal({ at: 19 })
  })
})
