// A store in memory that behaves as PostgreSQL does in READ COMMITTED: row locks until the end of the transaction, second writers that
// wait and judge the row again, unique keys that wait for their first inserter, references with cascades, deadlocks. Its backends outlive
// the clients that stand still, until they idle in a transaction for too long. Leaves the network to store-client.ts.
import type { Clock, Timer } from '../../../lib/core/base/clock.ts'
import { deferred } from '../../../lib/core/base/deferred.ts'
import {
  type Delete,
  type Expression,
  type Insert,
  parse,
  type RowData,
  rowsThat,
  type Scope,
  type Select,
  type Statement,
  selectedFrom,
  type Update,
  type Value,
} from './sql.ts'

/** An error of the store, with PostgreSQL's code. */
export class StoreError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

interface TableForm {
  readonly key: readonly string[]
  readonly columns: readonly string[]
  /** The column that names a row of another table, with which it is deleted. */
  readonly parent?: { readonly column: string; readonly table: string }
}

const forms: Readonly<Record<string, TableForm>> = {
  isock_node: { key: ['life'], columns: ['life', 'seen_at'] },
  isock_session: {
    key: ['id'],
    columns: ['id', 'secret_hash', 'identity', 'slots', 'node', 'generation', 'cut_at'],
  },
  isock_answer: {
    key: ['session', 'slot'],
    columns: ['session', 'slot', 'seq', 'state', 'action', 'items', 'answer', 'at'],
    parent: { column: 'session', table: 'isock_session' },
  },
  /** The effects: one row for each, with the operation's number and the run that had it. */
  isock_key: { key: ['hash'], columns: ['hash', 'fingerprint', 'state', 'session', 'seq', 'items', 'answer', 'until'] },
  ledger: { key: ['run'], columns: ['run', 'op'] },
  account: { key: ['id'], columns: ['id', 'entries'] },
}

const deadlockMs = 1_000

/** The place of one key in a table: what is committed, and who has it locked. */
interface Place {
  readonly table: Table
  readonly key: string
  committed: RowData | undefined
  /** Has it locked, to write it. */
  writer: Work | undefined
  /** What the writer will leave; undefined: nothing. */
  next: RowData | undefined
  /** The writer deletes it: others that need its key wait. */
  isKeyTaken: boolean
  /** Have its key locked, so that it stays. */
  readonly sharers: Set<Work>
  readonly waiting: Set<Waiting>
}

interface Table {
  readonly name: string
  readonly form: TableForm
  readonly places: Map<string, Place>
}

interface Waiting {
  readonly blockers: readonly Work[]
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** One transaction. */
class Work {
  readonly places = new Set<Place>()
  readonly shared = new Set<Place>()
  waiting: Waiting | undefined
  hasFailed = false
  isOver = false
}

/** A commit that can be lost: what was there before. */
interface Commit {
  readonly atMs: number
  readonly before: readonly (readonly [place: Place, committed: RowData | undefined])[]
}

export class FakeStore {
  /** What it could not read. */
  readonly unknown = new Set<string>()
  isUp = true
  readonly #clock: Clock
  readonly #idleMs: number
  readonly #tables = new Map<string, Table>()
  readonly #backends = new Set<Backend>()
  readonly #commits: Commit[] = []

  /** `idleMs`: `idle_in_transaction_session_timeout`. */
  constructor(clock: Clock, idleMs: number) {
    this.#clock = clock
    this.#idleMs = idleMs
    for (const [name, form] of Object.entries(forms)) this.#tables.set(name, { name, form, places: new Map() })
  }

