// The delay between attempts to connect: backoff with full jitter, on the client's clock. Ends early when the platform reports
// that the network is back.
import { Backoff } from '../base/backoff.ts'
import { sleep } from '../base/clock.ts'
import { LinkedAbort } from '../base/linked-abort.ts'
import type { ResolvedClientOptions } from './client-options.ts'

/** After a link that lasted less, even the first attempt waits. */
const shortLifeMs = 1_000

export class ReconnectDelay {
  readonly #options: Pick<ResolvedClientOptions, 'backoff' | 'clock' | 'onWakeUp' | 'random'>
  readonly #signal: AbortSignal
  #backoff: Backoff
  #connectedAtMs = Number.NEGATIVE_INFINITY

  /** Delays reject when the signal aborts. */
  constructor(options: Pick<ResolvedClientOptions, 'backoff' | 'clock' | 'onWakeUp' | 'random'>, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    this.#backoff = this.#first()
  }

  onConnected(): void {
    this.#connectedAtMs = this.#options.clock.now()
  }

  /** Waits only if the last link was lost soon after it was opened. Otherwise the backoff starts from its first step. */
  beforeFirst(keepsProcessAlive: boolean): Promise<void> | undefined {
    if (this.#options.clock.now() - this.#connectedAtMs < shortLifeMs) return this.beforeNext(keepsProcessAlive)
    this.#backoff = this.#first()
    return undefined
  }

  async beforeNext(keepsProcessAlive: boolean): Promise<void> {
    const { durationMs } = this.#backoff
    this.#backoff = this.#backoff.next()
    const { clock, onWakeUp } = this.#options
    const signal = this.#signal
    signal.throwIfAborted()
    const wait = new LinkedAbort(signal)
    const stop = onWakeUp?.(() => wait.abort())
    await sleep(clock, durationMs, wait.signal, keepsProcessAlive).catch(() => undefined)
    wait.close()
    stop?.()
    signal.throwIfAborted()
  }

  #first(): Backoff {
    return new Backoff(this.#options.backoff, this.#options.random)
  }
}
