// A daemon's handing over, from its own side: one successor at a time, which is taken back when the daemon is told to end
// before it has let go. Without that the successor would go on, and nobody could reach it.
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

  /** `mayHandOver` is false when the daemon ends by itself. */
  constructor(mayHandOver: () => boolean) {
    this.#mayHandOver = mayHandOver
  }

  /**
   * Starts a successor, and hands over in the same turn as it is known to serve.
   *
   * @throws ServerError (`SHUTTING_DOWN`) where another attempt is under way, or the daemon ends; as `launch`.
   */
  async begin(order: LaunchOrder, inheritance: Inheritance, handOver: (to: Launched) => void): Promise<DaemonReport> {
    if (this.#attempt !== undefined || !this.#isOpen) throw atThisMoment()
    this.#attempt = this.#try(order, inheritance, handOver)
    try {
      return await this.#attempt
    } finally {
      this.#attempt = undefined
    }
  }

  /** Lets nobody succeed any more. Settles when the process that was to is gone, or at once where there is none. */
  async cancel(graceMs: number): Promise<void> {
    this.#graceMs = graceMs
    this.#abort.abort(atThisMoment())
    await this.#attempt?.catch(() => undefined)
  }

  /** A successor has everything. */
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
      throw atThisMoment()
    }
    this.#hasHandedOver = true
    handOver(launched)
    return launched.report
  }
}

export function atThisMoment(): ServerError {
  return new ServerError('this daemon starts, stops or hands over at this moment; try again', { code: 'SHUTTING_DOWN' })
}
