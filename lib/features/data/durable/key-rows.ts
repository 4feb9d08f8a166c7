// The rows of idempotency keys: one answer for all calls of an identity with a key. A row is written in the transaction of an effect, as the
// last of its statements, or in that of a durable action's start. Its own uniqueness decides which of several calls counts.
//
//   no row, or one whose time is over ──> started ──> result, failure      started: only of durable actions
//                   ╰─────────────────────────────────────╯  ╰──> unknown: the server that ran it is gone
import { ServerError } from '../../../core/base/errors.ts'
import type { RecordedAnswer } from '../../../core/session/call-records.ts'
import { type CallPlace, NotOurs } from './answer-rows.ts'
import { type DurableStore, nowIn, type Row, type Run, type Value } from './durable-store.ts'
import type { LastStatement } from './last-statement.ts'
import { bytesIn, recordedIn, storedForm } from './stored-answer.ts'
import { AnswerState, type Tables, tablesOf } from './tables.ts'

/** A key of an identity, and what it was used for. */
export interface CallKey {
  readonly hash: Uint8Array
  /** Of the action's name and data. */
  readonly fingerprint: Uint8Array
}

/** What is known of a key: the answer; that another call has it; that its run was cut; that it runs at another server. */
export type FoundKey = RecordedAnswer | 'reused' | 'cut' | 'running'

/** For how long a start is kept in addition, whose run may last. */
const cutKeptMs = 604_800_000
/** Rows that are deleted in one transaction. */
const batch = 500
/** Transactions of one turn. */
const batches = 20

export class KeyRows {
  readonly #store: DurableStore
  readonly #tables: Tables
  readonly #now: string
  readonly #keepMs: number
  readonly #deadMs: number

  /** `keepMs`: how long an answer is kept. `deadMs`: a server that was not seen for so long is gone. */
  constructor(store: DurableStore, keepMs: number, deadMs: number) {
    this.#store = store
    this.#tables = tablesOf(store)
    this.#now = nowIn(store)
    this.#keepMs = keepMs
    this.#deadMs = deadMs
  }

  /** Writes an answer as the last statement of a transaction. It throws NotOurs where the key has a row. */
  writing(key: CallKey, { session, seq }: CallPlace, recorded: RecordedAnswer): LastStatement {
    const { state, items, answer } = storedForm(recorded)
    const inserting = this.#inserting(key, [state, session, seq, items, answer])
    return { ...inserting, errorOf: (error) => error ?? new NotOurs('key taken') }
  }

  /** Records that a durable call starts. False: the key has a row. */
  async start(run: Run, key: CallKey, { session, seq }: CallPlace): Promise<boolean> {
    const { sql, values } = this.#inserting(key, [AnswerState.Started, session, seq, null, null])
    return (await run(sql, values)).length > 0
  }

  /** Records the answer of a call that has started. False: the row does not say any more that it runs. */
  async end(run: Run, { hash }: CallKey, { session, seq }: CallPlace, recorded: RecordedAnswer): Promise<boolean> {
    const { state, items, answer } = storedForm(recorded)
    const sql = `update ${this.#tables.key} set state = ?, items = ?, answer = ?, until = ${this.#now} + ?
      where hash = ? and session = ? and seq = ? and state = ${AnswerState.Started} returning seq`
    return (await run(sql, [state, items, answer, this.#keepMs, hash, session, seq])).length > 0
  }

  /** What is recorded of a key, for the call of this number. A run whose server is gone is cut. */
  async find({ hash, fingerprint }: CallKey, seq: number): Promise<FoundKey | undefined> {
    const { key, answer, session, node } = this.#tables
    const lives = `exists (select 1 from ${answer} ran join ${session} its on its.id = ran.session join ${node} seen on seen.life = its.node
      where ran.session = held.session and ran.seq = held.seq and ran.state = ${AnswerState.Started} and seen.seen_at > ${this.#now} - ?)`
    const sql = `select held.fingerprint, held.state, held.items, held.answer, case when ${lives} then 1 else 0 end as lives
      from ${key} held where held.hash = ? and (held.until > ${this.#now} or held.state = ${AnswerState.Started})`
    const [row] = await this.#store.read(sql, [this.#deadMs, hash])
    if (row === undefined) return undefined
    if (!Buffer.from(bytesIn(row['fingerprint'])).equals(fingerprint)) return 'reused'
    const state = Number(row['state'])
    if (state === AnswerState.Unknown) return 'cut'
    if (state !== AnswerState.Started) return recordedIn(row as Row, seq)
    if (Number(row['lives']) === 1) return 'running'
    const cut = `update ${key} as held set state = ${AnswerState.Unknown}, until = ${this.#now} + ?
      where held.hash = ? and held.state = ${AnswerState.Started} and not ${lives}`
    await this.#store.transaction((run) => run(cut, [this.#keepMs, hash, this.#deadMs]))
    return this.find({ hash, fingerprint }, seq)
  }

  /** Deletes rows whose time is over. */
  async deleteExpired(): Promise<void> {
    const { key } = this.#tables
    // Nobody has asked for one that was cut.
    const isOver = `until <= ${this.#now} and (state <> ${AnswerState.Started} or until <= ${this.#now} - ${cutKeptMs})`
    for (let i = 0; i < batches; i++) {
      // Most turns find none: they must not wait for the turn to write.
      const found = await this.#store.read(`select hash from ${key} where ${isOver} limit ${batch}`)
      if (found.length === 0) return
      const hashes = found.map(({ hash }) => bytesIn(hash))
      const sql = `delete from ${key} where hash in (${hashes.map(() => '?').join(', ')}) and ${isOver}`
      await this.#store.transaction((run) => run(sql, hashes))
    }
  }

  #inserting({ hash, fingerprint }: CallKey, values: readonly Value[]): Pick<LastStatement, 'sql' | 'values'> {
    const columns = ['fingerprint', 'state', 'session', 'seq', 'items', 'answer', 'until']
    // A commit whose answer was lost is asked for again.
    const isSame = `held.state = ${AnswerState.Started} and held.session = excluded.session and held.seq = excluded.seq`
    const isFree = `held.until <= ${this.#now} and held.state <> ${AnswerState.Started}`
    const sql = `insert into ${this.#tables.key} as held (hash, ${columns.join(', ')})
      values (?, ?, ?, ?, ?, ?, ?, ${this.#now} + ?) on conflict (hash) do update
      set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}
      where (${isFree}) or (${isSame}) returning seq`
    return { sql, values: [hash, fingerprint, ...values, this.#keepMs] }
  }
}

/** The error of a call whose key belongs to another one. */
export function keyReused(): ServerError {
  return new ServerError('this key was used with another action or other data; use a new key', {
    code: 'IDEMPOTENCY_KEY_REUSED',
    notStarted: true,
  })
}
