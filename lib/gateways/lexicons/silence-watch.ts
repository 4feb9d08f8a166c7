// Notices a client that is gone without a word: asks after silence, and gives up after more of it.
import type { WebSocket } from 'ws'
import type { Clock, Timer } from '../../base/clock.ts'

export interface SilenceLimits {
  readonly heartbeatMs: number
  readonly deadAfterMs: number
}

export class SilenceWatch {
  readonly #socket: WebSocket
  readonly #clock: Clock
  readonly #tickMs: number
  readonly #limits: SilenceLimits
  readonly #onDead: (reason: string) => void
  /** Counted in looks rather than in time: while this process stood still, nobody was silent. */
  #silentTicks = 0
  #timer: Timer | undefined

  /** Begins to watch. */
  constructor(socket: WebSocket, clock: Clock, limits: SilenceLimits, onDead: (reason: string) => void) {
    this.#socket = socket
    this.#clock = clock
    this.#limits = limits
    this.#tickMs = Math.max(1, Math.min(limits.heartbeatMs, limits.deadAfterMs / 3))
    this.#onDead = onDead
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
    this.#timer = this.#clock.setTimer(this.#look, this.#tickMs)
  }

  readonly #look = (): void => {
    const { heartbeatMs, deadAfterMs } = this.#limits
    this.#silentTicks++
    // One that is not read can say what it likes.
    if (this.#socket.isPaused) this.#heard()
    const silentMs = this.#silentTicks * this.#tickMs
    if (silentMs >= deadAfterMs) return this.#onDead(`nothing was heard of it for ${deadAfterMs} ms`)
    if (silentMs >= heartbeatMs && this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
    this.#wait()
  }
}
