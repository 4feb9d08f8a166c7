// The rows of answers. One upsert decides which answer a call has: it is the last statement of the transaction of the call's effect, so
// that both are committed, or neither.
//
//   no row, or one of an earlier call of the slot  ──> written: ours counts
//   a row of this call                             ──> not written: that one counts
//   a row of a later call                          ──> not written: the caller has long settled this one
//   no session                                     ──> not written, or the statement fails: the session is over
//   a session of another generation                ──> not written: another server has it, or the store has lost our adoption
//
// The row of a durable action is written before it starts, and its answer is put into it while it says so:
//
//   started ──> result, failure
//      ╰──────> unknown: another server has the session, or has asked for the answer
import type { RecordedAnswer } from '../../../core/session/call-records.ts'
import { type DurableStore, nowIn, type Row, type Run, type Value } from './durable-store.ts'
import { type LastStatement, runLast } from './last-statement.ts'
import { recordedIn, storedForm } from './stored-answer.ts'
import { AnswerState, tablesOf } from './tables.ts'

/** The call was answered by another server, its session is over, or another call has its key: what this run did must not be committed. */
export class NotOurs extends Error {
  readonly why: 'answered' | 'session over' | 'key taken'

  constructor(why: NotOurs['why']) {
    super(`the call is not this server's: ${why}`)
    this.why = why
  }
}

/** A call, by the row that its answer has. */
export interface CallPlace {
  readonly session: string
  /** Of the session, as the server knows it that writes. */
  readonly generation: number
  readonly slot: number
  readonly seq: number
}

/** What a row says of a call: its answer; that it was cut in the middle; that it runs at another server; that a later one has its slot. */
export type Found = RecordedAnswer | 'cut' | 'running' | 'later'

/** The result in a slot of a session, and its size. */
export interface SlotSize {
  readonly slot: number
  readonly seq: number
  readonly bytes: number
}

export class AnswerRows {
  readonly #store: DurableStore
  readonly #upsert: string
  readonly #dividing: string
  readonly #start: string
  readonly #end: string
  readonly #cut: string
  readonly #select: string
  readonly #sizes: string
  readonly #drop: string

