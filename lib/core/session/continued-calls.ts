// The calls of a client that were under way when another server adopted the session. Which of them are sent again, which only ask, and
// what the answers mean.
//
//   nothing of its streams has moved      CALL again
//   items came, idempotent                lost: who reads the items begins another call, from its position
//   items came, not idempotent, or recorded  CALL again: the answer, or that its outcome is unknown
//   its input was fed, or key unknown     CANCEL, which asks: the recorded answer; or it never ran, see below
//   it was given up                       CANCEL
import type { IsockError } from '../base/errors.ts'
import type { FailureFrame } from '../wire/frames/frame.ts'
import { neverStarted, outcomeUnknown } from './call-errors.ts'
import type { CallSender } from './call-sender.ts'
import type { OutgoingCall } from './outgoing-call.ts'
import { mayRunAgain } from './retry-policy.ts'

export class ContinuedCalls {
  readonly #reason: IsockError
  readonly #sender: Pick<CallSender, 'ignoresKeyOf'>
  readonly #calls = new Set<OutgoingCall>()

  /** `reason`: why the former server does not answer. */
  constructor(reason: IsockError, sender: Pick<CallSender, 'ignoresKeyOf'>) {
    this.#reason = reason
    this.#sender = sender
  }

  /** Called with all calls that were sent. Returns those that are lost, with the errors that settle them. */
  addAll(calls: readonly OutgoingCall[]): [call: OutgoingCall, error: IsockError][] {
    const lost: [OutgoingCall, IsockError][] = []
    for (const call of calls) {
      if (!call.isOpen) continue
      // A recorded answer has all items: the caller gets those that it lacks.
      const { isIdempotent, isTransactional } = call.request
      if (call.items === undefined || !isIdempotent || isTransactional === true) this.#calls.add(call)
      else lost.push([call, outcomeUnknown(call, this.#reason)])
    }
    return lost
  }

  /** Whether it is not sent again: the other server has nothing of what its input was, or would ignore its key. */
  onlyAsks(call: OutgoingCall): boolean {
    return this.#calls.has(call) && (call.input?.isFed === true || this.#sender.ignoresKeyOf(call.request))
  }

  /** Called with the first answer of a call, a failure. Returns what becomes of it; undefined: the failure is its own. */
  judge(call: OutgoingCall, { notStarted, error }: FailureFrame): IsockError | 'again' | undefined {
    if (!this.#calls.has(call)) return undefined
    const onlyAsked = this.onlyAsks(call)
    this.#calls.delete(call)
    if (onlyAsked && notStarted) {
      const wasUndone = call.request.isTransactional === true
      return wasUndone ? neverStarted(call, this.#reason) : outcomeUnknown(call, this.#reason)
    }
    if (notStarted || !mayRunAgain(call) || !call.saysUnknown(error)) return undefined
    call.reruns++
    return 'again'
  }

  /** Whether a failure may count fewer items than came: the other server does not know of them. */
  mayLackItems(call: OutgoingCall, items: number): boolean {
    return items === 0 && this.#calls.has(call)
  }

  /** Called when it was answered. */
  delete(call: OutgoingCall): void {
    this.#calls.delete(call)
  }
}
