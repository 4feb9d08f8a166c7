// The server's half, which is bundled and minified apart from the client's: it knows its classes in another order.
import { ActionServer } from '../../../lib/core/server/action-server.ts'
import type { ServerOptions } from '../../../lib/core/server/server-options.ts'
import { DeleteUser, Greet, Pay } from './named.ts'

export function addAll(server: ActionServer): void {
  server.addAction(new Greet())
  server.addAction(new DeleteUser())
  server.addAction(new Pay())
}

export function addNamed(server: ActionServer): void {
  server.addAction(new Greet())
}

/** Under explicit names, which no minifier changes. */
export function addTree(server: ActionServer): void {
  server.addActions({ p: new Pay(), d: new DeleteUser() })
}

export function makeServer(options: ServerOptions): ActionServer {
  return new ActionServer(options)
}
