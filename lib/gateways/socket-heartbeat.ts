// Detects dead WebSocket clients: sends a ping after silence, and reports the client as dead after more silence.
import type { WebSocket } from 'ws'
import type { Clock, Timer } from '../core/base/clock.ts'
import { Standstill } from '../core/base/standstill.ts'

export interface HeartbeatLimits {
  readonly heartbeatMs: number
  readonly deadAfterMs: number
}

export interface HeartbeatOptions {
  readonly clock: Clock
  readonly limits: HeartbeatLimits
  /** The number of messages that the client has read. A change is a sign of life: a ping waits behind unread messages. */
  readonly takenCount?: () => number
  readonly onDead: (reason: string) => void
}

export class SocketHeartbeat {
  readonly #socket: WebSocket
  readonly #options: HeartbeatOptions
  readonly #tickMs: number
  readonly #standstill = new Standstill()
  /** Counted in ticks rather than in time, so that a suspension of this process does not count. */
  #silentTicks = 0
  #takenCount = 0
  #timer: Timer | undefined

  /** Starts immediately. */
  constructor(socket: WebSocket, options: HeartbeatOptions) {
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
    // A paused socket is not read, so it cannot be silent.
    if (this.#socket.isPaused || taken !== this.#takenCount) this.#heard()
    this.#takenCount = taken
    const silentMs = this.#silentTicks * this.#tickMs
    if (silentMs >= deadAfterMs) return onDead(`it was silent for ${deadAfterMs} ms`)
    if (silentMs >= heartbeatMs && this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
    this.#wait()
  }
}
