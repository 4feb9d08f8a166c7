// A server with a port for browsers too, which the environment names; it is opened before the others.

import { Action } from 'isock'
import { listenWeb } from 'isock/web'

export class Pid extends Action {
  action() {
    return process.pid
  }
}

export async function setup(server) {
  await listenWeb(server, { port: Number(process.env.SPEC_WEB_PORT) })
}
