// Actions that are called by what a minifier makes of their classes, and one that names itself.
import { Action } from '../../../lib/core/action/action.ts'

export class Pay extends Action {
  action(amount: number): string {
    return `paid ${amount}`
  }
}

export class DeleteUser extends Action {
  action(id: number): string {
    return `deleted ${id}`
  }
}

export class Greet extends Action {
  static override actionName = 'greet'

  action(name: string): string {
    return `hello ${name}`
  }
}
