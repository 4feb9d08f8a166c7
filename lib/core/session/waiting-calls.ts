// Calls that wait for a link or a slot, in their caller's order. A list linked through the calls themselves, so that each can leave from
// anywhere. A call is inserted before those that were made later.
import type { OutgoingCall } from './outgoing-call.ts'

export class WaitingCalls {
  readonly #maxCount: number
  #first: OutgoingCall | undefined
  #last: OutgoingCall | undefined
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

  /** Inserts it, nearly always at the end. */
  add(call: OutgoingCall): void {
    let ahead = this.#last
    while (ahead !== undefined && ahead.request.order > call.request.order) ahead = ahead.ahead
    this.#insert(call, ahead)
  }

  /** Adds calls that are in order; most of them belong before those that wait. */
  addAll(calls: readonly OutgoingCall[]): void {
    let ahead: OutgoingCall | undefined
    for (const call of calls) {
      let behind = ahead === undefined ? this.#first : ahead.behind
      while (behind !== undefined && behind.request.order < call.request.order) {
        ahead = behind
        behind = behind.behind
      }
      this.#insert(call, ahead)
      ahead = call
    }
  }

  /** The call that `take` would return. */
  first(): OutgoingCall | undefined {
    return this.#first
  }

  take(): OutgoingCall | undefined {
    const call = this.#first
    if (call !== undefined) this.#unlink(call)
    return call
  }

  /** False: it was not in the list. A call is in one list at a time. */
  remove(call: OutgoingCall): boolean {
    if (call.ahead === undefined && this.#first !== call) return false
    this.#unlink(call)
    return true
  }

  takeAll(): OutgoingCall[] {
    const calls = this.all()
    for (const call of calls) this.#unlink(call)
    return calls
  }

  /** A copy, because the list may change while it is read. */
  all(): OutgoingCall[] {
    const calls: OutgoingCall[] = []
    for (let call = this.#first; call !== undefined; call = call.behind) calls.push(call)
    return calls
  }

  #insert(call: OutgoingCall, ahead: OutgoingCall | undefined): void {
    const behind = ahead === undefined ? this.#first : ahead.behind
    call.ahead = ahead
    call.behind = behind
    if (ahead === undefined) this.#first = call
    else ahead.behind = call
    if (behind === undefined) this.#last = call
    else behind.ahead = call
    this.#count++
  }

  #unlink(call: OutgoingCall): void {
    const { ahead, behind } = call
    if (ahead === undefined) this.#first = behind
    else ahead.behind = behind
    if (behind === undefined) this.#last = ahead
    else behind.ahead = ahead
    call.ahead = undefined
    call.behind = undefined
    this.#count--
  }
}
