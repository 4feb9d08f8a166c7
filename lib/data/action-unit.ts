// The unit of work of one run of an action: begun when the action asks for its `db`, ended with the run.
import type { Context } from '../action/context.ts'
import type { FeatureFields } from '../action/run-context.ts'
import { ServerError } from '../base/errors.ts'
import type { Database, OpenUnit } from './database.ts'
import type { Db } from './db.ts'
import { asSent } from './sent-rows.ts'

export class ActionUnit implements FeatureFields {
  readonly #database: Database
  readonly #context: Context
  #unit: OpenUnit | undefined
  #isOver = false

  constructor(database: Database, context: Context) {
    this.#database = database
    this.#context = context
  }

  get db(): Db {
    if (this.#unit === undefined) {
      if (this.#isOver)
        throw new ServerError('context.db: the action has ended; await what it does', { code: 'INVALID_USAGE' })
      this.#unit = this.#database.beginUnit(this.#context.signal)
    }
    return this.#unit.db
  }

  /** What the action returned, as it travels; a promise where there is something to commit. */
  keep(value: unknown): unknown {
    this.#isOver = true
    return this.#unit === undefined ? asSent(value) : this.#committed(this.#unit, value)
  }

  /** Throws what the action threw, as soon as nothing is left of what it did. */
  fail(error: unknown): Promise<never> {
    this.#isOver = true
    if (this.#unit === undefined) throw error
    return this.#unit.finish(false).then(() => {
      throw error
    })
  }

  async leave(): Promise<void> {
    this.#isOver = true
    await this.#unit?.finish(false)
  }

  async #committed(unit: OpenUnit, value: unknown): Promise<unknown> {
    await unit.finish(true)
    return asSent(value)
  }
}
