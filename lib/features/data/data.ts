// Data as a feature of a server: opens the store before the server listens, gives each run of an action its unit of work, and
// saves and closes after the last run.
import { randomBytes } from 'node:crypto'
import type { Context } from '../../core/action/context.ts'
import { InputItems } from '../../core/action/input-items.ts'
import { isPromiseLike, itemSourceOf } from '../../core/action/item-source.ts'
import { recordingOf } from '../../core/action/recording.ts'
import type { RegisteredAction } from '../../core/action/registry.ts'
import { RunContext, type RunFeature } from '../../core/action/run-context.ts'
import { OpenedOnce } from '../../core/base/opened-once.ts'
import type { Feature, ServerFeature, ServerKit, SessionChange } from '../../core/server/feature.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import { ActionUnit, type ActionUnitParts } from './action-unit.ts'
import { ClientInput } from './client-input.ts'
import type { DataOptions } from './data-options.ts'
import { beginUnit, Database, durableStore } from './database.ts'
import { ClaimRows } from './durable/claim-rows.ts'
import type { DurableCounts } from './durable/session-records.ts'
import { StateRows, type StatesHome } from './durable/state-rows.ts'
import { SharedLogs } from './message-logs.ts'
import { NestedRuns } from './nested-runs.ts'
import { Persisting } from './persisting.ts'
import { isVolatile } from './store-url.ts'
import { notRecorded, Transactions } from './transactions.ts'
import { UnitInput, UnitStream } from './unit-stream.ts'

export type {} from './context-db.ts'

/**
 * Data for a server: models, the store of their rows, `context.db` in actions, and `server.db`.
 *
 * @throws ClientError: `INVALID_OPTION`; `MISSING_PACKAGE` if MikroORM or a driver is not installed.
 * @example
 * const server = new Server('localhost', 4440, { features: [data({ models: [User], url: 'file:app.db' })] })
 * await server.listen()
 * await server.db.transaction((db) => db.create(User, { email: 'ann@example.org' }))
 */
export function data(options: DataOptions): Feature<Data> {
  return { name: 'data', attach: (kit) => new Data(kit, options) }
}

/** Stand in for the platform's, where time is virtual. */
export interface DataParts {
  readonly database: Database
  random(): number
}

export class Data implements ServerFeature {
  readonly database: Database
  readonly #units: ActionUnitParts
  readonly #persisting: Persisting
  readonly #kit: ServerKit
  readonly #logs: SharedLogs
  #transactions: Transactions | undefined
  /** Opened before the server listens, or earlier for what its own program does. */
  readonly #opened = new OpenedOnce(() => this.#prepare())

  /** @throws ClientError (`INVALID_OPTION`). */
  constructor(kit: ServerKit, options: DataOptions, parts?: DataParts) {
    this.#kit = kit
    const { random = Math.random } = parts ?? {}
    this.database =
      parts?.database ??
      new Database(options, {
        publish: (topic, message, more) => kit.server.publish(topic, message, more),
        report: (error, origin) => kit.report(error, origin),
      })
    this.#units = { database: this.database, clock: kit.clock, random, runs: new NestedRuns() }
    this.#persisting = new Persisting(this.database, kit)
    kit.provide('db', this.database)
    kit.adaptActions((action) => this.#adapt(action))
    this.#logs = new SharedLogs(this.database, kit)
    if (!isVolatile(this.database.options.place))
      kit.shareStore({
        claims: new ClaimRows(() => this.database[durableStore](), randomBytes(8).toString('hex')),
        logs: this.#logs,
        recordedCounts: () => this.transactions,
        recordedSessions: () => this.#transactions?.listed,
        states: new StateRows(() => this.#statesHome()),
      })
  }

  async onStart(): Promise<void> {
    await this.#opened.get()
    await this.#persisting.load()
    await this.#transactions?.start()
    await this.#logs.start()
  }

  /** What transactional actions have done since the start; undefined: there are none. */
  get transactions(): Readonly<DurableCounts> | undefined {
    return this.#transactions?.counts
  }

  onSessionChange(session: ServerSession, change: SessionChange): void {
    this.#transactions?.changed(session, change)
  }

  onListening(): void {
    this.#persisting.start()
  }

  async onDrained(): Promise<void> {
    try {
      await this.#transactions?.stop()
      await this.#logs.stop()
      await this.#persisting.stop()
    } finally {
      await this.database.close()
    }
  }

  async #statesHome(): Promise<StatesHome> {
    const database = await this.#opened.get()
    return {
      store: await database[durableStore](),
      begin: (label, signal) => database[beginUnit]({ label, signal, commitsOnce: true }),
    }
  }

  async #prepare(): Promise<Database> {
    await this.database.open()
    if (this.database.options.migrate) await this.database.migrate()
    return this.database
  }

