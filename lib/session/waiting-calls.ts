// Calls that wait for a link or a slot, in order. Taking and adding cost nothing; one that left early leaves a
// gap that is stepped over.
import type { OutgoingCall } from './outgoing-call.ts'

export class WaitingCalls {
  readonly #maxCount: number
  #queue: (OutgoingCall | undefined)[] = []
  #head = 0
  #count = 0

  constructor(maxCount: number) {
    this.#maxCount = maxCount
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  get hasRoom(): boolean {
    return this.#count < this.#maxCount
  }

  add(call: OutgoingCall): void {
    this.#queue.push(call)
    this.#count++
  }

  /** The one that `take` would take. */
  first(): OutgoingCall | undefined {
    while (this.#head < this.#queue.length && this.#queue[this.#head] === undefined) this.#head++
    return this.#queue[this.#head]
  }

  take(): OutgoingCall | undefined {
    while (this.#head < this.#queue.length) {
      const call = this.#queue[this.#head]
      this.#queue[this.#head++] = undefined
      if (call !== undefined) {
        this.#count--
        this.#tidy()
        return call
      }
    }
    this.#tidy()
    return undefined
  }

  remove(call: OutgoingCall): void {
    const index = this.#queue.indexOf(call, this.#head)
    if (index === -1) return
    this.#queue[index] = undefined
    this.#count--
  }

  takeAll(): OutgoingCall[] {
    const calls = this.all()
    this.#queue = []
    this.#head = 0
    this.#count = 0
    return calls
  }

  /** A copy: the queue may change while it is read. */
  all(): OutgoingCall[] {
    const calls: OutgoingCall[] = []
    for (let i = this.#head; i < this.#queue.length; i++) {
      const call = this.#queue[i]
      if (call !== undefined) calls.push(call)
    }
    return calls
  }

  #tidy(): void {
    if (this.#head === this.#queue.length) {
      this.#queue = []
      this.#head = 0
    } else if (this.#head > 1_024 && this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
  }
}
