// Resends over a new link what the callee may have missed, call by call in the caller's order, as fast as the link takes it. All of it
// together could exceed the write queue of a link.
import type { FramePort } from './frame-port.ts'
import type { OutgoingCall } from './outgoing-call.ts'

export class Resumption {
  readonly #port: FramePort
  readonly #resend: (call: OutgoingCall) => void
  #calls: OutgoingCall[] = []

  constructor(port: FramePort, resend: (call: OutgoingCall) => void) {
    this.#port = port
    this.#resend = resend
  }

  get isDone(): boolean {
    return this.#calls.length === 0
  }

  /** Called when there is a new link: starts with the first of these calls. */
  begin(calls: OutgoingCall[]): void {
    this.#calls = calls.reverse()
    this.goOn()
  }

  /** Called when the link may take more. */
  goOn(): void {
    while (this.#port.isWritable) {
      const call = this.#calls.pop()
      if (call === undefined) return
      // Some may have been answered meanwhile.
      if (call.state === 'sent' || call.state === 'abandoned') this.#resend(call)
    }
  }
}