  #adapt(action: RegisteredAction): RegisteredAction {
    if (action.takesPayload) return action
    const recording = recordingOf(action)
    if (recording !== undefined) {
      this.#transactions ??= new Transactions(this.database, this.#kit, recording)
      return recording === 'transactional'
        ? this.#adaptTransactional(action, this.#transactions)
        : this.#adaptDurable(action, this.#transactions)
    }
    return { ...action, run: (data, context) => this.#run(action, data, context) }
  }

  #adaptTransactional(action: RegisteredAction, transactions: Transactions): RegisteredAction {
    const run = (data: unknown, context: Context<unknown>): unknown => {
      if (!(context instanceof RunContext)) return action.run(data, context)
      const begin = (): unknown =>
        transactions.run(context, (records, { Run }, turn) =>
          this.#runIn(action, data, context, (unit) => new Run(unit, context, records, { turn, logs: this.#logs })),
        )
      return this.#logs.isReady ? begin() : this.#logs.ready().then(begin)
    }
    return { ...action, isTransactional: true, takesKeys: true, run }
  }

  #adaptDurable(action: RegisteredAction, transactions: Transactions): RegisteredAction {
    const run = (data: unknown, context: Context<unknown>): unknown => {
      if (!(context instanceof RunContext)) return action.run(data, context)
      return transactions.run(context, async (records, { Durable, replayed }, turn) => {
        const unit = this.#unitOf(action, data, context)
        const durable = new Durable(unit, context, records, turn)
        const former = await durable.begin().catch((error: unknown) => {
          throw notRecorded(error, 'start of the call')
        })
        if (former !== undefined) throw replayed(context, former)
        context.provide(durable)
        // Nobody waits for it any more.
        if (context.isAbandoned) context.signal.throwIfAborted()
        return start(action, data, unit)
      })
    }
    return { ...action, isDurable: true, takesKeys: true, run }
  }

  /** Runs an action like its plain version: what settles synchronously does so here too, unless it used the store. */
  #run(action: RegisteredAction, data: unknown, context: Context<unknown>): unknown {
    return context instanceof RunContext ? this.#runIn(action, data, context) : action.run(data, context)
  }

  /** `around`: the feature of a transactional run. */
  #runIn(
    action: RegisteredAction,
    data: unknown,
    context: RunContext,
    around?: (unit: ActionUnit) => RunFeature,
  ): unknown {
    const unit = this.#unitOf(action, data, context, around !== undefined)
    context.provide(around?.(unit) ?? unit)
    return start(action, data, unit)
  }

  #unitOf(action: RegisteredAction, data: unknown, context: RunContext, commitsOnce?: boolean): ActionUnit {
    const input = action.input === undefined ? new ClientInput(data) : undefined
    return new ActionUnit(context, input, this.#units, commitsOnce)
  }
}

function start(action: RegisteredAction, data: unknown, unit: ActionUnit): unknown {
  const given = data instanceof InputItems ? new UnitInput(data, unit, unit.input) : data
  const returned: unknown = action.run(given, unit.context as never) // it has this run's type of items
  return isPromiseLike(returned) ? returned.then((value) => settled(unit, value)) : settled(unit, returned)
}

/** The result of an action as it is sent. Leaves the commit or rollback to the action's runner. */
function settled(unit: ActionUnit, value: unknown): unknown {
  const source = itemSourceOf(value)
  return source === undefined ? unit.settled(value) : new UnitStream(source, unit)
}
