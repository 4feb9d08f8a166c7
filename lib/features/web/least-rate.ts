// Finds peers that move bytes slower than the least rate of base/patience.ts: 16 KB a second, plus some time for standing
// still. Time in which this process stood still does not count against them.
import type { Clock, Timer } from '../../core/base/clock.ts'
import { leastBytesPerMs, patienceMs } from '../../core/base/patience.ts'
import { Standstill } from '../../core/base/standstill.ts'

/** How long sockets are read after a standstill before the peer is checked. */
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

  /** `leftMs`: how long the peer may still take. At 0 the peer is too slow, and `onSlow` is called. */
  constructor(clock: Clock, stallMs: number, leftMs: () => number, onSlow: () => void) {
    this.#clock = clock
    this.#stallMs = stallMs
    this.#leftMs = leftMs
    this.#onSlow = onSlow
  }

  /** Without the time in which this process stood still. */
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
 * Watches bytes that arrive, of a body for example: they may stand still for `stallMs` in all.
 *
 * @param byteCount how many have arrived.
 * @param onSlow called once, with the time that they took.
 * @returns a function that ends the watch.
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
 * Watches the reader of bytes that were handed to a socket. It may read nothing for `stallMs`, plus a second for each 16 KB
 * that wait; fast reading makes up for standing still, up to `stallMs` again.
 */
export class ReaderWatch {
  readonly #stallMs: number
  readonly #timer: RateTimer
  #waitingBytes = 0
  /** What is left of `stallMs`, at this time. */
  #stallLeftMs = 0
  #atMs = 0

  constructor(clock: Clock, stallMs: number, onSlow: () => void) {
    this.#stallMs = stallMs
    this.#timer = new RateTimer(clock, stallMs, () => this.#leftMs, onSlow)
  }

  /** Bytes were handed to the socket. */
  add(bytes: number): void {
    if (this.#waitingBytes === 0) {
      this.#stallLeftMs = this.#stallMs
      this.#atMs = this.#timer.now()
    }
    this.#waitingBytes += bytes
    this.#timer.start()
  }

  /** The reader has taken them. */
  remove(bytes: number): void {
    const nowMs = this.#timer.now()
    const leftMs = this.#stallLeftMs - (nowMs - this.#atMs) + bytes / leastBytesPerMs
    this.#stallLeftMs = Math.min(this.#stallMs, leftMs)
    this.#atMs = nowMs
    this.#waitingBytes -= bytes
    if (this.#waitingBytes <= 0) this.stop()
  }

  /** Nothing waits any more. */
  stop(): void {
    this.#waitingBytes = 0
    this.#timer.stop()
  }

  get #leftMs(): number {
    return patienceMs(this.#waitingBytes, this.#stallLeftMs) - (this.#timer.now() - this.#atMs)
  }
}
