// The store that modules ask for: their export `data`, which is the option of that name of a server.
import { ClientError } from '../base/errors.ts'
import type { DataOptions } from '../data/data-options.ts'
import { isModelClass, type ModelClass } from '../data/model.ts'
import { modelsReferredToBy } from '../data/plans.ts'
import type { LoadedModule } from './load-modules.ts'

/** What a module may export as `data`. */
export interface ExportedData extends Omit<DataOptions, 'models'> {
  /** Default: the models that the modules export, and those that they refer to. */
  readonly models?: readonly ModelClass[]
}

/** @throws ClientError (`MODULE_FAILED`) where it is no object, there are two of them, or there is no model. */
export function exportedData(modules: readonly LoadedModule[]): DataOptions | undefined {
  const [data, another] = new Set(modules.map(({ exports }) => exports['data']).filter((each) => each !== undefined))
  if (data === undefined) return undefined
  if (another !== undefined) throw failed('several modules export data; a server has one store')
  if (typeof data !== 'object' || data === null)
    throw failed('the export data is no object, such as { url: "file:app.db" }')
  const { models = exportedModels(modules) } = data as ExportedData
  if (models.length === 0)
    throw failed('there is an export data, but no model is exported; export classes that extend Model')
  return { ...data, models }
}

/** The models that modules export, and those that they refer to, once each. */
export function exportedModels(modules: readonly LoadedModule[]): ModelClass[] {
  return modelsReferredToBy(modules.flatMap(({ exports }) => Object.values(exports)).filter(isModelClass))
}

function failed(message: string): ClientError {
  return new ClientError(message, { code: 'MODULE_FAILED' })
}
