// Data as a feature of a server: opens the store before it listens, gives each run of an action its unit of work, saves
// and closes when nothing runs any more.
import type { Context } from '../action/context.ts'
import { isPromiseLike, itemSourceOf } from '../action/item-source.ts'
import type { RegisteredAction } from '../action/registry.ts'
import { RunContext } from '../action/run-context.ts'
import type { ServerFeature, ServerKit } from '../server/feature.ts'
import { ActionUnit } from './action-unit.ts'
import './context-db.ts'
import type { DataOptions } from './data-options.ts'
import { Database } from './database.ts'
import { Persisting } from './persisting.ts'
import { UnitStream } from './unit-stream.ts'

export class Data implements ServerFeature {
  readonly database: Database
  readonly #persisting: Persisting

  /** @throws ClientError (`INVALID_OPTION`). */
  constructor(kit: ServerKit, options: DataOptions) {
    this.database = new Database(options, {
      publish: (topic, message, more) => kit.server.publish(topic, message, more),
      report: (error) => kit.report(error, 'publishing a change of data'),
    })
    this.#persisting = new Persisting(this.database, kit)
    kit.adaptActions((action) => this.#adapt(action))
  }

  async onStart(): Promise<void> {
    await this.database.open()
    if (this.database.options.migrate) await this.database.migrate()
    await this.#persisting.load()
  }

  onListening(): void {
    this.#persisting.start()
  }

  async onDrained(): Promise<void> {
    try {
      await this.#persisting.stop()
    } finally {
      await this.database.close()
    }
  }

  #adapt(action: RegisteredAction): RegisteredAction {
    if (action.takesPayload) return action
    return { ...action, run: (data, context) => this.#run(action, data, context) }
  }

  /** As the action itself would: what settles at once does so here, too, unless it used the store. */
  #run(action: RegisteredAction, data: unknown, context: Context<unknown>): unknown {
    const unit = new ActionUnit(this.database, context)
    if (context instanceof RunContext) context.provide(unit)
    let returned: unknown
    try {
      returned = action.run(data, context)
    } catch (error) {
      return unit.fail(error)
    }
    if (!isPromiseLike(returned)) return ended(unit, returned)
    return returned.then(
      (value) => ended(unit, value),
      (error) => unit.fail(error),
    )
  }
}

function ended(unit: ActionUnit, value: unknown): unknown {
  const source = itemSourceOf(value)
  return source === undefined ? unit.keep(value) : new UnitStream(source, unit)
}
