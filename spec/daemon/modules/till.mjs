// A durable service, whose states are in a file that the environment names, and one in memory.
import { Service } from 'isock'
import { field, Model } from 'isock/data'

export class Receipt extends Model {
  sum = field.integer()
}

export const data = { url: `file:${process.env['SPEC_STORE']}` }

export class Till extends Service {
  static durable = true

  init(start) {
    return start
  }

  exec(state, change) {
    return state + change
  }

  async exit(state, _args, { key, respond }) {
    await respond(`${JSON.stringify(key)} ended at ${state}`)
  }
}

export class Purse extends Service {
  init(start) {
    return start
  }

  exec(state) {
    return state
  }
}
