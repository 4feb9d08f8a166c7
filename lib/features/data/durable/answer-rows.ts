// The rows of answers. One upsert decides which answer a call has: it is the last statement of the transaction of the call's effect, so
// that both are committed, or neither.
//
//   no row, or one of an earlier call of the slot  ──> written: ours counts
//   a row of this call                             ──> not written: that one counts
//   a row of a later call                          ──> not written: the caller has long settled this one
//   no session                                     ──> the statement fails: the session is over
import type { RecordedAnswer } from '../../../core/session/call-records.ts'
import type { DurableStore, Row, Run } from './durable-store.ts'
import { recordedIn, storedForm } from './stored-answer.ts'
import { tablesOf } from './tables.ts'

/** The call was answered by another server, or its session is over: what this run did must not be committed. */
export class NotOurs extends Error {
  readonly why: 'answered' | 'session over'

  constructor(why: 'answered' | 'session over') {
    super(`the call is not this server's: ${why}`)
    this.why = why
  }
}

/** A call, by the row that its answer has. */
export interface CallPlace {
  readonly session: string
  readonly slot: number
  readonly seq: number
}

export class AnswerRows {
  readonly #store: DurableStore
  readonly #upsert: string
  readonly #select: string

  constructor(store: DurableStore) {
    const { answer } = tablesOf(store)
    this.#store = store
    this.#upsert = `insert into ${answer} as held (session, slot, seq, state, action, items, answer)
      values (?, ?, ?, ?, ?, ?, ?) on conflict (session, slot) do update set seq = excluded.seq,
      state = excluded.state, action = excluded.action, items = excluded.items, answer = excluded.answer
      where held.seq < excluded.seq returning seq`
    this.#select = `select seq, state, items, answer from ${answer} where session = ? and slot = ?`
  }

  /** Writes an answer as the last statement of a transaction. @throws NotOurs: the transaction must be rolled back. */
  async write(run: Run, { session, slot, seq }: CallPlace, action: string, recorded: RecordedAnswer): Promise<void> {
    const { state, items, answer } = storedForm(recorded)
    const rows = await run(this.#upsert, [session, slot, seq, state, action, items, answer]).catch((error: unknown) => {
      throw this.#store.lacksReference(error) ? new NotOurs('session over') : error
    })
    if (rows.length === 0) throw new NotOurs('answered')
  }

  /** Records an answer in a transaction of its own. @throws NotOurs. */
  async record(place: CallPlace, action: string, recorded: RecordedAnswer): Promise<void> {
    await this.#store.transaction((run) => this.write(run, place, action, recorded))
  }

  /** Waits for a transaction that writes an answer of this call, and undoes what it does itself. @throws NotOurs: there is an answer. */
  async probe(place: CallPlace, action: string, recorded: RecordedAnswer): Promise<void> {
    const undone = new Error('undone')
    const work = async (run: Run): Promise<void> => {
      await this.write(run, place, action, recorded)
      throw undone
    }
    await this.#store.transaction(work).catch((error: unknown) => {
      if (error !== undone) throw error
    })
  }

  /** The answer of this call; 'later': one of a later call of its slot. */
  async find({ session, slot, seq }: CallPlace): Promise<RecordedAnswer | 'later' | undefined> {
    const [row] = await this.#store.read(this.#select, [session, slot])
    const found = row === undefined ? 0 : Number(row['seq'])
    if (found < seq) return undefined
    return found === seq ? recordedIn(row as Row, seq) : 'later'
  }
}
