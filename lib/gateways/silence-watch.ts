// Notices a client on a WebSocket that is gone without a word: asks after silence, and gives up after more of it.
import type { WebSocket } from 'ws'
import type { Clock, Timer } from '../core/base/clock.ts'
import { Standstill } from '../core/base/standstill.ts'

export interface SilenceLimits {
  readonly heartbeatMs: number
  readonly deadAfterMs: number
}

export interface SilenceOptions {
  readonly clock: Clock
  readonly limits: SilenceLimits
  /** How much it has taken. A change is a sign of life too: what asks after it waits behind what it has not read yet. */
  readonly takenCount?: () => number
  readonly onDead: (reason: string) => void
}

export class SilenceWatch {
  readonly #socket: WebSocket
  readonly #options: SilenceOptions
  readonly #tickMs: number
  readonly #standstill = new Standstill()
  /** Counted in looks rather than in time: while this process stood still, nobody was silent. */
  #silentTicks = 0
  #takenCount = 0
  #timer: Timer | undefined

  /** Begins to watch. */
  constructor(socket: WebSocket, options: SilenceOptions) {
    const { heartbeatMs, deadAfterMs } = options.limits
    this.#socket = socket
    this.#options = options
    this.#tickMs = Math.max(1, Math.min(heartbeatMs, deadAfterMs / 3))
    socket.on('message', this.#heard).on('ping', this.#heard).on('pong', this.#heard)
    this.#wait()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  readonly #heard = (): void => {
    this.#silentTicks = 0
  }

  #wait(): void {
    const { clock } = this.#options
    this.#standstill.timerSet(clock.now(), this.#tickMs)
    this.#timer = clock.setTimer(this.#look, this.#tickMs)
  }

  readonly #look = (): void => {
    const { clock, limits, takenCount = () => 0, onDead } = this.#options
    const { heartbeatMs, deadAfterMs } = limits
    if (this.#standstill.isFirstLate(clock.now())) return this.#wait()
    this.#silentTicks++
    const taken = takenCount()
    // One that is not read can say what it likes.
    if (this.#socket.isPaused || taken !== this.#takenCount) this.#heard()
    this.#takenCount = taken
    const silentMs = this.#silentTicks * this.#tickMs
    if (silentMs >= deadAfterMs) return onDead(`nothing was heard of it for ${deadAfterMs} ms`)
    if (silentMs >= heartbeatMs && this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
    this.#wait()
  }
}
