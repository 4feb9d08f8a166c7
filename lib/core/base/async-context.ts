// The asynchronous context (Node's AsyncLocalStorage) in which code runs: an empty one for each call and for everything a
// link does, and the registering code's own for a callback. On a platform without such contexts, functions are simply called.

interface Resource {
  runInAsyncScope<A extends unknown[], T>(run: (...args: A) => T, self: undefined, ...args: A): T
}

/** The part of AsyncLocalStorage that is used. */
interface Storage<Store> {
  run<A extends unknown[], T>(store: Store, run: (...args: A) => T, ...args: A): T
  getStore(): Store | undefined
}

interface AsyncHooks {
  readonly AsyncResource: new (type: string, options: { readonly requireManualDestroy: boolean }) => Resource
  readonly AsyncLocalStorage: new <Store>() => Storage<Store>
}

type Platform = { process?: { getBuiltinModule?: (name: string) => AsyncHooks | undefined } }

/** Node's `async_hooks`; undefined elsewhere. */
export const asyncHooks: AsyncHooks | undefined = (globalThis as Platform).process?.getBuiltinModule?.(
  'node:async_hooks',
)

/**
 * Runs a function outside every AsyncLocalStorage run. It takes an argument so that a call needs no closure. What
 * `enterWith` sets inside ends with the run.
 */
export const runClean: <A, T>(run: (given: A) => T, given: A) => T =
  asyncHooks === undefined ? (run, given) => run(given) : cleanRunner(asyncHooks)

/** Binds a function to the current context. */
export function keepContext<A extends unknown[], T>(run: (...args: A) => T): (...args: A) => T {
  if (asyncHooks === undefined) return run
  const resource = resourceOf(asyncHooks)
  return (...args) => resource.runInAsyncScope(run, undefined, ...args)
}

function cleanRunner(hooks: AsyncHooks): typeof runClean {
  const root = resourceOf(hooks)
  const keepsFrame = empty(root)
  if (keepsFrame) return (run, given) => root.runInAsyncScope(run, undefined, given)
  // Without frames, `enterWith` writes to the resource itself, so each run needs a fresh one. It is created in the scope of
  // the root and inherits what the root has: nothing.
  const inFreshOne = <A, T>(run: (given: A) => T, given: A): T =>
    resourceOf(hooks).runInAsyncScope(run, undefined, given)
  return (run, given) => root.runInAsyncScope(inFreshOne, undefined, run, given) as ReturnType<typeof run>
}

function resourceOf({ AsyncResource }: AsyncHooks): Resource {
  return new AsyncResource('isock', { requireManualDestroy: true })
}

/**
 * Removes the stores from a resource, because this module may be loaded inside a run: a bundler or framework imports it
 * at the first request. Returns true if the resource keeps them in a frame, as Node does from version 24 on.
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
