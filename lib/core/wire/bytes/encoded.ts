// A value that was encoded already. Whoever sends one value to many encodes it once and sends this to each.
import type { Payload } from './payload.ts'

/** Stands for the value that it holds wherever a value is sent. Never arrives: the value does. */
export class Encoded {
  readonly payload: Payload

  constructor(payload: Payload) {
    this.payload = payload
  }
}
