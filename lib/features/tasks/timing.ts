// When a task runs next: after its interval, or at the next time of a cron pattern.
import type { Cron } from 'croner'
import type { Clock } from '../../core/base/clock.ts'
import { ClientError } from '../../core/base/errors.ts'
import { invalidOption, requirePositive } from '../../core/base/options.ts'
import type { CronTask } from './cron-task.ts'
import type { IntervalTask } from './interval-task.ts'
import type { TaskContext } from './task.ts'
import { wallNow } from './waiting.ts'

/** When a run is due. */
export interface Due {
  /** The date, in milliseconds since 1970. */
  readonly atMs: number
  /** The time from now until then, in milliseconds. */
  readonly afterMs: number
  leftMs(): number
}

export interface Timing {
  /** Called before the server starts, to load what is needed. Rejects with ClientError (`INVALID_OPTION`). */
  prepare?(): Promise<void>
  /** Returns the next run, or undefined if there is none. Rejects with what the task threw; use `fallback` then. */
  next(context: TaskContext): Promise<Due | undefined>
  fallback(): Due | undefined
}

/** The interval if the task has never returned a valid one. */
const fallbackMs = 60_000

export class IntervalTiming implements Timing {
  readonly #task: IntervalTask
  readonly #clock: Clock
  #isFirst = true
  #lastMs = fallbackMs

  constructor(task: IntervalTask, clock: Clock) {
    this.#task = task
    this.#clock = clock
  }

  async next(context: TaskContext): Promise<Due | undefined> {
    const isFirst = this.#isFirst
    this.#isFirst = false
    if (isFirst && this.#task.runsAtOnce) return this.#after(0)
    const ms = requirePositive(`intervalMs of task "${context.name}"`, await this.#task.intervalMs(context))
    if (ms === Number.POSITIVE_INFINITY) return undefined
    this.#lastMs = ms
    return this.#after(ms)
  }

  fallback(): Due {
    return this.#after(this.#lastMs)
  }

  #after(ms: number): Due {
    const clock = this.#clock
    const dueAtMs = clock.now() + ms
    return { atMs: wallNow(clock) + ms, afterMs: ms, leftMs: () => dueAtMs - clock.now() }
  }
}

export class CronTiming implements Timing {
  readonly #name: string
  readonly #task: CronTask
  readonly #clock: Clock
  #cron: Cron | undefined
  /** The last returned time, which is not repeated when the clock is set back. */
  #lastAtMs = Number.NEGATIVE_INFINITY

  /** @throws ClientError (`INVALID_OPTION`) for an invalid time zone, or for anything but a pattern. */
  constructor(name: string, task: CronTask, clock: Clock) {
    this.#name = name
    this.#task = task
    this.#clock = clock
    requireTimeZone(name, task.timeZone)
    if (typeof task.pattern !== 'string' || !patternShape.test(task.pattern.trim())) throw this.#wrongPattern()
  }

  /** Loads croner, which only programs with cron tasks need. */
  async prepare(): Promise<void> {
    const { pattern, timeZone } = this.#task
    const { Cron } = await import('croner')
    try {
      this.#cron = new Cron(pattern, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) })
    } catch (error) {
      throw this.#wrongPattern(error as Error)
    }
  }

  async next(): Promise<Due | undefined> {
    if (this.#cron === undefined) await this.prepare()
    return this.fallback()
  }

  fallback(): Due | undefined {
    const clock = this.#clock
    const atMs = this.#cron?.nextRun(new Date(Math.max(wallNow(clock), this.#lastAtMs)))?.getTime()
    if (atMs === undefined) return undefined
    this.#lastAtMs = atMs
    return { atMs, afterMs: atMs - wallNow(clock), leftMs: () => atMs - wallNow(clock) }
  }

  #wrongPattern(cause?: Error): ClientError {
    const wrong = invalidOption(
      `pattern of task "${this.#name}"`,
      'a cron pattern as in "30 8 * * MON-FRI"',
      this.#task.pattern,
    )
    return cause === undefined
      ? wrong
      : new ClientError(`${wrong.message}: ${cause.message}`, { code: 'INVALID_OPTION', cause })
  }
}

/** Five to seven fields, or a name such as @daily. Croner checks their values. */
const patternShape = /^(@[a-z]+|[\dA-Z*?,/#+-]+(\s+[\dA-Z*?,/#+-]+){4,6})$/i

function requireTimeZone(name: string, timeZone: unknown): void {
  if (timeZone === undefined) return
  try {
    if (typeof timeZone !== 'string') throw new RangeError()
    new Intl.DateTimeFormat('en', { timeZone })
  } catch {
    throw invalidOption(`timeZone of task "${name}"`, 'a time zone as in "Europe/Berlin"', timeZone)
  }
}
