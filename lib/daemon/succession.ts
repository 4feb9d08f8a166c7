// The handover of a daemon to a successor, one at a time. Recalls the successor if the daemon is stopped before it has released the
// name, because otherwise it would keep running unreachably.
//
//   idle ──> launching ──> handed over
//    ╰──<──────╯ │ fails
//                ╰──> cancelled          by the end of the daemon
import { ServerError } from '../core/base/errors.ts'
import type { DaemonReport } from './control-actions.ts'
import { type Inheritance, type Launched, type LaunchOrder, launch } from './launch.ts'

export class Succession {
  readonly #abort = new AbortController()
  readonly #mayHandOver: () => boolean
  #graceMs = 0
  #attempt: Promise<DaemonReport> | undefined
  #hasHandedOver = false

  /** `mayHandOver` returns false once the daemon is stopping. */
  constructor(mayHandOver: () => boolean) {
    this.#mayHandOver = mayHandOver
  }

  /**
   * Starts a successor, and hands over in the same turn of the event loop in which it reports that it serves.
   *
   * @throws ServerError (`SHUTTING_DOWN`) if another attempt is in progress, or the daemon is ending; as `launch`.
   */
  async begin(order: LaunchOrder, inheritance: Inheritance, handOver: (to: Launched) => void): Promise<DaemonReport> {
    if (this.#attempt !== undefined || !this.#isOpen) throw busyChanging()
    this.#attempt = this.#try(order, inheritance, handOver)
    try {
      return await this.#attempt
    } finally {
      this.#attempt = undefined
    }
  }

  /** Prevents any handover. Settles when a launched successor has ended, or immediately if there is none. */
  async cancel(graceMs: number): Promise<void> {
    this.#graceMs = graceMs
    this.#abort.abort(busyChanging())
    await this.#attempt?.catch(() => undefined)
  }

  /** Whether a successor has taken over. */
  get isDone(): boolean {
    return this.#hasHandedOver
  }

  get #isOpen(): boolean {
    return !this.#hasHandedOver && !this.#abort.signal.aborted && this.#mayHandOver()
  }

  async #try(order: LaunchOrder, inheritance: Inheritance, handOver: (to: Launched) => void): Promise<DaemonReport> {
    const launched = await launch(order, inheritance, this.#abort.signal)
    if (!this.#isOpen) {
      await launched.recall(this.#graceMs)
      throw busyChanging()
    }
    this.#hasHandedOver = true
    handOver(launched)
    return launched.report
  }
}

export function busyChanging(): ServerError {
  return new ServerError('this daemon is starting, stopping or handing over; try again', { code: 'SHUTTING_DOWN' })
}
