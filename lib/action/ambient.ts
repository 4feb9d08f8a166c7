// The run that the current code belongs to, without anybody passing it on: Node's AsyncLocalStorage, where the
// platform has one. Used only by servers that ask for it; see `inheritContext`.
import type { RunParent } from './run-options.ts'

/** What is used of an AsyncLocalStorage. */
interface Storage {
  run<T>(parent: RunParent, run: () => T): T
  getStore(): RunParent | undefined
}

type Hooks = { AsyncLocalStorage: new () => Storage }
type Platform = { process?: { getBuiltinModule?: (name: string) => Hooks | undefined } }

const hooks = (globalThis as Platform).process?.getBuiltinModule?.('node:async_hooks')
/** One for the process: it is a key under which each asynchronous flow keeps its own value. */
const storage = hooks === undefined ? undefined : new hooks.AsyncLocalStorage()

export function runWithin<T>(parent: RunParent, run: () => T): T {
  return storage === undefined ? run() : storage.run(parent, run)
}

/** undefined outside of runs, and in runs of servers that do not use this. */
export function currentRun(): RunParent | undefined {
  return storage?.getStore()
}
