// Notices a link that died without saying so, a frame that hardly comes in, and a peer that hardly takes what was written.
// One timer for each link. All is counted in ticks rather than in time: what happened while this process stood still was not
// listened to.
import type { Clock, Timer } from '../base/clock.ts'
import { LinkError } from '../base/errors.ts'
import { patienceMs } from '../base/patience.ts'
import { Standstill } from '../base/standstill.ts'
import { Kind } from '../wire/frames/frame.ts'

/** Something that is on its way, and how much of it has come or has to leave. */
export interface Transfer {
  /** Another number each time; 0: nothing is under way. */
  readonly number: number
  readonly bytes: number
}

/** What a heartbeat needs of the link that it watches. */
export interface WatchedLink {
  /** The frame that came in part only. */
  incoming(): Transfer
  /** What was written and is not taken. */
  outgoing(): Transfer
  send(sign: { readonly kind: typeof Kind.Ping | typeof Kind.Pong }): void
  /** The peer lives, which was in doubt. */
  onProven(): void
  /** It is dead. */
  close(reason: LinkError): void
}

/** What a peer gets to prove that it lives when that is in doubt; and where what was written before still waits to be taken. */
export const proofMs = 3_000
export const blockedProofMs = 10_000

export interface HeartbeatLimits {
  readonly heartbeatMs: number
  readonly deadAfterMs: number
  readonly frameTimeoutMs: number
}

export interface HeartbeatOptions {
  /** Doubts the peer when this process, or its machine, has slept. Default false: its peers have not. */
  readonly doubtsAfterSleep?: boolean
}

export class Heartbeat {
  readonly #clock: Clock
  readonly #limits: HeartbeatLimits
  readonly #link: WatchedLink
  readonly #tickMs: number
  // Made when something is on its way as the time passes, which is seldom.
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
  /** For how many ticks the peer's word counts that it receives slowly. */
  #toldSlowTicks = 0

  constructor(clock: Clock, limits: HeartbeatLimits, link: WatchedLink, options: HeartbeatOptions = {}) {
    this.#clock = clock
    this.#limits = limits
    this.#link = link
    this.#doubtsAfterSleep = options.doubtsAfterSleep ?? false
    this.#aheadMs = this.#doubtsAfterSleep ? this.#calendarAheadMs : 0
    this.#tickMs = Math.max(1, Math.min(limits.heartbeatMs, limits.deadAfterMs, limits.frameTimeoutMs) / 3)
  }

  /** One and the same frame, or what one write left over, has been on its way for longer than a tick, as either side sees it. */
  get isTransferSlow(): boolean {
    return ticksOf(this.#incoming) > 0 || ticksOf(this.#outgoing) > 0 || this.#toldSlowTicks > 0
  }

  start(): void {
    if (this.#timer === undefined) this.#wait()
  }

  /** Bytes came, of any kind. Called for each chunk, so it does no more than this. */
  heard(): void {
    this.#hasHeard = true
    if (this.#proof !== undefined) this.#proven()
  }

  /** Whether the peer was asked to prove that it lives, and has not yet. */
  get isInDoubt(): boolean {
    return this.#proof !== undefined
  }

  /** The network may be another one, or this side has slept: asks the peer to prove that it lives, and gives it up if it does not. */
  doubt(): void {
    if (this.#timer === undefined || this.#proof !== undefined) return
    const limitMs = this.#link.outgoing().number === 0 ? proofMs : blockedProofMs
    this.#proof = this.#clock.setTimer(() => this.#die(`nothing heard for ${limitMs} ms after it was asked`), limitMs)
    this.#hasPinged = true
    this.#link.send({ kind: Kind.Ping })
  }

  #proven(): void {
    this.#proof?.cancel()
    this.#proof = undefined
    this.#link.onProven()
  }

  /** The peer sent PONG: where nobody asked, it says that it still receives what was sent. */
  onPong(): void {
    if (!this.#hasPinged) this.#toldSlowTicks = this.#signEachTicks + 1
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
    const isForgiven = this.#standstill.isFirstLate(this.#clock.now())
    this.#wait()
    if (this.#doubtsAfterSleep && (isForgiven || this.#hasSlept())) this.doubt()
    if (isForgiven) return
    if (this.#hasHeard) {
      this.#silentTicks = 0
      this.#hasPinged = false
    } else this.#silentTicks++
    this.#hasHeard = false
    this.#toldSlowTicks = Math.max(0, this.#toldSlowTicks - 1)
    this.#incoming = tick(this.#incoming, this.#link.incoming())
    this.#outgoing = tick(this.#outgoing, this.#link.outgoing())
    this.#judge()
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

  #judge(): void {
    const { heartbeatMs, deadAfterMs, frameTimeoutMs } = this.#limits
    const silentMs = this.#silentTicks * this.#tickMs
    if (silentMs >= deadAfterMs) this.#die(`nothing heard for ${deadAfterMs} ms`)
    else if (this.#incoming?.isOver(frameTimeoutMs, this.#tickMs)) {
      this.#die(`of a frame only ${this.#incoming.bytes} bytes came in ${this.#incoming.ticks * this.#tickMs} ms`)
    } else if (this.#outgoing?.isOver(deadAfterMs, this.#tickMs)) {
      this.#die(`the peer did not take ${this.#outgoing.bytes} bytes in ${this.#outgoing.ticks * this.#tickMs} ms`)
    } else if (silentMs >= heartbeatMs && !this.#hasPinged) {
      this.#hasPinged = true
      this.#link.send({ kind: Kind.Ping })
    } else if (this.#isSignDue) this.#link.send({ kind: Kind.Pong })
  }

  /** The sender of a frame that takes long hears nothing: its PING waits behind that frame. So it is shown life unasked. */
  get #isSignDue(): boolean {
    const ticks = ticksOf(this.#incoming)
    return ticks > 0 && ticks % this.#signEachTicks === 0
  }

  /** Before the sender has heard nothing for long enough to ask. */
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

/** For how many ticks one transfer has been on its way. */
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
