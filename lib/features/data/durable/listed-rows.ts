// Reads what the store has recorded of sessions and their answers, in pages, for the operators of a server. Reads lengths rather than
// values, and no secrets.
import { setImmediate } from '../../../core/base/platform-timers.ts'
import type {
  PageAfter,
  RecordedCall,
  RecordedSession,
  RecordedSessions,
} from '../../../core/server/recorded-sessions.ts'
import { type DurableStore, nowIn, type Row, type Value } from './durable-store.ts'
import { AnswerState, type Tables, tablesOf } from './tables.ts'

/** Sessions whose answers are counted in one statement: each may have thousands of rows, and a file is read in the server's thread. */
const countedSessions = 20
/** Greater than all hexadecimal digits. */
const pastDigits = 'g'

export class ListedRows implements RecordedSessions {
  readonly node: string
  readonly #store: DurableStore
  readonly #tables: Tables
  readonly #deadMs: number

  /** `node`: this server process. `deadMs`: one that was not seen for this long is gone. */
  constructor(store: DurableStore, node: string, deadMs: number) {
    this.#store = store
    this.#tables = tablesOf(store)
    this.node = node
    this.#deadMs = deadMs
  }

  async list({ after, limit }: PageAfter<string>): Promise<RecordedSession[]> {
    const sql = `select id, identity, node, generation, cut_at from ${this.#tables.session} where id > ? order by id limit ${limit}`
    const rows = await this.#store.read(sql, [after])
    const alive = await this.#alive(new Set(rows.flatMap(({ node }) => (node === null ? [] : [String(node)]))))
    const kept = new Map<string, Row>()
    const ids = rows.map(({ id }) => String(id))
    for (let i = 0; i < ids.length; i += countedSessions) {
      // The clients of this server have a turn in between.
      if (i > 0) await new Promise<void>((resolve) => setImmediate(resolve))
      for (const counts of await this.#counts(ids.slice(i, i + countedSessions)))
        kept.set(String(counts['session']), counts)
    }
    return rows.map((row) => {
      const id = String(row['id'])
      const node = textIn(row['node'])
      return {
        id,
        identity: textIn(row['identity']),
        node,
        isNodeAlive: node !== undefined && alive.has(node),
        generation: Number(row['generation']),
        cutAtMs: numberIn(row['cut_at']),
        answers: Number(kept.get(id)?.['answers'] ?? 0),
        bytes: Number(kept.get(id)?.['bytes'] ?? 0) + Number(kept.get(id)?.['item_bytes'] ?? 0),
      }
    })
  }

  async idsOf(prefix: string): Promise<string[]> {
    const sql = `select id from ${this.#tables.session} where id >= ? and id < ? order by id limit 2`
    return (await this.#store.read(sql, [prefix, prefix + pastDigits])).map(({ id }) => String(id))
  }

  async calls(session: string, { after, limit }: PageAfter<number>): Promise<RecordedCall[]> {
    const sql = `select slot, seq, action, state, length(answer) as bytes, length(items) as item_bytes, at from ${this.#tables.answer}
      where session = ? and slot > ? order by slot limit ${limit}`
    return (await this.#store.read(sql, [session, after])).map(callIn)
  }

  async #alive(nodes: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    if (nodes.size === 0) return nodes
    const sql = `select life from ${this.#tables.node} where life in (${marks(nodes.size)}) and seen_at > ${nowIn(this.#store)} - ?`
    const rows = await this.#store.read(sql, [...nodes, this.#deadMs])
    return new Set(rows.map(({ life }) => String(life)))
  }

  #counts(ids: readonly Value[]): Promise<readonly Row[]> {
    const { answer } = this.#tables
    const sql = `select session, count(*) as answers, sum(length(answer)) as bytes, sum(length(items)) as item_bytes from ${answer}
      where session in (${marks(ids.length)}) and answer is not null and state <> ${AnswerState.Started} group by session`
    return this.#store.read(sql, ids)
  }
}

const outcomes: Readonly<Record<number, RecordedCall['outcome']>> = {
  [AnswerState.Result]: 'value',
  [AnswerState.Failure]: 'error',
  [AnswerState.Buried]: 'not started',
}

function callIn(row: Row): RecordedCall {
  const state = Number(row['state'])
  const isStarted = state === AnswerState.Started
  return {
    slot: Number(row['slot']),
    seq: Number(row['seq']),
    action: String(row['action']),
    state: isStarted ? 'started' : state === AnswerState.Unknown ? 'unknown' : 'answered',
    outcome: outcomes[state],
    // That of a started call is the mark of its start.
    bytes: isStarted ? 0 : Number(row['bytes'] ?? 0) + Number(row['item_bytes'] ?? 0),
    atMs: numberIn(row['at']),
  }
}

function marks(count: number): string {
  return Array.from({ length: count }, () => '?').join(', ')
}

function textIn(column: unknown): string | undefined {
  return column === null ? undefined : String(column)
}

/** PostgreSQL returns large numbers as texts. */
function numberIn(column: unknown): number | undefined {
  return column === null ? undefined : Number(column)
}
