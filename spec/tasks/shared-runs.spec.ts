// Which server does the runs of a task: what is asked of those that decide it, and when.
import { expect } from 'chai'
import { CronTask, IntervalTask } from 'isock'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import type { RunClaims } from '../../lib/core/server/run-claims.ts'
import { Schedule } from '../../lib/features/tasks/schedule.ts'
import { CronTiming, IntervalTiming } from '../../lib/features/tasks/timing.ts'
import { TrackedTask } from '../../lib/features/tasks/tracked-task.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

class Decided implements RunClaims {
  readonly asked: string[] = []
  answer: () => Promise<boolean> = async () => true

  claim(task: string, atMs: number): Promise<boolean> {
    this.asked.push(`claim ${task} ${new Date(atMs).getUTCSeconds()}`)
    return this.answer()
  }

  hold(task: string, holdMs: number): Promise<boolean> {
    this.asked.push(`hold ${task} ${holdMs}`)
    return this.answer()
  }

  async release(task: string): Promise<void> {
    this.asked.push(`release ${task}`)
  }
}

class Work extends IntervalTask {
  runs = 0
  end: (() => void) | undefined

  override intervalMs(): number {
    return 1_000
  }

  override run(): Promise<void> {
    this.runs++
    return new Promise((resolve) => {
      this.end = resolve
    })
  }
}

class EverySecond extends CronTask {
  runs = 0
  readonly pattern = '* * * * * *'

  override run(): void {
    this.runs++
  }
}

describe('A task whose runs servers share', () => {
  let clock: VirtualClock
  let claims: Decided
  let reported: string[]
  let schedule: Schedule

  beforeEach(() => {
    clock = new VirtualClock()
    claims = new Decided()
    reported = []
  })

  afterEach(() => schedule.stop('the spec has ended'))

  const start = async (task: Work | EverySecond): Promise<void> => {
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
    const kit = {
      clock,
      log,
      server: {},
      sharedStore: { claims },
      report: (error: Error) => reported.push(error.message),
    } as unknown as ServerKit
    const timing = task instanceof Work ? new IntervalTiming(task, clock) : new CronTiming('Task', task, clock)
    schedule = new Schedule(new TrackedTask('Task', task, kit), timing, kit)
    await schedule.prepare()
    schedule.start()
    await settle()
  }

  it('is held for an interval and half a minute, again while it runs and when it has, and released when it stops', async () => {
    const task = new Work()
    await start(task)
    await clock.advance(1_000)
    expect(claims.asked).to.deep.equal(['hold Task 31000'])
    await clock.advance(25_000)
    expect(claims.asked).to.have.length(3)
    task.end?.()
    await settle()
    expect(claims.asked).to.have.length(4)
    await schedule.stop('it is removed')
    expect(claims.asked.at(-1)).to.equal('release Task')
    expect(task.runs).to.equal(1)
    expect(clock.pendingCount).to.equal(0)
  })

  it('does not run where another server has it, and asks again when the next run is due', async () => {
    const task = new Work()
    claims.answer = async () => false
    await start(task)
    await clock.advance(3_000)
    expect(task.runs).to.equal(0)
    claims.answer = async () => true
    await clock.advance(1_000)
    expect(task.runs).to.equal(1)
    task.end?.()
  })

  it('does not run where nobody can say whose it is, which is reported, and its schedule continues', async () => {
    const task = new EverySecond()
    claims.answer = () => Promise.reject(new Error('the store is away'))
    await start(task)
    await clock.advance(2_500)
    expect([task.runs, new Set(reported)]).to.deep.equal([0, new Set(['the store is away'])])
    claims.answer = async () => true
    await clock.advance(1_000)
    expect(task.runs).to.equal(1)
  })

  it('claims each time of its pattern once', async () => {
    const task = new EverySecond()
    await start(task)
    await clock.advance(3_500)
    expect(claims.asked.length).to.equal(task.runs)
    expect(new Set(claims.asked).size).to.equal(task.runs)
    expect(task.runs).to.be.within(3, 4)
  })
})
