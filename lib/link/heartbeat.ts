// Notices a link that died without saying so, and a frame that never ends. One timer for each link.
import type { Clock, Timer } from '../base/clock.ts'
import { LinkError } from '../base/errors.ts'

/** What a heartbeat needs of the link that it watches. */
export interface WatchedLink {
  /** The number of the frame that came in part only; 0: none. */
  openFrame(): number
  ping(): void
  onDead(reason: LinkError): void
}

export interface HeartbeatLimits {
  readonly heartbeatMs: number
  readonly deadAfterMs: number
  readonly frameTimeoutMs: number
}

export class Heartbeat {
  readonly #clock: Clock
  readonly #limits: HeartbeatLimits
  readonly #link: WatchedLink
  readonly #tickMs: number
  #timer: Timer | undefined
  #silentTicks = 0
  #openFrame = 0
  #openFrameTicks = 0
  #hasHeard = false
  #hasPinged = false

  constructor(clock: Clock, limits: HeartbeatLimits, link: WatchedLink) {
    this.#clock = clock
    this.#limits = limits
    this.#link = link
    this.#tickMs = Math.max(1, Math.min(limits.heartbeatMs, limits.deadAfterMs, limits.frameTimeoutMs) / 3)
  }

  start(): void {
    this.#timer ??= this.#clock.setTimer(this.#tick, this.#tickMs)
  }

  /** Bytes came, of any kind. Called for each chunk, so it does no more than this. */
  heard(): void {
    this.#hasHeard = true
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  readonly #tick = (): void => {
    if (this.#hasHeard) {
      this.#silentTicks = 0
      this.#hasPinged = false
    } else this.#silentTicks++
    this.#hasHeard = false
    const openFrame = this.#link.openFrame()
    this.#openFrameTicks = openFrame !== 0 && openFrame === this.#openFrame ? this.#openFrameTicks + 1 : 0
    this.#openFrame = openFrame
    this.#timer = this.#clock.setTimer(this.#tick, this.#tickMs)
    this.#judge()
  }

  #judge(): void {
    const { heartbeatMs, deadAfterMs, frameTimeoutMs } = this.#limits
    const silentMs = this.#silentTicks * this.#tickMs
    if (silentMs >= deadAfterMs) this.#die(`nothing heard for ${deadAfterMs} ms`)
    else if (this.#openFrameTicks * this.#tickMs >= frameTimeoutMs) this.#die(`a frame took over ${frameTimeoutMs} ms`)
    else if (silentMs >= heartbeatMs && !this.#hasPinged) {
      this.#hasPinged = true
      this.#link.ping()
    }
  }

  #die(reason: string): void {
    this.stop()
    this.#link.onDead(new LinkError(`the link is dead: ${reason}`))
  }
}
