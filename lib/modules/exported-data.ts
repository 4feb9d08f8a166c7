// The store that modules ask for: their export `data`, with the options of the feature data.
import { ClientError, ServerError } from '../core/base/errors.ts'
import { describe } from '../core/base/options.ts'
import type { DataOptions } from '../features/data/data-options.ts'
import { isModelClass, type ModelClass } from '../features/data/model.ts'
import { modelsReferredToBy } from '../features/data/plans.ts'
import { isPlainObject } from './exported-actions.ts'
import type { LoadedModule } from './load-modules.ts'

/** The options that a module may export as `data`. */
export interface ExportedData extends Omit<DataOptions, 'models'> {
  /** Default: the models that the modules export, and those they refer to. */
  readonly models?: readonly ModelClass[]
}

/** Checked, because a misspelled option, or an export `data` for another purpose, would silently become a store in memory. */
const optionNames: Readonly<Record<keyof DataOptions, true>> = {
  models: true,
  url: true,
  directory: true,
  format: true,
  persist: true,
  migrate: true,
  schema: true,
  waitMs: true,
  statementTimeoutMs: true,
  idleTransactionMs: true,
  clientPatienceMs: true,
  keepKeysMs: true,
  durability: true,
  maxConnections: true,
  maxRows: true,
}

/** @throws ClientError (`MODULE_FAILED`) if it is not an object of options, there are two of them, or there is no model. */
export function exportedData(modules: readonly LoadedModule[]): DataOptions | undefined {
  const [data, another] = new Set(modules.map(({ exports }) => exports['data']).filter((each) => each !== undefined))
  if (data === undefined) return undefined
  if (another !== undefined) throw failed('several modules export data; a server has only one store')
  if (!isPlainObject(data)) throw failed('the export data must be a plain object, such as { url: "file:app.db" }')
  const stranger = Object.keys(data).find((name) => !Object.hasOwn(optionNames, name))
  if (stranger !== undefined)
    throw failed(
      `the export data has an unknown option ${describe(stranger)}; it may have ${Object.keys(optionNames).join(', ')}. Export anything but a store under another name`,
    )
  const { models = exportedModels(modules) } = data as ExportedData
  if (!Array.isArray(models))
    throw failed(`the export data: expected models to be a list of classes that extend Model, got ${describe(models)}`)
  if (models.length === 0)
    throw failed('a module exports data, but no module exports a model; export classes that extend Model')
  return { ...data, models }
}

/** The models that modules export, and those they refer to, once each. */
export function exportedModels(modules: readonly LoadedModule[]): ModelClass[] {
  return modelsReferredToBy(modules.flatMap(({ exports }) => Object.values(exports)).filter(isModelClass))
}

/**
 * A successor would start without the rows of its predecessor, and each would overwrite the other's files.
 *
 * @throws ServerError (`NOT_ALLOWED`) for a store in memory that is saved to files.
 */
export function requireHandOver(data: DataOptions | undefined): void {
  if (data?.directory === undefined || data.persist === false) return
  const message = `a restart would lose the rows in memory that belong to ${data.directory}: stop this daemon, and start it again`
  throw new ServerError(message, { code: 'NOT_ALLOWED' })
}

function failed(message: string): ClientError {
  return new ClientError(message, { code: 'MODULE_FAILED' })
}
