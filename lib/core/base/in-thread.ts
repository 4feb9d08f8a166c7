// Detects a thread that isock started to run an action. A server must not start here: a module that starts one when
// it is loaded would start another in every thread, and those would start threads of their own.
import { ServerError } from './errors.ts'

/** On the global object: a thread may load several copies of this module. */
const mark = Symbol.for('isock.thread')

/** Called first in each thread that isock starts. */
export function markThread(): void {
  Object.defineProperty(globalThis, mark, { value: true, configurable: true })
}

/** Throws ServerError (`INVALID_USAGE`) in a thread that isock started. `what` begins the message, such as `listen()`. */
export function refuseInThread(what: string): void {
  if (!(mark in globalThis)) return
  const message = `${what}: a server cannot start in a thread that runs another server's action; move the threaded action to a module that starts no server`
  throw new ServerError(message, { code: 'INVALID_USAGE' })
}
