// Time: a Date stays a Date on its way.
import { Action } from 'isock'

/** The server's time, as a Date. */
export class Time extends Action {
  static override idempotent = true

  override action(): Date {
    return new Date()
  }
}
