// The warning that the event loop of a server was busy for more than a second, so that nobody was served. A timer that fires
// late shows it. Names the action that ran then, as far as the run queue knows it; leaves measuring actions to metrics.
//
// A timer is also late after the process was suspended (SIGSTOP, a debugger, a machine that slept). Such a process uses no
// processor time, and neither does a loop that waits for sockets: both times must show that it computed.
import { performance } from 'node:perf_hooks'
import type { ActionRegistry } from '../action/registry.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { ServerFeature } from './feature.ts'
import type { RunQueue } from './run-queue.ts'

/** The timer's interval. So a loop that was busy for this time and {@link busyMs} is noticed wherever it began. */
export const tickMs = 250
/** How late the timer, and how long the computing, must be. */
export const busyMs = 1_000
/** At most one warning in this time. */
export const quietMs = 10_000

/** What the process did, in milliseconds since any moment. */
export interface SpentTime {
  /** Processor time, of all threads. */
  cpuMs(): number
  /** Time in which the event loop did not wait for sockets and timers. */
  activeMs(): number
}

export interface BusyWatchOptions {
  readonly clock: Clock
  /** The clock is not the platform's, so it shows nothing about the process: nothing is watched. */
  readonly isVirtual: boolean
  readonly log: Pick<Logger, 'warn'>
  readonly runs: Pick<RunQueue, 'lastStarted' | 'takeLongest'>
  /** A name that is not registered is the peer's, and not logged. */
  readonly registry: Pick<ActionRegistry, 'find'>
  /** Default: the process's own. */
  readonly spent?: SpentTime
}

export class BusyWatch implements ServerFeature {
  readonly #options: BusyWatchOptions
  readonly #spent: SpentTime
  #timer: Timer | undefined
  #dueAtMs = 0
  #cpuMs = 0
  #activeMs = 0
  #warnedAtMs = Number.NEGATIVE_INFINITY
  #unreported = 0

  constructor(options: BusyWatchOptions) {
    this.#options = options
    this.#spent = options.spent ?? spentByProcess
  }

  onListening(): void {
    const { clock, isVirtual } = this.#options
    if (!isVirtual) this.#watch(clock)
  }

  onDrained(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #watch(clock: Clock): void {
    this.#dueAtMs = clock.now() + tickMs
    this.#cpuMs = this.#spent.cpuMs()
    this.#activeMs = this.#spent.activeMs()
    this.#timer = clock.setTimer(() => {
      this.#tick(clock.now())
      this.#watch(clock)
    }, tickMs)
  }

  #tick(nowMs: number): void {
    const { action, tookMs } = this.#options.runs.takeLongest()
    const lateMs = nowMs - this.#dueAtMs
    if (lateMs < busyMs) return
    const computedMs = Math.min(this.#spent.cpuMs() - this.#cpuMs, this.#spent.activeMs() - this.#activeMs)
    if (computedMs < busyMs) return
    if (nowMs - this.#warnedAtMs < quietMs) {
      this.#unreported++
      return
    }
    this.#warnedAtMs = nowMs
    this.#warn(Math.round(lateMs), tookMs * 2 >= lateMs ? action : undefined)
  }

  /** Times and counts are fields: the default log prints a message once, and each action should be named once. */
  #warn(ms: number, ran: string | undefined): void {
    const { log, runs, registry } = this.#options
    const named = ran ?? runs.lastStarted
    const action = named !== undefined && registry.find(named) !== undefined ? named : undefined
    const unreported = this.#unreported
    this.#unreported = 0
    const advice =
      action === undefined
        ? 'move what computes to a worker thread'
        : ran === undefined
          ? `the last action that started was "${action}"; if it computes, run it in a thread: static threaded = import.meta.url`
          : `action "${action}" ran then; run it in a thread: static threaded = import.meta.url`
    const message = `the event loop was busy for more than ${busyMs / 1_000} s, and served nobody; ${advice}`
    log.warn({ ms, ...(action !== undefined && { action }), ...(unreported > 0 && { unreported }) }, message)
  }
}

const spentByProcess: SpentTime = {
  cpuMs: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  },
  // Platforms like Node that do not measure it warn of nothing.
  activeMs: () => performance.eventLoopUtilization?.().active ?? 0,
}
