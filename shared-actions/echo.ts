// Echo: gives back what it is given.
import { Action } from 'isock'

/** Gives back what it is given. */
export class Echo extends Action {
  override action(text: string): string {
    return text
  }
}
