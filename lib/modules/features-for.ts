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
  if (modules.some(({ exports }) => Object.values(exports).some((value) => isThreaded(value, 0)))) {
    const { threads } = await import('../features/threads/threads.ts')
    features.push(threads())
  }
  return features
}

const maxDepth = 32

/** An action with `static threaded`, its class, or a tree that contains one. */
function isThreaded(value: unknown, depth: number): boolean {
  if (isActionClass(value)) return (value.threaded ?? false) !== false
  if (isAction(value)) return isThreaded(value.constructor, depth)
  return isPlainObject(value) && depth < maxDepth && Object.values(value).some((leaf) => isThreaded(leaf, depth + 1))
}
