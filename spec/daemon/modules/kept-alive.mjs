// Services that are no way to end the server, and one that is.
import { Service } from 'isock'
import { Counter } from './counter.mjs'

class Kept extends Counter {}
class Open extends Counter {}

export function setup(server) {
  server.addService(Kept, { allowShutdown: false })
  server.addService(Open, { allowShutdown: true })
  server.addService(class Silent extends Counter {})
}

export class Exported extends Service {
  init() {}
  exec() {}
}
