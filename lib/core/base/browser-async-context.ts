// async-context.ts for platforms without asynchronous contexts: functions are simply called. Replaces it in the bundle for
// browsers.
import type * as full from './async-context.ts'

export const asyncHooks: typeof full.asyncHooks = undefined

export const runClean: typeof full.runClean = (run, given) => run(given)

export const keepContext: typeof full.keepContext = (run) => run
