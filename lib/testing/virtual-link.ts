// One end of a connection of a VirtualNetwork. What it writes arrives at the other end later, in order, unless it is lost.
import { runClean } from '../core/base/async-context.ts'
import type { Clock, Timer } from '../core/base/clock.ts'
import { LinkError } from '../core/base/errors.ts'
import { queueMicrotask, setImmediate } from '../core/base/platform-timers.ts'
import type { Link, LinkHandler, Peer } from '../index.ts'
import type { SeededRandom } from './seeded-random.ts'

/** What the links of a network share. */
export interface Conditions {
  readonly clock: Clock
  readonly random: SeededRandom
  /** Messages arrive in pieces, and writers have to wait. */
  readonly isRough: boolean
  latencyMs(): number
}

interface Delivery {
  readonly atMs: number
  readonly arrive: (other: VirtualLink) => void
}

/** Deliveries without latency before the event loop gets its turn. */
const burst = 16

export class VirtualLink implements Link {
  readonly peer: Peer
  other: VirtualLink | undefined
  isOver = false
  readonly #conditions: Conditions
  readonly #onOver: () => void
  #handler: LinkHandler | undefined
  /** What arrived before `open`. */
  #early: (() => void)[] = []
  /** On its way to the other end. */
  #flight: Delivery[] = []
  #timer: Timer | undefined
  #endTimer: Timer | undefined
  #drainTimer: Timer | undefined
  #isLosing = false
  #stalledUntilMs = 0
  #left = burst

  constructor(description: string, conditions: Conditions, onOver: () => void) {
    this.peer = { transport: 'memory', description, isPrivate: true }
    this.#conditions = conditions
    this.#onOver = onOver
  }

  open(handler: LinkHandler): void {
    this.#handler = handler
    for (const deliver of this.#early.splice(0)) deliver()
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.isOver) return true
    for (const chunk of chunks) this.#send(new Uint8Array(chunk))
    const { isRough, random, clock } = this.#conditions
    if (!isRough || random.chance(0.98)) return true
    this.#drainTimer ??= clock.setTimer(
      () => {
        this.#drainTimer = undefined
        this.#handler?.onDrain()
      },
      random.between(1, 300),
    )
    return false
  }

  async close(how: 'flush' | 'abort'): Promise<void> {
    if (this.isOver) return
    this.#transmit((other) => other.#end(how === 'flush' ? undefined : new LinkError('the peer aborted the link')))
    this.#over()
  }

  keepProcessAlive(): void {
    // Both ends are in this process.
  }

  /** Nothing that this end sent, or sends, arrives any more. */
  lose(): void {
    this.#isLosing = true
    this.#flight = []
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** The other end learns that this one has ended, after what is on its way. */
  finish(): void {
    this.#transmit((other) => other.#end(undefined))
    this.#isLosing = true
  }

  /** Breaks after this many milliseconds, unless it has ended then. */
  endAfter(delayMs: number): void {
    if (this.isOver) return
    const reset = (): void => this.#end(new LinkError('read ECONNRESET'))
    this.#endTimer?.cancel()
    if (delayMs > 0) this.#endTimer = this.#conditions.clock.setTimer(reset, delayMs)
    else queueMicrotask(reset)
  }

  stall(forMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#conditions.clock.now() + forMs)
    if (this.#flight.length === 0) return
    this.#timer?.cancel()
    this.#schedule()
  }

  #send(bytes: Uint8Array): void {
    const { isRough, random } = this.#conditions
    const at = isRough && bytes.length > 1 && random.chance(0.2) ? random.between(1, bytes.length - 1) : bytes.length
    this.#transmit((other) => other.#deliver(bytes.subarray(0, at)))
    if (at < bytes.length) this.#transmit((other) => other.#deliver(bytes.subarray(at)))
  }

  #transmit(arrive: Delivery['arrive']): void {
    if (this.#isLosing) return
    this.#flight.push({ atMs: this.#conditions.clock.now() + this.#conditions.latencyMs(), arrive })
    if (this.#flight.length === 1) this.#schedule()
  }

  /** Waits for the first delivery; the others follow it. */
  #schedule(): void {
    const { clock } = this.#conditions
    const waitMs = Math.max(this.#flight[0]?.atMs ?? 0, this.#stalledUntilMs) - clock.now()
    if (waitMs > 0) this.#timer = clock.setTimer(this.#arrive, waitMs)
    else if (this.#left > 0) queueMicrotask(this.#arrive)
    else setImmediate(this.#arrive)
  }

  /** Outside any writer's asynchronous context, as over a socket. */
  readonly #arrive = (): void => runClean(this.#arriveNow, undefined)

  readonly #arriveNow = (): void => {
    const nowMs = this.#conditions.clock.now()
    if (this.#stalledUntilMs > nowMs) return
    if (this.#left === burst) setImmediate(() => (this.#left = burst))
    this.#left--
    const { other } = this
    while (other !== undefined && (this.#flight[0]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs)
      this.#flight.shift()?.arrive(other)
    if (this.#flight.length > 0) this.#schedule()
  }

  #deliver(bytes: Uint8Array): void {
    if (this.isOver) return
    if (this.#handler === undefined) this.#early.push(() => this.#deliver(bytes))
    else this.#handler.onBytes(bytes)
  }

  #end(error: Error | undefined): void {
    if (this.isOver) return
    if (this.#handler === undefined) {
      this.#early.push(() => this.#end(error))
      return
    }
    const handler = this.#handler
    this.#over()
    handler.onEnd(error)
  }

  #over(): void {
    this.isOver = true
    this.#handler = undefined
    this.#early = []
    this.#endTimer?.cancel()
    this.#drainTimer?.cancel()
    this.#onOver()
  }
}
