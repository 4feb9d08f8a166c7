// The liveness check of a link. Detects a link that died silently, a stalled frame, and a peer that barely reads. One
// timer per link. Counts ticks rather than time, because nothing was received while this process was suspended.
import type { Clock, Timer } from '../base/clock.ts'
import { LinkError } from '../base/errors.ts'
import { patienceMs } from '../base/patience.ts'
import { Standstill } from '../base/standstill.ts'
import { Kind } from '../wire/frames/frame.ts'

/** A frame or write in transit, with the number of its bytes that have arrived or remain. */
export interface Transfer {
  /** Identifies the transfer; 0 if there is none. */
  readonly number: number
  readonly bytes: number
}

/** What a heartbeat needs from the link that it watches. */
export interface WatchedLink {
  /** The partly received frame. */
  incoming(): Transfer
  /** Written data that the peer has not read. */
  outgoing(): Transfer
  send(sign: { readonly kind: typeof Kind.Ping | typeof Kind.Pong }): void
  /** Called when a peer in doubt has proved to be alive. */
  onProven(): void
  /** Called when the peer is considered dead. */
  close(reason: LinkError): void
}

/** How long a peer in doubt has to prove that it is alive, and how long while earlier writes are still queued. */
export const proofMs = 3_000
export const blockedProofMs = 10_000

export interface HeartbeatLimits {
  readonly heartbeatMs: number
  readonly deadAfterMs: number
  readonly frameTimeoutMs: number
}

export interface HeartbeatOptions {
  /** Doubts the peer after this process or its machine was suspended. Default false. */
  readonly doubtsAfterSleep?: boolean
}

export class Heartbeat {
  readonly #clock: Clock
  readonly #limits: HeartbeatLimits
  readonly #link: WatchedLink
  readonly #tickMs: number
  // Created only when a transfer lasts longer than a tick, which is rare.
  #incoming: Duration | undefined
  #outgoing: Duration | undefined
  readonly #standstill = new Standstill()
  #timer: Timer | undefined
  #silentTicks = 0
  #hasHeard = false
  #hasPinged = false
  #proof: Timer | undefined
  readonly #doubtsAfterSleep: boolean
  #aheadMs: number
  /** The number of ticks for which the peer's report of a slow transfer holds. */
  #reportedSlowTicks = 0

  constructor(clock: Clock, limits: HeartbeatLimits, link: WatchedLink, options: HeartbeatOptions = {}) {
    this.#clock = clock
    this.#limits = limits
    this.#link = link
    this.#doubtsAfterSleep = options.doubtsAfterSleep ?? false
    this.#aheadMs = this.#doubtsAfterSleep ? this.#calendarAheadMs : 0
    this.#tickMs = Math.max(1, Math.min(limits.heartbeatMs, limits.deadAfterMs, limits.frameTimeoutMs) / 3)
  }