  /** @throws StoreError: it is down. */
  connect(onKilled: () => void): Backend {
    if (!this.isUp) throw new StoreError('57P03', 'the database system is starting up')
    const backend = new Backend(this, this.#clock, this.#idleMs, onKilled)
    this.#backends.add(backend)
    return backend
  }

  /** All backends end, and what they had not committed is gone. */
  stop(): void {
    this.isUp = false
    for (const backend of [...this.#backends]) backend.kill()
  }

  start(): void {
    this.isUp = true
  }

  /** As a failover to a standby that has not received the last commits. Returns what was lost, as rows of the ledger. */
  loseTail(lostMs: number): RowData[] {
    const sinceMs = this.#clock.now() - lostMs
    const lost: RowData[] = []
    for (
      let commit = this.#commits.at(-1);
      commit !== undefined && commit.atMs >= sinceMs;
      commit = this.#commits.at(-1)
    ) {
      this.#commits.pop()
      for (const [place, committed] of commit.before) {
        if (place.table.name === 'ledger' && committed === undefined && place.committed !== undefined)
          lost.push(place.committed)
        this.#put(place, committed)
      }
    }
    return lost
  }

  /** What is committed. */
  rows(name: string): RowData[] {
    return [...this.#table(name).places.values()].flatMap(({ committed }) =>
      committed === undefined ? [] : [committed],
    )
  }

  get openCount(): number {
    return [...this.#backends].filter(({ isInWork }) => isInWork).length
  }

  ended(backend: Backend): void {
    this.#backends.delete(backend)
  }

  /** A statement that this store does not know would look like a store that is away. */
  #parsed(sql: string): Statement {
    try {
      return parse(sql)
    } catch (error) {
      this.unknown.add(String(error))
      throw error
    }
  }

  /** Runs a statement; a promise only where it waits for others. */
  async run(work: Work, sql: string, values: readonly Value[]): Promise<RowData[]> {
    if (work.hasFailed) throw new StoreError('25P02', 'current transaction is aborted')
    const statement = this.#parsed(sql)
    try {
      if (statement.kind === 'select') return this.#select(work, statement, values)
      if (statement.kind === 'insert') return await this.#insert(work, statement, values)
      if (statement.kind === 'update') return await this.#update(work, statement, values)
      return await this.#delete(work, statement, values)
    } catch (error) {
      work.hasFailed = true
      throw error
    }
  }

  commit(work: Work): boolean {
    if (work.hasFailed) {
      this.rollBack(work)
      return false
    }
    const before: [Place, RowData | undefined][] = []
    for (const place of work.places) {
      if (place.next === place.committed) continue
      before.push([place, place.committed])
      this.#put(place, place.next)
    }
    if (before.length > 0) this.#commits.push({ atMs: this.#clock.now(), before })
    this.#release(work)
    return true
  }

  rollBack(work: Work): void {
    work.waiting?.reject(terminated())
    this.#release(work)
  }

  #put(place: Place, row: RowData | undefined): void {
    place.committed = row
    const { places } = place.table
    if (row !== undefined) places.set(place.key, place)
    else if (place.waiting.size === 0 && place.writer === undefined) places.delete(place.key)
  }

  #release(work: Work): void {
    work.isOver = true
    for (const place of work.shared) place.sharers.delete(work)
    for (const place of work.places) {
      place.writer = undefined
      place.next = undefined
      place.isKeyTaken = false
    }
    for (const place of new Set([...work.places, ...work.shared])) {
      if (place.committed === undefined && place.waiting.size === 0) place.table.places.delete(place.key)
      for (const { resolve } of place.waiting) resolve()
    }
    work.places.clear()
    work.shared.clear()
  }

  #select(work: Work, select: Select, values: readonly Value[]): RowData[] {
    return selectedFrom(rowsThat(select, this.#scope(work, {}, values)), select)
  }

  async #insert(work: Work, insert: Insert, values: readonly Value[]): Promise<RowData[]> {
    const table = this.#table(insert.table)
    const none = this.#scope(work, {}, values)
    if (!holds(insert.where, none)) return []
    const given = Object.fromEntries(insert.values.map(([column, value]) => [column, value(none)]))
    const row: RowData = Object.fromEntries(table.form.columns.map((column) => [column, given[column] ?? null]))
    const key = keyOf(table, row)
    const place = this.#placeOf(table, key)
    await this.#lock(work, place, 'write')
    const found = seen(place, work)
    if (found === undefined) {
      place.next = row
      await this.#requireParent(work, table, row)
      return [only(row, insert.returning)]
    }
    const { conflict } = insert
    if (conflict === undefined) throw new StoreError('23505', `a row ${key} of ${table.name} exists`)
    if (conflict.set === undefined) return []
    const scope = this.#scope(work, { [insert.alias]: found, excluded: row }, values)
    if (!holds(conflict.where, scope)) return []
    place.next = changedBy(conflict.set, found, scope)
    return [only(place.next, insert.returning)]
  }

  async #update(work: Work, update: Update, values: readonly Value[]): Promise<RowData[]> {
    const changed: RowData[] = []
    for (const [place, row] of await this.#found(work, update, values, 'write')) {
      const next = changedBy(update.set, row, this.#scope(work, { [update.alias]: row }, values))
      place.next = next
      changed.push(only(next, update.returning))
    }
    return changed
  }

  async #delete(work: Work, deletion: Delete, values: readonly Value[]): Promise<RowData[]> {
    for (const [place] of await this.#found(work, deletion, values, 'delete')) await this.#remove(work, place)
    return []
  }

  async #remove(work: Work, place: Place): Promise<void> {
    place.next = undefined
    for (const table of this.#tables.values()) {
      const { parent } = table.form
      if (parent?.table !== place.table.name) continue
      const children = [...table.places.values()].filter((child) => seen(child, work)?.[parent.column] === place.key)
      for (const child of children) {
        await this.#lock(work, child, 'delete')
        if (seen(child, work) !== undefined) await this.#remove(work, child)
      }
    }
  }

