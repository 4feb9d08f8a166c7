// ExecHistory: shows what Exec ran. The list is a variable of the server, which both actions got through their constructor.
import { Action } from 'isock'

/** What Exec takes: a line for the shell, or a program and its arguments. */
export type Command = string | readonly string[]

/** Lists the commands that Exec ran, oldest first. */
export class ExecHistory extends Action {
  readonly #history: readonly Command[]

  constructor(history: readonly Command[]) {
    super()
    this.#history = history
  }

  override action(): readonly Command[] {
    return this.#history
  }
}
