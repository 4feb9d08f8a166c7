// The unit of work of one run of an action: begun when the action asks for its `db`, and ended by what runs the action:
// kept once the answer is ready, else undone. Waits for the run's client are watched while it holds up others.
import type { Context } from '../action/context.ts'
import type { RunFeature } from '../action/run-context.ts'
import type { Clock } from '../base/clock.ts'
import { ServerError } from '../base/errors.ts'
import { ClientPatience } from './client-patience.ts'
import type { Database } from './database.ts'
import type { Db } from './db.ts'
import type { OpenUnit } from './open-unit.ts'
import { asSent } from './sent-rows.ts'

export class ActionUnit implements RunFeature {
  readonly #database: Database
  readonly #context: Context
  readonly #clock: Clock
  #unit: OpenUnit | undefined
  #patience: ClientPatience | undefined
  #isOver = false

  constructor(database: Database, context: Context, clock: Clock) {
    this.#database = database
    this.#context = context
    this.#clock = clock
  }

  get db(): Db {
    if (this.#unit === undefined) {
      if (this.#isOver)
        throw new ServerError('context.db: the action has ended; await what it does', { code: 'INVALID_USAGE' })
      this.#unit = this.#database.beginUnit({ signal: this.#context.signal, label: this.#label })
    }
    return this.#unit.db
  }

  /** What the action returned, as it travels; a promise where it used the store, whose rows must be settled before. */
  settled(value: unknown): unknown {
    this.#isOver = true
    return this.#unit === undefined ? asSent(value) : this.#unit.settle().then(() => asSent(value))
  }

  keep(): Promise<void> | undefined {
    return this.#unit?.finish(true)
  }

  undo(): Promise<void> | undefined {
    this.#isOver = true
    return this.#unit?.finish(false)
  }

  forClient<T>(waiting: Promise<T>): Promise<T> {
    const unit = this.#unit
    if (unit === undefined) return waiting
    const { options } = this.#database
    this.#patience ??= new ClientPatience({
      unit,
      clock: this.#clock,
      patienceMs: options.clientPatienceMs,
      isShared: options.place.kind === 'libsql' && options.place.path !== ':memory:',
      label: this.#label,
      isConnected: () => this.#context.session.isConnected,
    })
    return this.#patience.during(waiting)
  }

  get #label(): string {
    return `action "${this.#context.actionName}"`
  }
}
