// Somebody new each 200 ms, who connects, calls once and leaves.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../../lib/index.ts'
import { Echo } from '../actions.ts'

const everyMs = 200
const patienceMs = 10_000

export class Newcomers {
  readonly #address: string
  readonly #visits = new Set<Promise<void>>()
  #isOver = false
  #servedAtMs = performance.now()
  #longestMs = 0
  #lastTookMs = Number.POSITIVE_INFINITY
  #served = 0
  #refused = 0
  /** Why the last one was not served. */
  #trouble = ''
  readonly #coming: Promise<void>

  constructor(address: string) {
    this.#address = address
    this.#coming = this.#come()
  }

  /** Until the last one that was served, the call included. */
  get lastTookMs(): number {
    return this.#lastTookMs
  }

  /** How long there was nobody who was served, at most; how many were, and how many not. */
  read(): { longestMs: number; served: number; refused: number; trouble: string } {
    const longestMs = Math.max(this.#longestMs, performance.now() - this.#servedAtMs)
    return { longestMs, served: this.#served, refused: this.#refused, trouble: this.#trouble }
  }

  begin(): void {
    this.#servedAtMs = performance.now()
    this.#longestMs = 0
    this.#served = 0
    this.#refused = 0
    this.#trouble = ''
  }

  async close(): Promise<void> {
    this.#isOver = true
    await this.#coming
    await Promise.all(this.#visits)
  }

  async #come(): Promise<void> {
    while (!this.#isOver) {
      const visit = this.#visit().finally(() => this.#visits.delete(visit))
      this.#visits.add(visit)
      await sleep(everyMs)
    }
  }

  async #visit(): Promise<void> {
    const cameAtMs = performance.now()
    const client = new Client(this.#address, { retry: 0, timeoutMs: patienceMs })
    try {
      await client.runAction(Echo, 'new')
      const nowMs = performance.now()
      this.#lastTookMs = nowMs - cameAtMs
      this.#longestMs = Math.max(this.#longestMs, nowMs - this.#servedAtMs)
      this.#servedAtMs = nowMs
      this.#served++
    } catch (error) {
      this.#refused++
      this.#trouble = String(error)
    } finally {
      await client.close()
    }
  }
}
