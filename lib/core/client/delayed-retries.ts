// Calls that were refused before they started, waiting for their next attempt in one queue per addressee, in the order of the
// calls. New calls to an addressee join the end of its queue, so that a busy server does not change their order.
//
//   refused ──> queue ── backoff ──> the first calls, then more ──> submitted
//                 ↑                                                     │
//                 ╰── refused again ────────────────────────────────────╯    the same first call: a longer wait; another one: a short wait
import type { PendingCall } from '../action/pending-call.ts'
import { Backoff, type BackoffOptions } from '../base/backoff.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { BusyError, type IsockError } from '../base/errors.ts'
import { closedBy, lateError, queueFull } from '../session/call-errors.ts'
import type { OutgoingCall } from '../session/outgoing-call.ts'
import { WaitingCalls } from '../session/waiting-calls.ts'

export interface DelayedRetriesOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly backoff: BackoffOptions
  /** The largest number of waiting calls. */
  readonly maxCount: number
  readonly submit: (call: OutgoingCall) => void
}

interface RetryQueue {
  readonly calls: WaitingCalls
  timer: Timer | undefined
  backoff: Backoff
  /** The first call of the last burst. If it is refused again, the server is as busy as before. */
  head: OutgoingCall | undefined
  isHeadJudged: boolean
  burst: number
}

/** A refused call. */
interface Refusal {
  readonly queue: RetryQueue
  readonly error: IsockError
  /** When the call is rejected with this refusal; Infinity if the call has a deadline. */
  readonly endsAtMs: number
  readonly atMs: number
}

/** How long a call without a deadline may be refused in a row. */
export const maxBusyMs = 60_000
/** The size of a queue's first burst. It doubles each time no call of a burst is refused. */
const firstBurst = 64

export class DelayedRetries {
  readonly #options: DelayedRetriesOptions
  readonly #queues = new Map<string, RetryQueue>()
  readonly #refusals = new WeakMap<OutgoingCall, Refusal>()
  readonly #deadlines: DeadlineSweep
  #count = 0

  constructor(options: DelayedRetriesOptions) {
    this.#options = options
    this.#deadlines = new DeadlineSweep(options.clock, this.#sweep)
  }

  get hasRoom(): boolean {
    return this.#count < this.#options.maxCount
  }

  /** Submits a refused call again after the backoff of its queue. Settles the call if it times out first. */
  add(call: PendingCall, error: IsockError): void {
    const { clock } = this.#options
    const { addressee } = call.request
    const nowMs = clock.now()
    const former = this.#refusals.get(call)
    const queue = this.#queues.get(addressee) ?? former?.queue ?? this.#newQueue()
    const isInRow = former !== undefined && nowMs - former.atMs < maxBusyMs
    const endsAtMs = call.deadlineAtMs === Number.POSITIVE_INFINITY ? nowMs + maxBusyMs : Number.POSITIVE_INFINITY
    this.#refusals.set(call, { queue, error, endsAtMs: isInRow ? former.endsAtMs : endsAtMs, atMs: nowMs })
    call.lastFault = error
    this.#judge(queue, call)
    this.#queues.set(addressee, queue)
    this.#insert(queue, call)
    if (queue.timer === undefined) this.#arm(addressee, queue, waitIn(error))
  }

  /** Queues a new call behind others to its addressee. Returns false if none of them is waiting. */
  queueBehind(call: PendingCall): boolean {
    const queue = this.#count === 0 ? undefined : this.#queues.get(call.request.addressee)
    if (queue === undefined) return false
    if (this.hasRoom) this.#insert(queue, call)
    else settle(call, queueFull(this.#options.maxCount))
    return true
  }

  /** All waiting calls. */
  get all(): OutgoingCall[] {
    return [...this.#queues.values()].flatMap(({ calls }) => [...calls.all()])
  }

  /** Settles a waiting call. */
  giveUp(call: OutgoingCall, error: unknown): void {
    const queue = this.#queues.get(call.request.addressee)
    if (queue?.calls.remove(call)) {
      this.#count--
      if (queue.calls.isEmpty) this.#close(call.request.addressee, queue)
    }
    settle(call, error)
  }

  /** Settles all waiting calls. */
  close(error: IsockError): void {
    this.#deadlines.close()
    for (const [addressee, queue] of [...this.#queues]) {
      this.#close(addressee, queue)
      const calls = queue.calls.takeAll()
      this.#count -= calls.length
      for (const call of calls) settle(call, closedBy(call, error))
    }
  }

  #newQueue(): RetryQueue {
    const { backoff, random } = this.#options
    return {
      calls: new WaitingCalls(this.#options.maxCount),
      timer: undefined,
      backoff: new Backoff(backoff, random),
      head: undefined,
      isHeadJudged: true,
      burst: firstBurst,
    }
  }

  /** Refusals arrive in the order of the calls, so the first one after a burst shows whether its first call was accepted. */
  #judge(queue: RetryQueue, call: PendingCall): void {
    if (queue.isHeadJudged) return
    const { backoff, random } = this.#options
    queue.isHeadJudged = true
    queue.burst = firstBurst
    queue.backoff = call === queue.head ? queue.backoff.next() : new Backoff(backoff, random)
  }

  #insert(queue: RetryQueue, call: PendingCall): void {
    queue.calls.add(call)
    this.#count++
    this.#deadlines.watch(this.#endOf(call))
  }

  #arm(addressee: string, queue: RetryQueue, leastMs = 0): void {
    const waitMs = Math.max(leastMs, queue.backoff.durationMs)
    queue.timer = this.#options.clock.setTimer(() => this.#release(addressee, queue), waitMs)
    queue.timer.keepProcessAlive(true)
  }

  #release(addressee: string, queue: RetryQueue): void {
    const { submit } = this.#options
    const calls: OutgoingCall[] = []
    while (calls.length < queue.burst && !queue.calls.isEmpty) calls.push(queue.calls.take() as OutgoingCall)
    this.#count -= calls.length
    queue.head = calls[0]
    queue.isHeadJudged = false
    queue.burst *= 2
    // The rest waits until the server has accepted or refused these.
    if (queue.calls.isEmpty) this.#close(addressee, queue)
    else this.#arm(addressee, queue)
    for (const call of calls) submit(call)
  }

  #close(addressee: string, queue: RetryQueue): void {
    queue.timer?.cancel()
    queue.timer = undefined
    this.#queues.delete(addressee)
  }

  #endOf(call: OutgoingCall): number {
    return Math.min(call.deadlineAtMs, this.#refusals.get(call)?.endsAtMs ?? Number.POSITIVE_INFINITY)
  }

  readonly #sweep = (nowMs: number): number => {
    let earliest = Number.POSITIVE_INFINITY
    for (const queue of [...this.#queues.values()]) {
      for (const call of queue.calls.all()) {
        const endsAtMs = this.#endOf(call)
        if (endsAtMs > nowMs) earliest = Math.min(earliest, endsAtMs)
        else this.giveUp(call, call.deadlineAtMs > nowMs ? this.#refusals.get(call)?.error : lateError(call))
      }
    }
    return earliest
  }
}

/** The delay that the server asks for, limited because the server is untrusted. */
function waitIn(error: IsockError): number {
  const asked: unknown = error instanceof BusyError ? error.retryAfterMs : undefined
  return typeof asked === 'number' && asked > 0 ? Math.min(asked, maxBusyMs) : 0
}

function settle(call: OutgoingCall, error: unknown): void {
  if (!call.isOpen) return
  call.state = 'settled'
  call.onSettled({ how: 'error', error })
}
