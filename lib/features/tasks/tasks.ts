// The tasks of one server. Runs startup tasks before it listens, interval and cron tasks while it serves, and shutdown tasks
// while it drains.
//
//              start      fail       finish     listen    drain
//   new        starting                                   draining
//   starting              new        started              draining    startup tasks run
//   started                                     serving   draining
//   serving                                               draining    new tasks run immediately
//   draining              draining   draining                         a start that was interrupted ends late
import { requireNameOf } from '../../core/base/class-name.ts'
import { type Clock, sleep } from '../../core/base/clock.ts'
import { DeadlineError, invalidUsage, ServerError } from '../../core/base/errors.ts'
import { invalidOption, requirePositive } from '../../core/base/options.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import { type MoveOf, type StateOf, StateTable } from '../../core/base/state-table.ts'
import type { ServerFeature, ServerKit } from '../../core/server/feature.ts'
import { isName } from '../../core/wire/frames/frame.ts'
import { CronTask } from './cron-task.ts'
import { IntervalTask } from './interval-task.ts'
import { Schedule } from './schedule.ts'
import { ShutdownTask } from './shutdown-task.ts'
import { StartupTask } from './startup-task.ts'
import type { Task, TaskView } from './task.ts'
import { CronTiming, IntervalTiming, type Timing } from './timing.ts'
import { TrackedTask } from './tracked-task.ts'
import { wallNow } from './waiting.ts'

interface Entry {
  readonly tracked: TrackedTask
  readonly schedule: Schedule | undefined
}

export const taskPhases = new StateTable('tasks', {
  new: { start: 'starting', drain: 'draining' },
  starting: { fail: 'new', finish: 'started', drain: 'draining' },
  started: { listen: 'serving', drain: 'draining' },
  serving: { drain: 'draining' },
  draining: { fail: 'draining', finish: 'draining' },
})

export class Tasks implements ServerFeature {
  readonly #kit: ServerKit
  readonly #entries = new Map<string, Entry>()
  /** Removed tasks that are still running. */
  readonly #removed = new Set<TrackedTask>()
  readonly #starting = new AbortController()
  #hasBegun = false
  #phase: StateOf<typeof taskPhases> = 'new'

  constructor(kit: ServerKit) {
    this.#kit = kit
  }

