// The features that the modules of a server need: data if they export it, threads if they have threaded actions. Loads no
// others, because their packages may not be installed.
import { isAction, isActionClass } from '../core/action/action.ts'
import type { Feature } from '../core/server/feature.ts'
import type { DataOptions } from '../features/data/data-options.ts'
import { isPlainObject } from './exported-actions.ts'
import type { LoadedModule } from './load-modules.ts'

/** @throws ClientError: `INVALID_OPTION`, `MISSING_PACKAGE`. */
export async function featuresFor(
  modules: readonly LoadedModule[],
  options: DataOptions | undefined,
): Promise<readonly Feature[]> {
  const features: Feature[] = []
  if (options !== undefined) {
    const { data } = await import('../features/data/data.ts')
    features.push(data(options))
  }
  if (hasThreaded(modules)) {
    const { threads } = await import('../features/threads/threads.ts')
    features.push(threads())
  }
  return features
}

/** Whether they export an action with `static threaded`, its class, or a tree that contains one. */
function hasThreaded(modules: readonly LoadedModule[]): boolean {
  // Visits what is added meanwhile, and each object once: exports may contain themselves.
  const values = new Set<unknown>(modules.flatMap(({ exports }) => Object.values(exports)))
  for (const value of values) {
    const Class = isAction(value) ? value.constructor : value
    if (isActionClass(Class)) {
      if ((Class.threaded ?? false) !== false) return true
    } else if (isPlainObject(value)) for (const leaf of Object.values(value)) values.add(leaf)
  }
  return false
}
