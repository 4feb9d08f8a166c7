// A task of a server. Never runs it twice at a time, even if it was removed and added again, and records the results. Leaves
// the times of its runs to schedule.ts and tasks.ts.
import type { Outcome } from '../../core/action/call.ts'
import { deferred } from '../../core/base/deferred.ts'
import { DeadlineError, ServerError } from '../../core/base/errors.ts'
import { invalidOption, requirePositive } from '../../core/base/options.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import { CronTask } from './cron-task.ts'
import { IntervalTask } from './interval-task.ts'
import { contextFor, endedOrAborted, isStop, outcomeOf, RunAbort } from './run.ts'
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
  /** The current runs: its own, and those of removed tasks that it replaces, which it waits for. */
  readonly #current = new Set<Promise<unknown>>()
  #runCount = 0
  #lastRunAtMs: number | undefined
  #lastDurationMs: number | undefined
  #lastError: unknown

  /** `former` are the removed tasks that it replaces. @throws ClientError (`INVALID_OPTION`) that names the wrong field. */
  constructor(name: string, task: Task, kit: ServerKit, former: readonly TrackedTask[] = []) {
    this.kind = kindOf(task)
    requireMethods(name, task, this.kind === 'interval' ? ['run', 'intervalMs'] : ['run'])
    requirePositive(`timeLimitMs of task "${name}"`, task.timeLimitMs)
    this.name = name
    this.task = task
    this.#kit = kit
    for (const { whenFree } of former) if (whenFree !== undefined) this.#track(whenFree)
  }

  /** Settles when the current runs have ended. Undefined if there are none. */
  get whenFree(): Promise<unknown> | undefined {
    return this.#current.size === 0 ? undefined : Promise.all(this.#current)
  }

  /** The task in messages, such as `task "Report"`. */
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
   * Runs the task. Never rejects: what the task throws is reported. Settles when the run has ended or, with `'abandon'`, at the
   * latest one second after it was aborted.
   */
  async run(
    parent: AbortSignal,
    limitMs: number = this.task.timeLimitMs,
    whenAborted: 'wait' | 'abandon' = 'wait',
  ): Promise<Outcome<unknown>> {
    const { clock } = this.#kit
    const { whenFree } = this
    if (whenFree !== undefined) {
      if (whenAborted === 'abandon') return { ok: false, error: this.#reportStillRunning() }
      await endedOrAborted(whenFree, parent)
      if (parent.aborted) return { ok: false, error: parent.reason }
    }
    const startedAtMs = clock.now()
    const runAbort = new RunAbort(parent, clock, limitMs, () => this.#timeoutError(limitMs))
    this.#runCount++
    this.#lastRunAtMs = wallNow(clock)
    this.nextRunAtMs = undefined
    this.state = 'running'
    // Stored before the run starts, because the run may read it.
    const { promise: work, resolve } = deferred<Outcome<unknown>>()
    this.#track(work)
    resolve(outcomeOf(() => this.task.run(contextFor(this.name, runAbort.signal, this.#kit))))
    const outcome = whenAborted === 'wait' ? await work : await runAbort.orTimedOut(work)
    runAbort.close()
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

  #track(work: Promise<unknown>): void {
    this.#current.add(work)
    void work.then(() => this.#current.delete(work))
  }

  /** Reports that an abandoned run has not ended yet. */
  #reportStillRunning(): ServerError {
    const message = `${this.label} is still running after its signal aborted; make it respect context.signal`
    const error = new ServerError(message, { code: 'INVALID_USAGE' })
    this.report(error)
    return error
  }

  #timeoutError(limitMs: number): DeadlineError {
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

/** In JavaScript nothing else says that one is missing or misspelt, before the task is due. */
function requireMethods(name: string, task: object, methods: readonly string[]): void {
  for (const method of methods) {
    const found: unknown = Reflect.get(task, method)
    if (typeof found !== 'function') throw invalidOption(`${method} of task "${name}"`, 'a method', found)
  }
}

function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms)
}
