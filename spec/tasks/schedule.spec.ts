// The schedule of one task by itself: what its timing throws is told, and ends no more than it must.
import { expect } from 'chai'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import { Schedule } from '../../lib/features/tasks/schedule.ts'
import type { Due, Timing } from '../../lib/features/tasks/timing.ts'
import { TrackedTask } from '../../lib/features/tasks/tracked-task.ts'
import { IntervalTask } from '../../lib/index.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

class Count extends IntervalTask {
  runs = 0
  intervalMs = () => 1
  run: () => unknown = () => this.runs++
}

describe('The schedule of a task', () => {
  let clock: VirtualClock
  let reported: unknown[]
  let task: Count
  let tracked: TrackedTask
  let schedule: Schedule

  const due = (inMs: number): Due => {
    const atMs = clock.now() + inMs
    return { atMs, afterMs: inMs, leftMs: () => atMs - clock.now() }
  }

  const begin = (timing: Timing) => {
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
    const report = (error: unknown, origin: string) => void reported.push([error, origin])
    const kit = { clock, log, report, server: {} } as unknown as ServerKit
    tracked = new TrackedTask('count', task, kit)
    schedule = new Schedule(tracked, timing, kit)
    schedule.start()
  }

  beforeEach(() => {
    clock = new VirtualClock()
    reported = []
    task = new Count()
  })

  afterEach(async () => {
    await schedule.stop('the spec is over')
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
  })

  it('tells what its timing throws, and takes the time that it falls back to', async () => {
    const wrong = new Error('no time')
    begin({ next: () => Promise.reject(wrong), fallback: () => (task.runs === 0 ? due(100) : undefined) })
    await clock.advance(99)
    expect(task.runs).to.equal(0)
    expect(tracked.view.nextRunAt?.getTime()).to.equal(clock.now() + 1)
    expect(tracked.view).to.include({ state: 'waiting', lastError: wrong })
    await clock.advance(1)
    expect(task.runs).to.equal(1)
    expect(reported).to.deep.equal([
      [wrong, 'task "count"'],
      [wrong, 'task "count"'],
    ])
    expect(tracked.view).to.include({ state: 'ended', nextRunAt: undefined })
  })

  it('tells where it can go on no more, and is over', async () => {
    const worse = new Error('no time at all')
    begin({
      next: () => Promise.reject(new Error('no time')),
      fallback: () => {
        throw worse
      },
    })
    await settle()
    expect(reported.map((told) => (told as unknown[])[0]))
      .to.have.length(2)
      .and.include(worse)
    expect(tracked.view).to.include({ state: 'ended', lastError: worse })
  })

  it('gets what its timing needs before it begins, and fails where that does', async () => {
    let prepared = 0
    const wrong = new Error('no such pattern')
    const prepare = async () => {
      await settle()
      if (++prepared > 1) throw wrong
    }
    begin({ prepare, next: async () => undefined, fallback: () => undefined })
    await schedule.prepare()
    expect(prepared).to.equal(1)
    expect(await failureOf(schedule.prepare())).to.equal(wrong)
    begin({ next: async () => undefined, fallback: () => undefined })
    await schedule.prepare()
  })

  it('is over where it was stopped before it began', async () => {
    schedule = new Schedule(tracked, { next: async () => due(1), fallback: () => undefined }, {} as ServerKit)
    tracked.state = 'idle'
    await schedule.stop('it was removed')
    expect(tracked.state).to.equal('ended')
  })

  it('begins no run that it was stopped before, though its time has come', async () => {
    let stopped: Promise<void> | undefined
    const atMs = clock.now() + 10
    const leftMs = () => {
      const left = atMs - clock.now()
      if (left <= 0) stopped = schedule.stop('it was removed')
      return left
    }
    begin({ next: async () => ({ atMs, afterMs: 10, leftMs }), fallback: () => undefined })
    await clock.advance(100)
    await stopped
    expect(task.runs).to.equal(0)
    expect(reported).to.deep.equal([])
  })

  it('asks for no more time once it was stopped while its task ran', async () => {
    let asked = 0
    let end: () => void = () => undefined
    task.run = () =>
      new Promise<void>((resolve) => {
        end = resolve
      })
    begin({ next: async () => (asked++ < 5 ? due(1) : undefined), fallback: () => undefined })
    await clock.advance(1)
    const stopped = schedule.stop('it was removed')
    end()
    await stopped
    expect(asked).to.equal(1)
  })

  it('begins once, however often it is told to', async () => {
    begin({ next: async () => (task.runs < 2 ? due(10) : undefined), fallback: () => undefined })
    schedule.start()
    await clock.advance(100)
    expect(task.runs).to.equal(2)
  })

  it('is stopped without a word of that, while it waits or asks for a time', async () => {
    for (const next of [async () => due(10), () => new Promise<undefined>(() => undefined)]) {
      const stopped = new AbortController()
      begin({
        next: ({ signal }) => {
          signal.addEventListener('abort', () => stopped.abort())
          return Promise.race([
            next(),
            new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
          ])
        },
        fallback: () => due(10),
      })
      await settle()
      await schedule.stop('it was removed')
      expect(stopped.signal.aborted).to.equal(true)
      expect(reported).to.deep.equal([])
      expect(tracked.view).to.include({ state: 'ended', runCount: 0, nextRunAt: undefined })
    }
    expect(task.runs).to.equal(0)
  })
})
