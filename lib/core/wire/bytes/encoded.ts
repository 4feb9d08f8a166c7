// A value that has already been encoded: one that is sent to many peers is encoded once.
import type { Payload } from './payload.ts'

/** Stands in for its value wherever a value is sent. The receiver gets the value. */
export class Encoded {
  readonly payload: Payload

  constructor(payload: Payload) {
    this.payload = payload
  }
}
