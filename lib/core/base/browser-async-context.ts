// What async-context.ts is where there are no asynchronous contexts: functions are simply called. The bundle for browsers
// has it in that one's place.
import type * as full from './async-context.ts'

export const asyncHooks: typeof full.asyncHooks = undefined

export const runClean: typeof full.runClean = (run, given) => run(given)

export const keepContext: typeof full.keepContext = (run) => run
