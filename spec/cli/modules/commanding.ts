// A module whose action throws the text that it is given, in which there may be commands for a terminal.
import { Action } from 'isock'

export class Throw extends Action {
  override action(text: string): never {
    throw new Error(text)
  }
}
