// One task that was added: runs it once at a time, also where it was removed and added again, and remembers how it
// fared. When it runs is others' business.
import type { Outcome } from '../../core/action/call.ts'
import { DeadlineError, ServerError } from '../../core/base/errors.ts'
import { invalidOption, requirePositive } from '../../core/base/options.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import { CronTask } from './cron-task.ts'
import { IntervalTask } from './interval-task.ts'
import { contextFor, endedOrTold, isStop, outcomeOf, Telling, toBegin } from './run.ts'
import { ShutdownTask } from './shutdown-task.ts'
import { StartupTask } from './startup-task.ts'
import type { Task, TaskKind, TaskState, TaskView } from './task.ts'
import { wallNow } from './waiting.ts'

export class TrackedTask {
  readonly name: string
  readonly task: Task
  readonly kind: TaskKind
  state: TaskState = 'idle'
  nextRunAtMs: number | undefined
  readonly #kit: ServerKit
  /** Runs that go on: its own, and those of removed tasks whose place it has taken. None of them overlaps another. */
  readonly #goingOn = new Set<Promise<unknown>>()
  #runCount = 0
  #lastRunAtMs: number | undefined
  #lastDurationMs: number | undefined
  #lastError: unknown

  /** `former`: removed tasks whose place it takes. @throws ClientError (`INVALID_OPTION`) that names what is wrong. */
  constructor(name: string, task: Task, kit: ServerKit, former: readonly TrackedTask[] = []) {
    this.kind = kindOf(task)
    requirePositive(`timeLimitMs of task "${name}"`, task.timeLimitMs)
    this.name = name
    this.task = task
    this.#kit = kit
    for (const { whenFree } of former) if (whenFree !== undefined) this.#keep(whenFree)
  }

  /** Settles when the runs that go on have ended; undefined: there are none. */
  get whenFree(): Promise<unknown> | undefined {
    return this.#goingOn.size === 0 ? undefined : Promise.all(this.#goingOn)
  }

  /** What it is in messages. */
  get label(): string {
    return `task "${this.name}"`
  }

  get view(): TaskView {
    return {
      name: this.name,
      kind: this.kind,
      state: this.state,
      runCount: this.#runCount,
      lastRunAt: dateOf(this.#lastRunAtMs),
      lastDurationMs: this.#lastDurationMs,
      nextRunAt: dateOf(this.nextRunAtMs),
      lastError: this.#lastError,
    }
  }

  /**
   * Runs it. Never rejects: what it throws is reported. Settles when the run has ended; or, if it may be given up, at
   * the latest one second after it was told to end.
   */
  async run(
    parent: AbortSignal,
    limitMs: number = this.task.timeLimitMs,
    end: 'wait for it' | 'may give up' = 'wait for it',
  ): Promise<Outcome<unknown>> {
    const { clock } = this.#kit
    const { whenFree } = this
    if (whenFree !== undefined) {
      if (end === 'may give up') return { ok: false, error: this.#runsOn() }
      await endedOrTold(whenFree, parent)
      if (parent.aborted) return { ok: false, error: parent.reason }
    }
    const startedAtMs = clock.now()
    const told = new Telling(parent, clock, limitMs, () => this.#lateError(limitMs))
    this.#runCount++
    this.#lastRunAtMs = wallNow(clock)
    this.nextRunAtMs = undefined
    this.state = 'running'
    const { work, begin } = toBegin<Outcome<unknown>>()
    this.#keep(work)
    begin(outcomeOf(() => this.task.run(contextFor(this.name, told.signal, this.#kit))))
    const outcome = end === 'wait for it' ? await work : await told.orGivenUp(work)
    told.close()
    this.#lastDurationMs = clock.now() - startedAtMs
    this.#lastError = outcome.ok ? undefined : outcome.error
    this.state = 'idle'
    if (!outcome.ok && !isStop(outcome.error, parent)) this.report(outcome.error)
    return outcome
  }

  report(error: unknown): void {
    this.#lastError = error
    this.#kit.report(error, this.label)
  }

  #keep(work: Promise<unknown>): void {
    this.#goingOn.add(work)
    void work.then(() => this.#goingOn.delete(work))
  }

  /** It was given up once, but does not end. */
  #runsOn(): ServerError {
    const message = `${this.label} still runs from before, although its signal told it to end; let it heed context.signal`
    const error = new ServerError(message, { code: 'INVALID_USAGE' })
    this.report(error)
    return error
  }

  #lateError(limitMs: number): DeadlineError {
    return new DeadlineError(`${this.label} ran for more than ${Math.round(limitMs)} ms; raise its timeLimitMs`)
  }
}

function kindOf(task: unknown): TaskKind {
  if (task instanceof StartupTask) return 'startup'
  if (task instanceof IntervalTask) return 'interval'
  if (task instanceof CronTask) return 'cron'
  if (task instanceof ShutdownTask) return 'shutdown'
  throw invalidOption('task', 'an instance of a StartupTask, IntervalTask, CronTask or ShutdownTask', task)
}

function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms)
}