  constructor(store: DurableStore) {
    const { answer, session } = tablesOf(store)
    this.#store = store
    const now = nowIn(store)
    const into = `insert into ${answer} as held (session, slot, seq, state, action, items, answer, at)`
    const ours = `from ${session} ours where ours.id = ? and ours.generation = ?`
    const over = `on conflict (session, slot) do update set state = excluded.state, action = excluded.action, items = excluded.items,
      answer = excluded.answer, at = excluded.at, seq = excluded.seq`
    this.#upsert = `${into} select ?, ?, ?, ?, ?, ?, ?, ${now} where exists (select 1 ${ours}) ${over}
      where held.seq < excluded.seq returning seq`
    this.#dividing = `${into} values (?, ?, ? / (select count(*) ${ours}), ?, ?, ?, ?, ${now}) ${over} / (held.seq < excluded.seq)::integer`
    // The same start, when the answer to its commit was lost.
    const isSame = `held.seq = excluded.seq and held.state = ${AnswerState.Started} and held.answer = excluded.answer`
    this.#start = this.#upsert.replace(' returning', ` or (${isSame}) returning`)
    const isStarted = `session = ? and slot = ? and seq = ? and state = ${AnswerState.Started}`
    this.#end = `update ${answer} set state = ?, items = ?, answer = ?, at = ${now} where ${isStarted} returning seq`
    const isOurs = `exists (select 1 from ${session} where id = ? and generation = ?)`
    this.#cut = `update ${answer} set state = ${AnswerState.Unknown}, answer = null where ${isStarted} and ${isOurs} returning seq`
    const isResult = `state = ${AnswerState.Result} and answer is not null`
    this.#sizes = `select slot, seq, length(answer) as bytes from ${answer} where session = ? and ${isResult}`
    this.#drop = `update ${answer} set items = null, answer = null where session = ? and slot = ? and seq = ? and ${isResult}`
    this.#select = `select seq, state, items, answer from ${answer} where session = ? and slot = ?`
  }

  /** Writes an answer as the last statement of a transaction. It throws NotOurs where that must be rolled back. */
  writing(place: CallPlace, action: string, recorded: RecordedAnswer): LastStatement {
    const { session, generation, slot, seq } = place
    const { state, items, answer } = storedForm(recorded)
    const row = [state, action, items, answer]
    return {
      sql: this.#upsert,
      values: valuesOf(place, row),
      dividing: { sql: this.#dividing, values: [session, slot, seq, session, generation, ...row] },
      errorOf: (error) => (error === undefined ? new NotOurs('answered') : this.#errorOf(error)),
    }
  }

  /** Records that a call starts; `token` is the start's own. False: the call has a row. @throws NotOurs ('session over'). */
  async start(run: Run, place: CallPlace, action: string, token: Uint8Array): Promise<boolean> {
    const values = valuesOf(place, [AnswerState.Started, action, null, token])
    return (await this.#run(run, this.#start, values)).length > 0
  }

  /** Records the answer of a call that has started. False: the row does not say any more that it runs. */
  async end(run: Run, { session, slot, seq }: CallPlace, recorded: RecordedAnswer): Promise<boolean> {
    const { state, items, answer } = storedForm(recorded)
    return (await run(this.#end, [state, items, answer, session, slot, seq])).length > 0
  }

  /** The results that are kept of a session. */
  async sizes(session: string): Promise<SlotSize[]> {
    const rows = await this.#store.read(this.#sizes, [session])
    return rows.map(({ slot, seq, bytes }) => ({ slot: Number(slot), seq: Number(seq), bytes: Number(bytes) }))
  }

  /** Drops results that their caller has: their rows stay. */
  async drop(session: string, results: readonly SlotSize[]): Promise<void> {
    await this.#store.transaction(async (run) => {
      for (const { slot, seq } of results) await run(this.#drop, [session, slot, seq])
    })
  }

  /** Records an answer in a transaction of its own. @throws NotOurs. */
  async record(place: CallPlace, action: string, recorded: RecordedAnswer, last?: LastStatement): Promise<void> {
    await this.#store.transaction(async (run) => {
      await runLast(run, this.writing(place, action, recorded))
      if (last !== undefined) await runLast(run, last)
    })
  }

  /** Waits for a transaction that writes an answer of this call, and undoes what it does itself. @throws NotOurs: there is an answer. */
  async probe(place: CallPlace, action: string, recorded: RecordedAnswer, last?: LastStatement): Promise<void> {
    const undone = new Error('undone')
    const work = async (run: Run): Promise<void> => {
      await runLast(run, this.writing(place, action, recorded))
      if (last !== undefined) await runLast(run, last)
      throw undone
    }
    await this.#store.transaction(work).catch((error: unknown) => {
      if (error !== undone) throw error
    })
  }

  /** What is recorded of this call. One that another server has started is cut if the session is ours, by this generation. */
  async find(place: CallPlace): Promise<Found | undefined> {
    const { session, generation, slot, seq } = place
    const [row] = await this.#store.read(this.#select, [session, slot])
    const found = row === undefined ? 0 : Number(row['seq'])
    if (found < seq) return undefined
    if (found > seq) return 'later'
    const state = Number(row?.['state'])
    if (state === AnswerState.Unknown) return 'cut'
    // Its caller has acknowledged it.
    if (row?.['answer'] === null) return 'later'
    if (state !== AnswerState.Started) return recordedIn(row as Row, seq)
    const values = [session, slot, seq, session, generation]
    if ((await this.#store.transaction((run) => run(this.#cut, values))).length > 0) return 'cut'
    const [again] = await this.#store.read(this.#select, [session, slot])
    const isRunning = again === undefined || Number(again['state']) === AnswerState.Started
    return isRunning || Number(again['seq']) !== seq ? 'running' : this.find(place)
  }

  async #run(run: Run, sql: string, values: readonly Value[]): Promise<readonly Row[]> {
    try {
      return await run(sql, values)
    } catch (error) {
      throw this.#errorOf(error)
    }
  }

  #errorOf(error: unknown): unknown {
    return this.#store.lacksReference(error) ? new NotOurs('session over') : error
  }
}

function valuesOf({ session, generation, slot, seq }: CallPlace, row: readonly Value[]): Value[] {
  return [session, slot, seq, ...row, session, generation]
}
