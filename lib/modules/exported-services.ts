// The services that modules export.
import { type AnyService, isService, isServiceClass } from '../features/services/service.ts'

/** The exported instances, and the classes without an exported instance. */
export function exportedServices(
  modules: readonly Readonly<Record<string, unknown>>[],
): (AnyService | (new () => AnyService))[] {
  const all = new Set(modules.flatMap((exports) => Object.values(exports)))
  const instances = [...all].filter(isService)
  const served = new Set(instances.map((instance) => instance.constructor))
  const classes = [...all].filter((value) => isServiceClass(value) && !served.has(value) && value.length === 0)
  return [...instances, ...(classes as unknown as (new () => AnyService)[])]
}
