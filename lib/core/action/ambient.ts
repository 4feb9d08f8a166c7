// The run that the current code belongs to, without passing it on: Node's AsyncLocalStorage, if the platform has one.
// Used only by servers with the option `inheritContext`.
import { asyncHooks } from '../base/async-context.ts'
import type { RunParent } from './run-options.ts'

/** One per process: a key under which each asynchronous flow keeps its own value. */
const storage = asyncHooks === undefined ? undefined : new asyncHooks.AsyncLocalStorage<RunParent>()

/** Code that `run` starts, now and later, belongs to the parent's run. */
export function runWithin(parent: RunParent, run: () => void): void {
  if (storage === undefined) run()
  else storage.run(parent, run)
}

/** undefined outside of runs, and in runs of servers that do not use this. */
export function currentRun(): RunParent | undefined {
  return storage?.getStore()
}
