// What a server is initialized with: a service of its own, and one of another module.
import { Service } from 'isock'

export class Ready extends Service {
  init(args) {
    return args ?? 'ready without arguments'
  }

  async exec(state, _args, { respond }) {
    await respond(state)
    return state
  }
}

export const initArgs = { Counter: 1_000 }
