// Detects peers that are slower than the minimum rate of base/patience.ts: 16 KB per second, plus some time for stalls. Time in
// which this process was suspended does not count.
import type { Clock, Timer } from '../../core/base/clock.ts'
import { leastBytesPerMs, patienceMs } from '../../core/base/patience.ts'
import { Standstill } from '../../core/base/standstill.ts'

/** How long sockets are read after a suspension before the peer is checked. */
const readMs = 1_000

class RateTimer {
  readonly #clock: Clock
  readonly #stallMs: number
  readonly #leftMs: () => number
  readonly #onSlow: () => void
  readonly #standstill = new Standstill()
  #stoodStillMs = 0
  #dueAtMs = 0
  #timer: Timer | undefined
  #isOver = false

  /** `leftMs` returns the remaining time of the peer. At 0 it is too slow, and `onSlow` is called. */
  constructor(clock: Clock, stallMs: number, leftMs: () => number, onSlow: () => void) {
    this.#clock = clock
    this.#stallMs = stallMs
    this.#leftMs = leftMs
    this.#onSlow = onSlow
  }

  /** The current time, without time in which this process was suspended. */
  now(): number {
    return this.#clock.now() - this.#stoodStillMs
  }

  start(): void {
    if (this.#timer === undefined && !this.#isOver) this.#set(this.#leftMs())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#isOver = false
  }

  #set(leftMs: number): void {
    // The peer's time can shrink before the timer fires, so the timer fires at least this often.
    const delayMs = Math.min(leftMs, this.#stallMs)
    const nowMs = this.#clock.now()
    this.#dueAtMs = nowMs + delayMs
    this.#standstill.timerSet(nowMs, delayMs)
    this.#timer = this.#clock.setTimer(this.#check, delayMs)
  }

  readonly #check = (): void => {
    const nowMs = this.#clock.now()
    const stoodStill = this.#standstill.isFirstLate(nowMs)
    if (stoodStill) this.#stoodStillMs += nowMs - this.#dueAtMs
    const leftMs = stoodStill ? Math.max(readMs, this.#leftMs()) : this.#leftMs()
    this.#timer = undefined
    if (leftMs > 0) return this.#set(leftMs)
    this.#isOver = true
    this.#onSlow()
  }
}

/**
 * Watches arriving bytes, such as a body, which may stall for `stallMs` in total.
 *
 * @param byteCount returns the number of bytes that have arrived.
 * @param onSlow called once, with the elapsed time.
 * @returns a function that stops watching.
 */
export function watchIncoming(
  clock: Clock,
  stallMs: number,
  byteCount: () => number,
  onSlow: (tookMs: number) => void,
): () => void {
  const startedAtMs = clock.now()
  const tookMs = (): number => timer.now() - startedAtMs
  const leftMs = (): number => patienceMs(byteCount(), stallMs) - tookMs()
  const timer = new RateTimer(clock, stallMs, leftMs, () => onSlow(tookMs()))
  timer.start()
  return () => timer.stop()
}

/**
 * Watches the reader of bytes that were written to a socket. It may read nothing for `stallMs`, plus a second for each 16 KB
 * waiting. Fast reading regains stall time, up to `stallMs`.
 */
export class ReaderWatch {
  readonly #stallMs: number
  readonly #timer: RateTimer
  #waitingBytes = 0
  /** The remaining part of `stallMs`. */
  #stallLeftMs = 0
  #atMs = 0

  constructor(clock: Clock, stallMs: number, onSlow: () => void) {
    this.#stallMs = stallMs
    this.#timer = new RateTimer(clock, stallMs, () => this.#leftMs, onSlow)
  }

  /** Called when bytes were written to the socket. */
  add(bytes: number): void {
    if (this.#waitingBytes === 0) {
      this.#stallLeftMs = this.#stallMs
      this.#atMs = this.#timer.now()
    }
    this.#waitingBytes += bytes
    this.#timer.start()
  }

  /** Called when the reader has taken them. */
  remove(bytes: number): void {
    const nowMs = this.#timer.now()
    const leftMs = this.#stallLeftMs - (nowMs - this.#atMs) + bytes / leastBytesPerMs
    this.#stallLeftMs = Math.min(this.#stallMs, leftMs)
    this.#atMs = nowMs
    this.#waitingBytes -= bytes
    if (this.#waitingBytes <= 0) this.stop()
  }

  /** Called when no bytes are waiting any more. */
  stop(): void {
    this.#waitingBytes = 0
    this.#timer.stop()
  }

  get #leftMs(): number {
    return patienceMs(this.#waitingBytes, this.#stallLeftMs) - (this.#timer.now() - this.#atMs)
  }
}
