// The run that the current code belongs to, without anybody passing it on: Node's AsyncLocalStorage, where the
// platform has one. Used only by servers that ask for it; see `inheritContext`.
import type { RunParent } from './run-options.ts'

/** What is used of an AsyncLocalStorage. */
interface Storage {
  run<A extends unknown[], T>(parent: RunParent, run: (...args: A) => T, ...args: A): T
  getStore(): RunParent | undefined
}

type Hooks = { AsyncLocalStorage: new () => Storage }
type Platform = { process?: { getBuiltinModule?: (name: string) => Hooks | undefined } }

const hooks = (globalThis as Platform).process?.getBuiltinModule?.('node:async_hooks')
/** One for the process: it is a key under which each asynchronous flow keeps its own value. */
const storage = hooks === undefined ? undefined : new hooks.AsyncLocalStorage()

/** Runs with these arguments, so that no closure need be made for each call. */
export function runWithin<D, P extends RunParent, T>(parent: P, run: (data: D, parent: P) => T, data: D): T {
  return storage === undefined ? run(data, parent) : storage.run(parent, run, data, parent)
}

/** undefined outside of runs, and in runs of servers that do not use this. */
export function currentRun(): RunParent | undefined {
  return storage?.getStore()
}
