// The rows by which servers of one store share runs: the first row for a time does the run of that time, and who holds a lease does all runs
// until it ends. The store's clock alone ends leases.

import { OpenedOnce } from '../../../core/base/opened-once.ts'
import type { RunClaims } from '../../../core/server/run-claims.ts'
import { type DurableStore, nowIn } from './durable-store.ts'
import { tablesOf } from './tables.ts'

/** For how long a claim is kept after its time: no server's clock is wrong by more. */
const keptMs = 86_400_000

export class ClaimRows implements RunClaims {
  readonly #store: OpenedOnce<DurableStore>
  readonly #life: string

  /** `open`: opens the store with the first claim. `life`: this server process. */
  constructor(open: () => Promise<DurableStore>, life: string) {
    this.#store = new OpenedOnce(open)
    this.#life = life
  }

  async claim(task: string, atMs: number): Promise<boolean> {
    const store = await this.#store.get()
    const { claim } = tablesOf(store)
    // A commit whose answer was lost is asked for again, and its row is this server's.
    const take = `insert into ${claim} as held (task, due_at, node) values (?, ?, ?)
      on conflict (task, due_at) do update set node = held.node where held.node = excluded.node returning node`
    return store.transaction(async (run) => {
      const isOurs = (await run(take, [task, atMs, this.#life])).length > 0
      if (isOurs) await run(`delete from ${claim} where task = ? and due_at < ?`, [task, atMs - keptMs])
      return isOurs
    })
  }

  async hold(task: string, holdMs: number): Promise<boolean> {
    const store = await this.#store.get()
    const { lease } = tablesOf(store)
    const now = nowIn(store)
    const take = `insert into ${lease} as held (task, node, until) values (?, ?, ${now} + ?)
      on conflict (task) do update set node = excluded.node, until = excluded.until
      where held.node = excluded.node or held.until <= ${now} returning node`
    return (await store.transaction((run) => run(take, [task, this.#life, Math.ceil(holdMs)]))).length > 0
  }

  async release(task: string): Promise<void> {
    const store = await this.#store.ifOpened()
    if (store === undefined) return
    const { lease } = tablesOf(store)
    await store.transaction((run) => run(`delete from ${lease} where task = ? and node = ?`, [task, this.#life]))
  }
}
