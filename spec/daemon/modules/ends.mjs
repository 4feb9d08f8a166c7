// A daemon whose server can be shut down from the inside: by a call, and by a client of a service.
import { Action } from 'isock'
import { Counter } from './counter.mjs'

let server

/** Ends the server as a module may, without the daemon's knowledge. */
export class EndServer extends Action {
  action() {
    void server.shutdown({ graceMs: 8_000 })
  }
}

export function setup(given) {
  server = given
  server.addService(Counter, { allowShutdown: true })
}
