// What one turn of a server deletes of the sessions that are over, whatever their number.
import { expect } from 'chai'
import type { DurableStore, Run, Value } from '../../../lib/features/data/durable/durable-store.ts'
import { SessionRows } from '../../../lib/features/data/durable/session-rows.ts'

/** A store with so many sessions that are over; it answers what `deleteExpired` asks, and counts the sizes of its transactions. */
function storeWith(count: number): DurableStore & { readonly deleted: number[]; readonly others: string[] } {
  const deleted: number[] = []
  const others: string[] = []
  let left = count
  const read: Run = async (sql) => {
    const most = Number(/limit (\d+)$/.exec(sql)?.[1])
    return Array.from({ length: Math.min(most, left) }, (_, i) => ({ id: `s${i}` }))
  }
  const run: Run = async (sql: string, values: readonly Value[] = []) => {
    const ids = values.filter((value) => typeof value === 'string')
    if (sql.startsWith('delete from isock_session')) {
      deleted.push(ids.length)
      left -= ids.length
    } else others.push([sql, ...ids].join(' '))
    return []
  }
  return {
    isPostgres: false,
    nameOf: (table) => table,
    read,
    transaction: (work) => work(run),
    lacksReference: () => false,
    deleted,
    others,
  }
}

describe('The rows of sessions that are over', () => {
  it('are deleted a hundred at a time, and at most a thousand in one turn', async () => {
    for (const [count, sizes] of [
      [0, []],
      [100, [100]],
      [250, [100, 100, 50]],
      [1_000, Array(10).fill(100)],
      [1_001, Array(10).fill(100)],
    ] as const) {
      const store = storeWith(count)
      const number = await new SessionRows(store, 'a life').deleteExpired(1_000, undefined)
      expect(store.deleted, `of ${count}`).to.deep.equal(sizes)
      expect(number).to.equal(Math.min(count, 1_000))
      expect(store.others).to.deep.equal([])
    }
  })

  it('are no longer of a server that has left', async () => {
    const store = storeWith(0)
    await new SessionRows(store, 'a life').leave()
    expect(store.others).to.deep.equal(['delete from isock_node where life = ? a life'])
  })

  it('take the rows of servers that are gone with them, where the store could be reached for long enough', async () => {
    const store = storeWith(0)
    await new SessionRows(store, 'a life').deleteExpired(1_000, 5_000)
    expect(store.others.map((sql) => sql.slice(0, 22))).to.deep.equal(['delete from isock_node'])
  })
})
