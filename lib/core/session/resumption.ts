// Resends over a new link what its callee may have missed, call by call in the caller's order, as fast as the link takes
// it: all at once could be more than a link may hold back.
import type { FramePort } from './frame-port.ts'
import type { OutgoingCall } from './outgoing-call.ts'

export class Resumption {
  readonly #port: FramePort
  readonly #sayAgain: (call: OutgoingCall) => void
  #calls: OutgoingCall[] = []

  constructor(port: FramePort, sayAgain: (call: OutgoingCall) => void) {
    this.#port = port
    this.#sayAgain = sayAgain
  }

  get isDone(): boolean {
    return this.#calls.length === 0
  }

  /** A new link: from the first call of these. */
  begin(calls: OutgoingCall[]): void {
    this.#calls = calls.reverse()
    this.goOn()
  }

  /** The link may take more. */
  goOn(): void {
    while (this.#port.isWritable) {
      const call = this.#calls.pop()
      if (call === undefined) return
      // Some were answered meanwhile.
      if (call.state === 'sent' || call.state === 'abandoned') this.#sayAgain(call)
    }
  }
}
