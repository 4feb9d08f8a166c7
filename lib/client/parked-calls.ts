// Calls that were refused before they started, and wait for their next attempt.

import type { PendingCall } from '../action/pending-call.ts'
import { Backoff, type BackoffOptions } from '../base/backoff.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { IsockError } from '../base/errors.ts'
import { closedBy, lateError } from '../session/call-errors.ts'

export interface ParkedCallsOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly backoff: BackoffOptions
  readonly submit: (call: PendingCall) => void
}

export class ParkedCalls {
  readonly #options: ParkedCallsOptions
  readonly #timers = new Map<PendingCall, { readonly timer: Timer; readonly backoff: Backoff }>()
  readonly #backoffs = new WeakMap<PendingCall, Backoff>()

  constructor(options: ParkedCallsOptions) {
    this.#options = options
  }

  /** Submits the call again after its backoff, which grows with each refusal; or lets its deadline pass first. */
  add(call: PendingCall): void {
    const { clock, random, backoff: options } = this.#options
    const backoff = this.#backoffs.get(call) ?? new Backoff(options, random)
    this.#backoffs.set(call, backoff.next())
    const leftMs = call.deadlineAtMs - clock.now()
    const isLate = leftMs <= backoff.durationMs
    const timer = clock.setTimer(() => this.#release(call, isLate), Math.max(0, Math.min(leftMs, backoff.durationMs)))
    timer.keepProcessAlive(true)
    this.#timers.set(call, { timer, backoff })
  }

  /** Settles one of them. */
  giveUp(call: PendingCall, error: unknown): void {
    this.#take(call)
    if (!call.isOpen) return
    call.state = 'settled'
    call.onSettled({ how: 'error', error })
  }

  giveUpAll(error: IsockError): void {
    for (const call of [...this.#timers.keys()]) this.giveUp(call, closedBy(call, error))
  }

  #release(call: PendingCall, isLate: boolean): void {
    this.#take(call)
    if (isLate) this.giveUp(call, lateError(call))
    else if (call.isOpen) this.#options.submit(call)
  }

  #take(call: PendingCall): void {
    this.#timers.get(call)?.timer.cancel()
    this.#timers.delete(call)
  }
}
