// Client, as users get it: actions, and what is built on them. Each feature is a room of its own; here they only meet.
import { ActionClient } from '../client/action-client.ts'

/**
 * Runs actions on a server, subscribes to its channels, uses its services. Connects with the first call, retries,
 * resumes; an idle client does not keep the process alive.
 *
 * @example
 * const client = new Client('localhost', 4440, { retry: 3 })
 * console.log(await client.runAction(Echo, 'hi'))
 */
export class Client extends ActionClient {}
