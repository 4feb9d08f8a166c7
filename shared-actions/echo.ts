// Echo: returns what it is given.
import { Action } from 'isock'

export class Echo extends Action {
  static override description = 'Returns what it is given.'

  override action(text: string): string {
    return text
  }
}
