// The transactional and durable actions of a server: loads what they need when the first one is added, so that other servers pay nothing,
// and starts each run when its session is recorded.

import type { Recording } from '../../core/action/recording.ts'
import { Refused } from '../../core/action/refused.ts'
import type { RunContext } from '../../core/action/run-context.ts'
import { BusyError, IsockError, ServerError } from '../../core/base/errors.ts'
import { OpenedOnce } from '../../core/base/opened-once.ts'
import type { ServerKit, SessionChange } from '../../core/server/feature.ts'
import type { RecordedSessions } from '../../core/server/recorded-sessions.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import { type Database, durableStore } from './database.ts'
import { callKeyOf } from './durable/call-key.ts'
import type { KeptSessions } from './durable/kept-sessions.ts'
import type { KeyTurn } from './durable/keyed-calls.ts'
import type { DurableCounts, SessionRecords } from './durable/session-records.ts'
import type { DurableRun } from './durable-run.ts'
import type { replayed } from './replayed-run.ts'
import type { TransactionalRun } from './transactional-run.ts'

interface Loaded {
  readonly sessions: KeptSessions
  readonly Run: typeof TransactionalRun
  readonly Durable: typeof DurableRun
  readonly replayed: typeof replayed
}

/** Begins a run; `turn`: that of its key. */
type Begin = (records: SessionRecords, runs: Loaded, turn?: KeyTurn) => unknown

export class Transactions {
  readonly #database: Database
  readonly #kit: ServerKit
  readonly #parts = new OpenedOnce(() => this.#load())
  #loaded: Loaded | undefined

  /** @throws ServerError (`INVALID_ACTION`) for a store that ends with the process. */
  constructor(database: Database, kit: ServerKit, recording: Recording) {
    const { place } = database.options
    if (place.kind === 'libsql' && place.path === ':memory:')
      throw new ServerError(
        `a ${recording} action needs a store that outlives the process: give data a url such as 'file:app.db', or of PostgreSQL`,
        { code: 'INVALID_ACTION' },
      )
    this.#database = database
    this.#kit = kit
  }

  /** undefined: none has run yet. */
  get counts(): DurableCounts | undefined {
    return this.#loaded?.sessions.counts
  }

  /** What the store has recorded; undefined: nothing is recorded yet. */
  get listed(): RecordedSessions | undefined {
    return this.#loaded?.sessions.listed
  }

  /** Called when the store is open. Rejects if it cannot be used for this. */
  async start(): Promise<void> {
    await this.#parts.get()
  }

  changed(session: ServerSession, change: SessionChange): void {
    this.#loaded?.sessions.changed(session, change)
  }

  /** Never rejects. */
  async stop(): Promise<void> {
    await this.#loaded?.sessions.stop()
  }

  /** Begins a run when its session is recorded: immediately, if it is. */
  run(context: RunContext, begin: Begin): unknown {
    if (context.key !== undefined) return this.#runKeyed(context, context.key, begin)
    const loaded = this.#loaded
    const session = this.#kit.findSession(context.session.id)
    if (loaded !== undefined && session !== undefined) {
      const records = loaded.sessions.begin(session)
      if (!(records instanceof Promise)) {
        requireRoom(context, records)
        return begin(records, loaded)
      }
    }
    return this.#recordsFor(session).then(([records, runs]) => {
      requireRoom(context, records)
      return begin(records, runs)
    })
  }

  /** Begins a run when no other has its key; or answers with what is recorded of the key. */
  async #runKeyed(context: RunContext, key: string, begin: Begin): Promise<unknown> {
    const session = this.#kit.findSession(context.session.id)
    const [records, loaded] = await this.#recordsFor(session)
    requireRoom(context, records)
    const { callId: seq, actionName, givenData: data, signal } = context
    const callKey = callKeyOf({ identity: session?.identity?.id, key, actionName, data })
    const entered = await loaded.sessions.keyed.enter(callKey, seq, signal).catch((error: unknown) => {
      throw context.isAbandoned ? new Refused(error) : notRecorded(error, 'key')
    })
    if (typeof entered === 'object' && 'release' in entered) return begin(records, loaded, entered)
    throw loaded.replayed(context, records.answerOf(seq, actionName, entered))
  }

  /** What fails here fails before the action has started. */
  async #recordsFor(session: ServerSession | undefined): Promise<[SessionRecords, Loaded]> {
    try {
      if (session === undefined)
        throw new ServerError('the session has ended', { code: 'SESSION_ENDED', notStarted: true })
      const loaded = await this.#parts.get()
      return [await loaded.sessions.begin(session), loaded]
    } catch (error) {
      throw notRecorded(error, 'session')
    }
  }

  async #load(): Promise<Loaded> {
    const [{ KeptSessions: Sessions }, { TransactionalRun: Run }, { DurableRun: Durable }, replays, store] =
      await Promise.all([
        import('./durable/kept-sessions.ts'),
        import('./transactional-run.ts'),
        import('./durable-run.ts'),
        import('./replayed-run.ts'),
        this.#database[durableStore](),
      ])
    const sessions = new Sessions(this.#kit, store, this.#database.options.keepKeysMs)
    await sessions.start()
    this.#kit.keepSessions(sessions)
    this.#loaded = { sessions, Run, Durable, replayed: replays.replayed }
    return this.#loaded
  }
}

/** @throws Refused: too many bytes of its session are kept. */
function requireRoom(context: RunContext, records: SessionRecords): void {
  const refusal = records.refusal(!context.mayHaveRun)
  if (refusal !== undefined) throw new Refused(refusal)
}

/** Refuses a call that has not started, since that could not be recorded. */
export function notRecorded(error: unknown, what: 'session' | 'start of the call' | 'key'): Refused {
  if (error instanceof ServerError) return new Refused(error)
  const reason = error instanceof IsockError ? `: ${error.message}` : ''
  return new Refused(new BusyError(`the store of data cannot record the ${what}${reason}`))
}
