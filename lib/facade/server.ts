// Server, as users get it: actions, and what is built on them. Each feature is a room of its own; here they only meet.
import { ActionServer } from '../server/action-server.ts'

/**
 * Runs actions for clients, publishes to channels, runs tasks and services.
 *
 * @example
 * const server = new Server('localhost', 4440)
 * server.addAction(new Echo())
 * await server.listen()
 * // ...
 * await server.shutdown()
 */
export class Server extends ActionServer {}
