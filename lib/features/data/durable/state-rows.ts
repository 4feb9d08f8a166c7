// The rows of durable services: one for each service and key. Who has locked a row has the turn of its state, until the transaction ends; a
// server that crashes gives it back with its connection.
//
//   no row ──init──> row 'new' ──> 'initialized' <──> exec ──exit──> 'terminated', which stays
import { platformClock, sleep } from '../../../core/base/clock.ts'
import { ServerError } from '../../../core/base/errors.ts'
import { OpenedOnce } from '../../../core/base/opened-once.ts'
import type { ServiceStates, StatePlace, StoredState } from '../../../core/server/service-states.ts'
import type { DurableStore, Row } from './durable-store.ts'
import { ownStatements, statementsOf } from './own-statements.ts'
import { bytesIn, payloadBytes, payloadIn } from './stored-answer.ts'
import { tablesOf } from './tables.ts'

/** How often a transaction begins again that others were in the way of. */
const mostReruns = 5
/** The longest wait before the first rerun; each further one may take twice as long. */
const firstDelayMs = 10

/** Where the rows are, and how a transaction begins there that commits once. */
export interface StatesHome {
  readonly store: DurableStore
  begin(label: string, signal: AbortSignal): StateUnit
}

export interface StateUnit {
  readonly db: unknown
  readonly wasInterrupted: boolean
  finish(isKept: boolean): Promise<unknown>
}

const none: StoredState = { phase: 'new', stateVersion: 0, state: undefined }

export class StateRows implements ServiceStates {
  readonly #home: OpenedOnce<StatesHome>

  /** `open`: opens the store with the first use. */
  constructor(open: () => Promise<StatesHome>) {
    this.#home = new OpenedOnce(open)
  }

  async take(db: unknown, { name, key }: StatePlace, creates: boolean): Promise<StoredState> {
    const { store } = await this.#home.get()
    const { service } = tablesOf(store)
    const lock = store.isPostgres ? ' for no key update' : ''
    const rows = await statementsOf(db)[ownStatements](async (run) => {
      // Two servers that create a state at the same time wait for each other here.
      if (creates)
        await run(
          `insert into ${service} (name, key, phase, version, state_version) values (?, ?, 'new', 0, 0)
           on conflict (name, key) do nothing`,
          [name, key],
        )
      return run(`select phase, state_version, state from ${service} where name = ? and key = ?${lock}`, [name, key])
    })
    return stateIn(rows[0])
  }

  async save(db: unknown, { name, key }: StatePlace, { phase, stateVersion, state }: StoredState): Promise<void> {
    const { store } = await this.#home.get()
    const sql = `update ${tablesOf(store).service} set phase = ?, version = version + 1, state_version = ?, state = ?
      where name = ? and key = ? returning version`
    const bytes = phase === 'initialized' ? payloadBytes(state) : null
    const rows = await statementsOf(db)[ownStatements]((run) => run(sql, [phase, stateVersion, bytes, name, key]))
    if (rows.length === 0) throw new ServerError(`the row of service "${name}" was deleted during its turn`)
  }

  async transaction<T>(label: string, signal: AbortSignal, work: (db: unknown) => Promise<T>): Promise<T> {
    const { begin } = await this.#home.get()
    for (let reruns = 0; ; reruns++) {
      const unit = begin(label, signal)
      try {
        const result = await work(unit.db)
        await unit.finish(true)
        return result
      } catch (error) {
        await unit.finish(false)
        if (!unit.wasInterrupted || reruns >= mostReruns || signal.aborted) throw error
      }
      await sleep(platformClock, Math.random() * firstDelayMs * 2 ** reruns)
    }
  }

  async phaseOf({ name, key }: StatePlace): Promise<StoredState['phase']> {
    const { store } = await this.#home.get()
    const sql = `select phase, state_version, state from ${tablesOf(store).service} where name = ? and key = ?`
    return stateIn((await store.read(sql, [name, key]))[0]).phase
  }
}

function stateIn(row: Row | undefined): StoredState {
  if (row === undefined) return none
  const { phase, state_version: stateVersion, state } = row
  if (phase !== 'initialized') return { ...none, phase: phase === 'terminated' ? phase : 'new' }
  return { phase, stateVersion: Number(stateVersion), state: payloadIn(bytesIn(state)) }
}
