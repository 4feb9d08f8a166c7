// Calls that were refused before they started and wait for their next attempt: one line for each addressee, in the order in
// which the calls were made. New calls to an addressee join the end of its line, so that a busy server does not change the
// order of a caller's calls.
//
//   refused ──> line ── backoff ──> the first of the line, then more ──> submitted
//                 ↑                                                         │
//                 ╰── refused again: the same first one? a longer wait ─────╯    another one? it makes progress: a short wait
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
  /** The most calls that may wait here. */
  readonly maxCount: number
  readonly submit: (call: OutgoingCall) => void
}

interface Line {
  readonly calls: WaitingCalls
  timer: Timer | undefined
  backoff: Backoff
  /** The first call of the latest release: if that one is refused again, nothing has changed. */
  head: OutgoingCall | undefined
  isHeadJudged: boolean
  burst: number
}

/** A refused call. */
interface Refusal {
  readonly line: Line
  readonly error: IsockError
  /** When the refusal becomes the error of the call; Infinity if the call has a deadline. */
  readonly endsAtMs: number
  readonly atMs: number
}

/** How long a call without a deadline may be refused in a row. */
export const longestBusyMs = 60_000
/** The number of calls of a line that are submitted together at first. It doubles each time none of them is refused. */
const firstBurst = 64

export class DelayedRetries {
  readonly #options: DelayedRetriesOptions
  readonly #lines = new Map<string, Line>()
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

  /** Submits a refused call again after its line's wait. Settles it if it times out first. */
  add(call: PendingCall, error: IsockError): void {
    const { clock } = this.#options
    const { addressee } = call.request
    const nowMs = clock.now()
    const former = this.#refusals.get(call)
    const line = this.#lines.get(addressee) ?? former?.line ?? this.#newLine()
    const isInRow = former !== undefined && nowMs - former.atMs < longestBusyMs
    const endsAtMs = call.deadlineAtMs === Number.POSITIVE_INFINITY ? nowMs + longestBusyMs : Number.POSITIVE_INFINITY
    this.#refusals.set(call, { line, error, endsAtMs: isInRow ? former.endsAtMs : endsAtMs, atMs: nowMs })
    call.lastFault = error
    this.#judge(line, call)
    this.#lines.set(addressee, line)
    this.#insert(line, call)
    if (line.timer === undefined) this.#arm(addressee, line, waitIn(error))
  }

  /** Keeps a new call behind the others to its addressee. False: none of them waits. */
  keepBehind(call: PendingCall): boolean {
    const line = this.#count === 0 ? undefined : this.#lines.get(call.request.addressee)
    if (line === undefined) return false
    if (this.hasRoom) this.#insert(line, call)
    else settle(call, queueFull(this.#options.maxCount))
    return true
  }

  /** All calls that wait here. */
  get all(): OutgoingCall[] {
    return [...this.#lines.values()].flatMap(({ calls }) => [...calls.all()])
  }

  /** Settles a call that waits here. */
  giveUp(call: OutgoingCall, error: unknown): void {
    const line = this.#lines.get(call.request.addressee)
    if (line?.calls.remove(call)) {
      this.#count--
      if (line.calls.isEmpty) this.#close(call.request.addressee, line)
    }
    settle(call, error)
  }

  /** Settles all calls; there are no more attempts. */
  close(error: IsockError): void {
    this.#deadlines.close()
    for (const [addressee, line] of [...this.#lines]) {
      this.#close(addressee, line)
      const calls = line.calls.takeAll()
      this.#count -= calls.length
      for (const call of calls) settle(call, closedBy(call, error))
    }
  }

  #newLine(): Line {
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

  /** Refusals arrive in the order of the calls: the first one after a release shows whether its first call was accepted. */
  #judge(line: Line, call: PendingCall): void {
    if (line.isHeadJudged) return
    const { backoff, random } = this.#options
    line.isHeadJudged = true
    line.burst = firstBurst
    line.backoff = call === line.head ? line.backoff.next() : new Backoff(backoff, random)
  }

  #insert(line: Line, call: PendingCall): void {
    line.calls.add(call)
    this.#count++
    this.#deadlines.watch(this.#endOf(call))
  }

  #arm(addressee: string, line: Line, leastMs = 0): void {
    const waitMs = Math.max(leastMs, line.backoff.durationMs)
    line.timer = this.#options.clock.setTimer(() => this.#release(addressee, line), waitMs)
    line.timer.keepProcessAlive(true)
  }

  #release(addressee: string, line: Line): void {
    const { submit } = this.#options
    const calls: OutgoingCall[] = []
    while (calls.length < line.burst && !line.calls.isEmpty) calls.push(line.calls.take() as OutgoingCall)
    this.#count -= calls.length
    line.head = calls[0]
    line.isHeadJudged = false
    line.burst *= 2
    // The rest waits until it is known whether these are accepted.
    if (line.calls.isEmpty) this.#close(addressee, line)
    else this.#arm(addressee, line)
    for (const call of calls) submit(call)
  }

  #close(addressee: string, line: Line): void {
    line.timer?.cancel()
    line.timer = undefined
    this.#lines.delete(addressee)
  }

  #endOf(call: OutgoingCall): number {
    return Math.min(call.deadlineAtMs, this.#refusals.get(call)?.endsAtMs ?? Number.POSITIVE_INFINITY)
  }

  readonly #sweep = (nowMs: number): number => {
    let earliest = Number.POSITIVE_INFINITY
    for (const line of [...this.#lines.values()]) {
      for (const call of line.calls.all()) {
        const endsAtMs = this.#endOf(call)
        if (endsAtMs > nowMs) earliest = Math.min(earliest, endsAtMs)
        else this.giveUp(call, call.deadlineAtMs > nowMs ? this.#refusals.get(call)?.error : lateError(call))
      }
    }
    return earliest
  }
}

/** What the server asks for, within bounds: it is untrusted. */
function waitIn(error: IsockError): number {
  const asked: unknown = error instanceof BusyError ? error.retryAfterMs : undefined
  return typeof asked === 'number' && asked > 0 ? Math.min(asked, longestBusyMs) : 0
}

function settle(call: OutgoingCall, error: unknown): void {
  if (!call.isOpen) return
  call.state = 'settled'
  call.onSettled({ how: 'error', error })
}