  /** One frame, or the rest of one write, has been in transit for longer than a tick, as seen by either side. */
  get isTransferSlow(): boolean {
    return ticksOf(this.#incoming) > 0 || ticksOf(this.#outgoing) > 0 || this.#reportedSlowTicks > 0
  }

  start(): void {
    if (this.#timer === undefined) this.#wait()
  }

  /** Called for each received chunk, so it must be cheap. */
  heard(): void {
    this.#hasHeard = true
    if (this.#proof !== undefined) this.#proven()
  }

  /** True while the peer has not yet proved to be alive after it was asked to. */
  get isInDoubt(): boolean {
    return this.#proof !== undefined
  }

  /** Called after a network change or a sleep: asks the peer to prove that it is alive, and closes the link if it does not. */
  doubt(): void {
    if (this.#timer === undefined || this.#proof !== undefined) return
    const limitMs = this.#link.outgoing().number === 0 ? proofMs : blockedProofMs
    this.#proof = this.#clock.setTimer(() => this.#die(`no answer within ${limitMs} ms to a check`), limitMs)
    this.#hasPinged = true
    this.#link.send({ kind: Kind.Ping })
  }

  #proven(): void {
    this.#proof?.cancel()
    this.#proof = undefined
    this.#link.onProven()
  }

  /** Called for a PONG. An unrequested one means that the peer is still receiving what was sent. */
  onPong(): void {
    if (!this.#hasPinged) this.#reportedSlowTicks = this.#signEachTicks + 1
  }

  stop(): void {
    this.#proof?.cancel()
    this.#proof = undefined
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #wait(): void {
    this.#standstill.timerSet(this.#clock.now(), this.#tickMs)
    this.#timer = this.#clock.setTimer(this.#tick, this.#tickMs)
  }

  readonly #tick = (): void => {
    const isExcused = this.#standstill.isFirstLate(this.#clock.now())
    this.#wait()
    if (this.#doubtsAfterSleep && (isExcused || this.#hasSlept())) this.doubt()
    if (isExcused) return
    if (this.#hasHeard) {
      this.#silentTicks = 0
      this.#hasPinged = false
    } else this.#silentTicks++
    this.#hasHeard = false
    this.#reportedSlowTicks = Math.max(0, this.#reportedSlowTicks - 1)
    this.#incoming = tick(this.#incoming, this.#link.incoming())
    this.#outgoing = tick(this.#outgoing, this.#link.outgoing())
    this.#check()
  }

  /** A machine that sleeps stops this process's clock, but not the calendar. */
  #hasSlept(): boolean {
    const aheadMs = this.#calendarAheadMs
    const byMs = aheadMs - this.#aheadMs
    this.#aheadMs = aheadMs
    return byMs > 2 * this.#tickMs
  }

  get #calendarAheadMs(): number {
    return (this.#clock.wallNow?.() ?? 0) - this.#clock.now()
  }

  #check(): void {
    const { heartbeatMs, deadAfterMs, frameTimeoutMs } = this.#limits
    const silentMs = this.#silentTicks * this.#tickMs
    if (silentMs >= deadAfterMs) this.#die(`nothing received for ${deadAfterMs} ms`)
    else if (this.#incoming?.isOver(frameTimeoutMs, this.#tickMs)) {
      this.#die(`only ${this.#incoming.bytes} bytes of a frame arrived in ${this.#incoming.ticks * this.#tickMs} ms`)
    } else if (this.#outgoing?.isOver(deadAfterMs, this.#tickMs)) {
      this.#die(`the peer did not read ${this.#outgoing.bytes} bytes in ${this.#outgoing.ticks * this.#tickMs} ms`)
    } else if (silentMs >= heartbeatMs && !this.#hasPinged) {
      this.#hasPinged = true
      this.#link.send({ kind: Kind.Ping })
    } else if (this.#isSignDue) this.#link.send({ kind: Kind.Pong })
  }

  /** The sender of a long frame receives nothing, because its PING waits behind that frame. So it gets a PONG without asking. */
  get #isSignDue(): boolean {
    const ticks = ticksOf(this.#incoming)
    return ticks > 0 && ticks % this.#signEachTicks === 0
  }

  /** Often enough that the sender never needs to ask. */
  get #signEachTicks(): number {
    return Math.floor(((this.#limits.heartbeatMs / this.#tickMs) * 2) / 3)
  }

  #die(reason: string): void {
    this.stop()
    this.#link.close(new LinkError(`the link is dead: ${reason}`))
  }
}

function ticksOf(duration: Duration | undefined): number {
  return duration?.ticks ?? 0
}

function tick(duration: Duration | undefined, transfer: Transfer): Duration | undefined {
  if (transfer.number === 0) return undefined
  const during = duration ?? new Duration()
  during.tick(transfer)
  return during
}

/** The number of ticks for which one transfer has been in transit. */
class Duration {
  ticks = 0
  bytes = 0
  #number = 0

  tick({ number, bytes }: Transfer): void {
    this.ticks = number === this.#number ? this.ticks + 1 : 0
    this.#number = number
    this.bytes = bytes
  }

  isOver(stallMs: number, tickMs: number): boolean {
    return this.ticks * tickMs >= patienceMs(this.bytes, stallMs)
  }
}