  /** Locks the rows that the statement is about: those that it sees as it begins, judged again where it had to wait. */
  async #found(
    work: Work,
    { table, alias, where }: Update | Delete,
    values: readonly Value[],
    how: 'write' | 'delete',
  ): Promise<[Place, RowData][]> {
    const judge = (row: RowData): boolean => holds(where, this.#scope(work, { [alias]: row }, values))
    const found: [Place, RowData][] = []
    const before = [...this.#table(table).places.values()].flatMap((place) => {
      const row = seen(place, work)
      return row !== undefined && judge(row) ? [[place, row] as const] : []
    })
    for (const [place, row] of before) {
      await this.#lock(work, place, how)
      const now = seen(place, work)
      if (now !== undefined && (now === row || judge(now))) found.push([place, now])
    }
    return found
  }

  /** A row that refers to another one locks its key, and fails where it is gone. */
  async #requireParent(work: Work, { name, form: { parent } }: Table, row: RowData): Promise<void> {
    if (parent === undefined) return
    const parents = this.#table(parent.table)
    const key = String(row[parent.column])
    const place = parents.places.get(key)
    if (place !== undefined && place.writer !== work) {
      await this.#lock(work, place, 'share')
      if (place.committed !== undefined) return
    } else if (place?.next !== undefined) return
    throw new StoreError('23503', `${name} refers to a row of ${parent.table} that is gone`)
  }

  /** Locks a place when no other transaction has what it takes. */
  async #lock(work: Work, place: Place, how: 'write' | 'delete' | 'share'): Promise<void> {
    for (;;) {
      if (work.isOver) throw terminated()
      const blockers = blockersOf(work, place, how)
      if (blockers.length === 0) break
      await this.#wait(work, place, blockers)
    }
    if (how === 'share') {
      place.sharers.add(work)
      work.shared.add(place)
      return
    }
    if (place.writer === undefined) place.next = place.committed
    place.writer = work
    if (how === 'delete') place.isKeyTaken = true
    work.places.add(place)
  }

  async #wait(work: Work, place: Place, blockers: readonly Work[]): Promise<void> {
    let timer: Timer | undefined
    const waiting = deferred<void>()
    const entry: Waiting = { blockers, resolve: () => waiting.resolve(), reject: waiting.reject }
    work.waiting = entry
    place.waiting.add(entry)
    timer = this.#clock.setTimer(() => {
      if (waitsForItself(work)) waiting.reject(new StoreError('40P01', 'deadlock detected'))
    }, deadlockMs)
    try {
      await waiting.promise
    } finally {
      timer.cancel()
      place.waiting.delete(entry)
      work.waiting = undefined
    }
  }

  #placeOf(table: Table, key: string): Place {
    let place = table.places.get(key)
    if (place === undefined) {
      place = {
        table,
        key,
        committed: undefined,
        writer: undefined,
        next: undefined,
        isKeyTaken: false,
        sharers: new Set(),
        waiting: new Set(),
      }
      table.places.set(key, place)
    }
    return place
  }

  #scope(work: Work, rows: Scope['rows'], values: readonly Value[]): Scope {
    const rowsOf = (name: string): RowData[] =>
      [...this.#table(name).places.values()].map((place) => seen(place, work)).filter((row) => row !== undefined)
    return { rows, values, nowMs: this.#clock.wallNow?.() ?? 0, rowsOf }
  }

  #table(name: string): Table {
    const table = this.#tables.get(name)
    if (table === undefined) throw new StoreError('42P01', `there is no table ${name}`)
    return table
  }
}