  get views(): readonly TaskView[] {
    return [...this.#entries.values()].map(({ tracked }) => tracked.view)
  }

  /** @throws ServerError (`DUPLICATE_TASK`, `SHUTTING_DOWN`), ClientError (`INVALID_OPTION`, `INVALID_USAGE`). */
  add(task: Task, name = nameOf(task)): void {
    if (!isName(name)) throw invalidOption('name of a task', 'a string of 1 to 512 bytes', name)
    const former = [...this.#removed].filter((other) => other.name === name || other.task === task)
    const tracked = new TrackedTask(name, task, this.#kit, former)
    if (this.#entries.has(name)) {
      const message = `task "${name}" is already added; remove it first, or add this one under another name`
      throw new ServerError(message, { code: 'DUPLICATE_TASK' })
    }
    if (this.#phase === 'draining')
      throw new ServerError(`task "${name}" cannot be added: the server is shutting down`, { code: 'SHUTTING_DOWN' })
    if (task instanceof StartupTask && this.#phase !== 'new') {
      const message = `startup task "${name}" must be added before listen()`
      throw new ServerError(message, { code: 'INVALID_USAGE' })
    }
    requireNumbers(name, task)
    if (task.scope !== 'cluster' && task.scope !== 'node')
      throw invalidOption(`scope of task "${name}"`, "'cluster' or 'node'", task.scope)
    const timing = timingOf(name, task, this.#kit.clock)
    const schedule = timing && new Schedule(tracked, timing, this.#kit)
    this.#entries.set(name, { tracked, schedule })
    if (this.#phase === 'serving') schedule?.start()
  }

  /** Removes a task and aborts its current run, which the task waits for if it is added again. Returns false if there is no such task. */
  remove(task: Task | string): boolean {
    for (const [name, { tracked, schedule }] of this.#entries) {
      if (name !== task && tracked.task !== task) continue
      this.#entries.delete(name)
      void schedule?.stop(`task "${name}" was removed`)
      this.#trackRemoved(tracked)
      return true
    }
    return false
  }

  async onStart(): Promise<void> {
    const { signal } = this.#starting
    this.#move('start')
    this.#hasBegun = true
    try {
      for (const { schedule } of this.#entries.values()) await schedule?.prepare()
      for (const tracked of this.#byPriority(StartupTask)) {
        const { delayMs, optional, timeLimitMs } = tracked.task as StartupTask
        if (delayMs > 0 && this.#has(tracked)) await this.#delay(tracked, delayMs, signal)
        if (!this.#has(tracked)) continue
        const outcome = await tracked.run(signal, timeLimitMs, 'abandon')
        signal.throwIfAborted()
        if (!outcome.ok && !optional) throw outcome.error
      }
    } catch (error) {
      this.#move('fail')
      throw error
    }
    for (const { tracked } of this.#entries.values()) if (tracked.kind === 'startup') tracked.state = 'ended'
    this.#move('finish')
  }

  onListening(): void {
    this.#move('listen')
    for (const { schedule } of this.#entries.values()) schedule?.start()
  }

  /** Aborts all runs, waits at most half of the grace period for them, then runs the shutdown tasks. */
  async onDrain(graceMs: number): Promise<void> {
    const { clock } = this.#kit
    const why = 'the server is shutting down'
    const endsAtMs = clock.now() + graceMs
    this.#move('drain')
    this.#starting.abort(new ServerError(why, { code: 'SHUTTING_DOWN' }))
    const stopped = [...this.#entries.values()].map(({ tracked, schedule }) => {
      return this.#waitFor(tracked, schedule?.stop(why), why, graceMs / 2)
    })
    const left = [...this.#removed].map((tracked) => this.#waitFor(tracked, tracked.whenFree, why, graceMs / 2))
    await Promise.all([...stopped, ...left])
    if (!this.#hasBegun) return
    const never = new AbortController().signal
    for (const tracked of this.#byPriority(ShutdownTask)) {
      if (!this.#has(tracked)) continue
      const leftMs = Math.max(0, endsAtMs - clock.now())
      await tracked.run(never, Math.min(tracked.task.timeLimitMs, leftMs), 'abandon')
      tracked.state = 'ended'
    }
  }

  #move(move: MoveOf<typeof taskPhases>): void {
    this.#phase = taskPhases.next(this.#phase, move)
  }

  async #delay(tracked: TrackedTask, delayMs: number, signal: AbortSignal): Promise<void> {
    tracked.state = 'waiting'
    tracked.nextRunAtMs = wallNow(this.#kit.clock) + delayMs
    await sleep(this.#kit.clock, delayMs, signal, true)
  }

  #has(tracked: TrackedTask): boolean {
    return this.#entries.get(tracked.name)?.tracked === tracked
  }

  #trackRemoved(tracked: TrackedTask): void {
    const { whenFree } = tracked
    if (whenFree === undefined) return
    this.#removed.add(tracked)
    void whenFree.then(() => this.#removed.delete(tracked))
  }

  async #waitFor(tracked: TrackedTask, end: Promise<unknown> | undefined, why: string, limitMs: number): Promise<void> {
    if (end === undefined || (await settlesWithin(this.#kit.clock, end, limitMs))) return
    tracked.report(new DeadlineError(`${tracked.label} is still running, although its signal aborted: ${why}`))
  }

  #byPriority(kind: typeof StartupTask | typeof ShutdownTask): TrackedTask[] {
    const priorityOf = ({ task }: TrackedTask): number => (task as StartupTask | ShutdownTask).priority
    const found = [...this.#entries.values()].map(({ tracked }) => tracked).filter(({ task }) => task instanceof kind)
    return found.sort((one, other) => priorityOf(other) - priorityOf(one))
  }
}

function timingOf(name: string, task: Task, clock: Clock): Timing | undefined {
  if (task instanceof IntervalTask) return new IntervalTiming(task, clock)
  if (task instanceof CronTask) return new CronTiming(name, task, clock)
  return undefined
}

function nameOf(task: Task): string {
  const Class = (task as unknown as { constructor?: typeof Task } | null | undefined)?.constructor
  return requireNameOf(Class, 'taskName', invalidUsage)
}

/** @throws ClientError (`INVALID_OPTION`). */
function requireNumbers(name: string, task: Task): void {
  if (task instanceof StartupTask && task.delayMs !== 0) requirePositive(`delayMs of task "${name}"`, task.delayMs)
  if (!(task instanceof StartupTask || task instanceof ShutdownTask) || Number.isFinite(task.priority)) return
  throw invalidOption(`priority of task "${name}"`, 'a number', task.priority)
}
