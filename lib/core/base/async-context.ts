// The asynchronous context (Node's AsyncLocalStorage) in which code runs: an empty one for each call and for all that
// belongs to a link, and the giver's for a callback. Where a platform has no such contexts, functions are simply called.

interface Resource {
  runInAsyncScope<A extends unknown[], T>(run: (...args: A) => T, self: undefined, ...args: A): T
}

/** What is used of an AsyncLocalStorage. */
interface Storage<Store> {
  run<A extends unknown[], T>(store: Store, run: (...args: A) => T, ...args: A): T
  getStore(): Store | undefined
}

interface AsyncHooks {
  readonly AsyncResource: new (type: string, options: { readonly requireManualDestroy: boolean }) => Resource
  readonly AsyncLocalStorage: new <Store>() => Storage<Store>
}

type Platform = { process?: { getBuiltinModule?: (name: string) => AsyncHooks | undefined } }

/** Node's module, where there is one. */
export const asyncHooks: AsyncHooks | undefined = (globalThis as Platform).process?.getBuiltinModule?.(
  'node:async_hooks',
)

/**
 * Runs outside of every AsyncLocalStorage run, with this argument, so that no closure need be made for each call. What
 * `enterWith` sets in it ends with it.
 */
export const runClean: <A, T>(run: (given: A) => T, given: A) => T =
  asyncHooks === undefined ? (run, given) => run(given) : cleanRunner(asyncHooks)

/** A function that runs in the context of this moment, whenever it is called. */
export function keepContext<A extends unknown[], T>(run: (...args: A) => T): (...args: A) => T {
  if (asyncHooks === undefined) return run
  const resource = resourceOf(asyncHooks)
  return (...args) => resource.runInAsyncScope(run, undefined, ...args)
}

function cleanRunner(hooks: AsyncHooks): typeof runClean {
  const root = resourceOf(hooks)
  const keepsFrame = empty(root)
  if (keepsFrame) return (run, given) => root.runInAsyncScope(run, undefined, given)
  // Without frames, `enterWith` writes to the resource itself: a fresh one each time. It is made in the scope of the root,
  // and takes over what that has: nothing.
  const inFreshOne = <A, T>(run: (given: A) => T, given: A): T =>
    resourceOf(hooks).runInAsyncScope(run, undefined, given)
  return (run, given) => root.runInAsyncScope(inFreshOne, undefined, run, given) as ReturnType<typeof run>
}

function resourceOf({ AsyncResource }: AsyncHooks): Resource {
  return new AsyncResource('isock', { requireManualDestroy: true })
}

/**
 * Takes the stores out of a resource, because this module may be loaded inside of a run: a bundler or framework imports it
 * at the first request. True: it keeps them in a frame, as Node does from version 24 on.
 */
function empty(resource: Resource): boolean {
  const fields = resource as unknown as Record<symbol, unknown>
  let keepsFrame = false
  for (const key of Object.getOwnPropertySymbols(resource)) {
    if (key.description?.includes('async_id')) continue
    keepsFrame ||= key.description === 'context_frame'
    fields[key] = undefined
  }
  return keepsFrame
}
