// Writes rows of a file into the store in batches. If the store rejects a batch, its rows are tried one by one, so that
// the error names the row.
import { ConflictError } from '../data-errors.ts'
import type { ModelPlan, Row } from '../plan.ts'
import type { Manager } from './engine.ts'
import { isAway, isTaken, storeError } from './store-errors.ts'

export class InsertRows {
  readonly #plan: ModelPlan
  readonly #manager: Manager

  /** Runs within the manager's transaction. */
  constructor(plan: ModelPlan, manager: Manager) {
    this.#plan = plan
    this.#manager = manager
  }

  /** `first` is the number in the file of the first row. @throws ConflictError that names row and column. */
  async insert(rows: readonly Row[], first: number): Promise<void> {
    try {
      await this.#insert(rows)
    } catch (error) {
      if (isAway(error)) throw error
      for (const [at, row] of rows.entries()) {
        await this.#insert([row]).catch((reason: unknown) => {
          throw this.#fault(reason, first + at)
        })
      }
    }
  }

  /** Inserts all or none. */
  async #insert(rows: readonly Row[]): Promise<void> {
    await this.#execute('savepoint loading')
    try {
      // Written rows are released before the next batch.
      const manager = this.#manager.fork({ clear: true, keepTransactionContext: true, useContext: false })
      await manager.insertMany([...rows] as never)
    } catch (error) {
      if (!isAway(error)) await this.#execute('rollback to savepoint loading')
      throw error
    }
    await this.#execute('release savepoint loading')
  }

  #fault(error: unknown, row: number): Error {
    const { name } = this.#plan
    const reported = storeError(error, name)
    if (!isTaken(error) || !(reported instanceof ConflictError)) return reported
    const column = reported.field === undefined ? '' : `, column ${reported.field}`
    const message = `${name}, row ${row}${column}: another row has this value; nothing was loaded`
    return new ConflictError(message, { model: name, field: reported.field })
  }

  async #execute(sql: string): Promise<void> {
    await this.#manager.getConnection().execute(sql, [], 'run', this.#manager.getTransactionContext())
  }
}
