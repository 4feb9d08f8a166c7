// The rows of sessions, and of the servers that have them. A server has a session while the row's generation is the one it knows.
import type { DurableStore, Run } from './durable-store.ts'
import { nowIn } from './durable-store.ts'
import { AnswerState, type Tables, tablesOf } from './tables.ts'

/** The row of a session, as the server that has it knows it. */
export interface SessionPlace {
  readonly id: string
  readonly generation: number
}

export interface NewSession extends SessionPlace {
  readonly secretHash: Uint8Array
  readonly identity: string | undefined
  readonly slots: number
}

/** Sessions that are deleted in one transaction. */
const batch = 100
/** Transactions of one turn. */
const batches = 10

export class SessionRows {
  readonly #store: DurableStore
  readonly #tables: Tables
  readonly #now: string
  readonly #life: string

  /** `life`: this server process. */
  constructor(store: DurableStore, life: string) {
    this.#store = store
    this.#tables = tablesOf(store)
    this.#now = nowIn(store)
    this.#life = life
  }

  async insert(run: Run, { id, generation, secretHash, identity, slots }: NewSession): Promise<void> {
    const sql = `insert into ${this.#tables.session} (id, secret_hash, identity, slots, node, generation)
      values (?, ?, ?, ?, ?, ?) on conflict (id) do nothing`
    await run(sql, [id, secretHash, identity ?? null, slots, this.#life, generation])
  }

  /**
   * Takes a session over for this server: undefined if there is none with this id, secret and identity, or its lease is over. It counts
   * as without a link until `resumed`. What its durable calls do at the former server counts no more: their outcome is unknown.
   */
  async adopt(
    id: string,
    secretHash: Uint8Array,
    identity: string | undefined,
    leaseMs: number,
  ): Promise<{ readonly generation: number; readonly slots: number } | undefined> {
    const is = this.#store.isPostgres ? 'is not distinct from' : 'is'
    const which = `id = ? and secret_hash = ? and identity ${is} ? and (cut_at is null or cut_at > ${this.#now} - ?)`
    const values = [id, secretHash, identity ?? null, leaseMs]
    // Most who ask have no session any more: they must not wait for the turn to write.
    const found = await this.#store.read(`select id from ${this.#tables.session} where ${which}`, values)
    if (found.length === 0) return undefined
    const sql = `update ${this.#tables.session} set node = ?, generation = generation + 1, cut_at = ${this.#now}
      where ${which} returning generation, slots`
    const cut = `update ${this.#tables.answer} set state = ${AnswerState.Unknown}, answer = null
      where session = ? and state = ${AnswerState.Started}`
    const row = await this.#store.transaction(async (run) => {
      const [taken] = await run(sql, [this.#life, ...values])
      if (taken !== undefined) await run(cut, [id])
      return taken
    })
    return row && { generation: Number(row['generation']), slots: Number(row['slots']) }
  }

  /** It has a link. False: another server has it. */
  resumed(place: SessionPlace): Promise<boolean> {
    return this.#update(place, 'cut_at = null')
  }

  /** It has no link. */
  cut(place: SessionPlace): Promise<boolean> {
    return this.#update(place, `cut_at = ${this.#now}`)
  }

  /** This server ends, and the session may continue elsewhere. */
  release(place: SessionPlace): Promise<boolean> {
    return this.#update(place, `node = null, cut_at = ${this.#now}`)
  }

  /** It is over, with its answers. */
  async delete({ id, generation }: SessionPlace): Promise<void> {
    const sql = `delete from ${this.#tables.session} where id = ? and generation = ?`
    await this.#store.transaction((run) => run(sql, [id, generation]))
  }

  /** Says that this server lives. */
  async renew(): Promise<void> {
    const sql = `insert into ${this.#tables.node} (life, seen_at) values (?, ${this.#now})
      on conflict (life) do update set seen_at = excluded.seen_at`
    await this.#store.transaction((run) => run(sql, [this.#life]))
  }

  /** This server ends. */
  async leave(): Promise<void> {
    await this.#store.transaction((run) => run(`delete from ${this.#tables.node} where life = ?`, [this.#life]))
  }

  /**
   * Deletes sessions that have had no link for `leaseMs`, or whose server was not seen for `deadMs`. Returns their number. undefined: no
   * server is taken for gone.
   */
  async deleteExpired(leaseMs: number, deadMs: number | undefined): Promise<number> {
    const { session, node } = this.#tables
    const seen = `select 1 from ${node} seen where seen.life = old.node and seen.seen_at > ${this.#now} - ?`
    const isCut = `(old.cut_at is not null and old.cut_at <= ${this.#now} - ?)`
    const isOver = deadMs === undefined ? isCut : `${isCut} or (old.cut_at is null and not exists (${seen}))`
    const values = deadMs === undefined ? [leaseMs] : [leaseMs, deadMs]
    let count = 0
    for (let i = 0; i < batches; i++) {
      const found = await this.#store.read(`select old.id from ${session} old where ${isOver} limit ${batch}`, values)
      if (found.length === 0) break
      const ids = found.map(({ id }) => String(id))
      const marks = ids.map(() => '?').join(', ')
      // The rows are judged again: one may have been resumed meanwhile.
      const sql = `delete from ${session} as old where old.id in (${marks}) and (${isOver})`
      await this.#store.transaction((run) => run(sql, [...ids, ...values]))
      count += ids.length
    }
    if (deadMs === undefined) return count
    const old = `delete from ${node} where seen_at <= ${this.#now} - ?`
    await this.#store.transaction((run) => run(old, [Math.max(leaseMs, deadMs)]))
    return count
  }

  async #update({ id, generation }: SessionPlace, change: string): Promise<boolean> {
    const sql = `update ${this.#tables.session} set ${change} where id = ? and generation = ? returning id`
    return (await this.#store.transaction((run) => run(sql, [id, generation]))).length > 0
  }
}
