// A service that waits for its client.
import { Service } from 'isock'

export class Counter extends Service {
  init(start) {
    return start
  }

  async exec(state, change, { respond }) {
    await respond(state + change)
    return state + change
  }

  async exit(state, _args, { respond }) {
    await respond(`ended at ${state}`)
  }
}