/** What serves one connection: it runs one message after the other. */
export class Backend {
  readonly #store: FakeStore
  readonly #clock: Clock
  readonly #idleMs: number
  readonly #onKilled: () => void
  #work: Work | undefined
  #isOver = false
  #isBusy = false
  #isLeft = false
  #idle: Timer | undefined

  constructor(store: FakeStore, clock: Clock, idleMs: number, onKilled: () => void) {
    this.#store = store
    this.#clock = clock
    this.#idleMs = idleMs
    this.#onKilled = onKilled
  }

  get isInWork(): boolean {
    return this.#work !== undefined
  }

  /** `begin`, `commit`, `rollback`, or a statement; outside of a transaction it is its own. */
  async execute(sql: string, values: readonly Value[]): Promise<readonly RowData[]> {
    if (this.#isOver) throw new StoreError('57P01', 'the connection is closed')
    this.#idle?.cancel()
    this.#isBusy = true
    try {
      return await this.#execute(sql, values)
    } finally {
      this.#isBusy = false
      if (this.#isLeft) this.kill()
      else if (this.#work !== undefined && !this.#isOver)
        this.#idle = this.#clock.setTimer(() => this.kill(), this.#idleMs)
    }
  }

  /** Its client is gone, which it notices when it has ended its statement. */
  leave(): void {
    this.#isLeft = true
    if (!this.#isBusy) this.kill()
  }

  /** Ends it, and undoes what it had not committed. */
  kill(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#idle?.cancel()
    if (this.#work !== undefined) this.#store.rollBack(this.#work)
    this.#work = undefined
    this.#store.ended(this)
    this.#onKilled()
  }

  async #execute(sql: string, values: readonly Value[]): Promise<readonly RowData[]> {
    if (sql === 'begin') {
      this.#work = new Work()
      return []
    }
    const work = this.#work
    if (sql === 'commit' || sql === 'rollback') {
      this.#work = undefined
      if (work === undefined) return []
      if (sql === 'rollback') this.#store.rollBack(work)
      // As PostgreSQL answers ROLLBACK to it, which drivers take for success.
      else this.#store.commit(work)
      return []
    }
    if (work !== undefined) return this.#store.run(work, sql, values)
    const alone = new Work()
    try {
      const rows = await this.#store.run(alone, sql, values)
      this.#store.commit(alone)
      return rows
    } catch (error) {
      this.#store.rollBack(alone)
      throw error
    }
  }
}

function terminated(): StoreError {
  return new StoreError('57P01', 'terminating connection')
}

function seen(place: Place, work: Work): RowData | undefined {
  return place.writer === work ? place.next : place.committed
}

function blockersOf(work: Work, { writer, isKeyTaken, sharers }: Place, how: 'write' | 'delete' | 'share'): Work[] {
  const blockers: Work[] = []
  const isTaken = writer !== undefined && writer !== work
  // A change that leaves the key lets others refer to the row.
  if (isTaken && (how !== 'share' || isKeyTaken)) blockers.push(writer)
  if (how === 'delete') for (const sharer of sharers) if (sharer !== work) blockers.push(sharer)
  return blockers
}

function waitsForItself(work: Work): boolean {
  const reached = new Set<Work>()
  const next = [...(work.waiting?.blockers ?? [])]
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    if (at === work) return true
    if (reached.has(at)) continue
    reached.add(at)
    next.push(...(at.waiting?.blockers ?? []))
  }
  return false
}

function holds(where: Expression | undefined, scope: Scope): boolean {
  return where === undefined || where(scope) === true
}

function changedBy(set: Update['set'], row: RowData, scope: Scope): RowData {
  return { ...row, ...Object.fromEntries(set.map(([column, value]) => [column, value(scope)])) }
}

function only(row: RowData, columns: readonly string[]): RowData {
  return Object.fromEntries(columns.map((column) => [column, row[column] ?? null]))
}

function keyOf({ form }: Table, row: RowData): string {
  return form.key.map((column) => String(row[column])).join(' ')
}
