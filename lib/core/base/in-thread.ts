// Whether this is a thread that isock started to run an action. It is no place for a server: a module that starts one when it
// is loaded would start another in every thread, and those threads of their own.
import { ServerError } from './errors.ts'

/** On the global object: a thread may load several copies of this module. */
const mark = Symbol.for('isock.thread')

/** Called first in a thread of isock's. */
export function markThread(): void {
  Object.defineProperty(globalThis, mark, { value: true, configurable: true })
}

/** Throws ServerError (`INVALID_USAGE`) in a thread of isock's. `what` begins the message, as in `listen()`. */
export function refuseInThread(what: string): void {
  if (!(mark in globalThis)) return
  const message = `${what}: this is a thread that runs an action of another server, and a module that it loads starts a server; move the threaded action to a module without one`
  throw new ServerError(message, { code: 'INVALID_USAGE' })
}
