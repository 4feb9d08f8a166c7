// When a task runs next, by its interval or its pattern, on a clock that stands still.
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import type { TaskContext } from '../../lib/features/tasks/task.ts'
import { CronTiming, type Due, IntervalTiming } from '../../lib/features/tasks/timing.ts'
import { CronTask, IntervalTask } from '../../lib/index.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

const context = { name: 'poll' } as TaskContext
const minuteMs = 60_000

class Poll extends IntervalTask {
  override readonly runsAtOnce: boolean
  readonly #given: readonly unknown[]
  asked = 0

  constructor(given: readonly unknown[], runsAtOnce = false) {
    super()
    this.#given = given
    this.runsAtOnce = runsAtOnce
  }

  intervalMs(): number {
    return this.#given[this.asked++] as number
  }

  run(): void {}
}

class Report extends CronTask {
  readonly pattern: string
  override readonly timeZone: string | undefined

  constructor(pattern: unknown, timeZone: unknown = 'UTC') {
    super()
    this.pattern = pattern as string
    this.timeZone = timeZone as string
  }

  run(): void {}
}

/** A clock whose calendar a spec sets. */
class Calendar extends VirtualClock {
  setMs = Date.UTC(2000, 0)

  override wallNow(): number {
    return this.setMs
  }
}

const shown = (due: Due | undefined): unknown => due && [new Date(due.atMs).toISOString(), due.afterMs, due.leftMs()]

async function messageOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    expect(error).to.be.instanceOf(ClientError).and.include({ code: 'INVALID_OPTION' })
    return (error as Error).message
  }
  return 'it was taken'
}

describe('The timing of an interval', () => {
  it('is after what the task says, counted from now', async () => {
    const clock = new VirtualClock()
    const due = await new IntervalTiming(new Poll([500]), clock).next(context)
    expect(shown(due)).to.deep.equal(['2000-01-01T00:00:00.500Z', 500, 500])
    await clock.advance(200)
    expect(due?.leftMs()).to.equal(300)
    await clock.advance(400)
    expect(due?.leftMs()).to.equal(-100)
  })

  it('is at once for the first run alone, where that is asked for', async () => {
    const task = new Poll([500, 600], true)
    const timing = new IntervalTiming(task, new VirtualClock())
    expect((await timing.next(context))?.afterMs).to.equal(0)
    expect(task.asked).to.equal(0)
    expect((await timing.next(context))?.afterMs).to.equal(500)
  })

  it('is none for Infinity', async () => {
    const timing = new IntervalTiming(new Poll([500, Number.POSITIVE_INFINITY]), new VirtualClock())
    await timing.next(context)
    expect(await timing.next(context)).to.equal(undefined)
    expect(timing.fallback().afterMs).to.equal(500)
  })

  it('falls back to a minute, then to the last valid interval', async () => {
    const timing = new IntervalTiming(new Poll([0, 500, -1]), new VirtualClock())
    expect(await messageOf(() => timing.next(context))).to.equal(
      'option intervalMs of task "poll": expected a positive number, got 0',
    )
    expect(timing.fallback().afterMs).to.equal(minuteMs)
    await timing.next(context)
    expect(await messageOf(() => timing.next(context))).to.include('got -1')
    expect(shown(timing.fallback())).to.deep.equal(['2000-01-01T00:00:00.500Z', 500, 500])
  })
})

describe('The timing of a pattern', () => {
  const timingOf = (pattern: unknown, clock = new Calendar(), timeZone?: unknown): CronTiming =>
    new CronTiming('report', new Report(pattern, timeZone), clock)

  it('is at the next time of the pattern, by the calendar', async () => {
    const clock = new Calendar()
    const timing = timingOf('30 8 * * *', clock)
    const due = await timing.next()
    expect(shown(due)).to.deep.equal(['2000-01-01T08:30:00.000Z', 510 * minuteMs, 510 * minuteMs])
    clock.setMs += minuteMs
    expect(due?.leftMs()).to.equal(509 * minuteMs)
  })

  it('is in the time zone of the task', async () => {
    const due = await timingOf('30 8 * * *', new Calendar(), 'Europe/Berlin').next()
    expect(shown(due)).to.deep.equal(['2000-01-01T07:30:00.000Z', 450 * minuteMs, 450 * minuteMs])
  })

  it('repeats no time, also when the clock is set back, and skips those that have passed', async () => {
    const clock = new Calendar()
    const timing = timingOf('0 * * * *', clock)
    const next = async (): Promise<number | undefined> => (await timing.next())?.atMs
    const hour = 60 * minuteMs
    const start = clock.setMs
    expect(await next()).to.equal(start + hour)
    expect(await next()).to.equal(start + 2 * hour)
    clock.setMs -= 5 * hour
    expect(await next()).to.equal(start + 3 * hour)
    clock.setMs = start + 10 * hour
    expect(await next()).to.equal(start + 11 * hour)
  })

  it('is none before it was prepared, or where the pattern has no more times', async () => {
    const timing = timingOf('0 * * * *')
    expect(timing.fallback()).to.equal(undefined)
    await timing.prepare()
    expect(timing.fallback()?.afterMs).to.equal(60 * minuteMs)
    expect(await timingOf('0 0 0 1 1 * 1999').next()).to.equal(undefined)
  })

  it('takes five to seven fields, or a name', async () => {
    for (const pattern of [
      '* * * * *',
      '0 * * * * *',
      '0 0 0 1 1 * 2001',
      ' 0 8 * * MON-FRI ',
      '@daily',
      '*/5 1,2 ? # +',
    ])
      expect(await messageOf(() => timingOf(pattern)), pattern).to.equal('it was taken')
    const wrong = 'option pattern of task "report": expected a cron pattern as in "30 8 * * MON-FRI", got'
    for (const pattern of [
      '* * * *',
      '* * * * * * * *',
      '',
      '@',
      '@daily x',
      'x@daily',
      '* * * * .',
      '2000-01-01T00:00:00Z',
    ])
      expect(await messageOf(() => timingOf(pattern))).to.equal(`${wrong} ${JSON.stringify(pattern)}`)
    expect(await messageOf(() => timingOf(7))).to.equal(`${wrong} 7`)
  })

  it('says when it is prepared what is wrong with the values of a pattern', async () => {
    const timing = timingOf('61 * * * *')
    const message = await messageOf(() => timing.prepare())
    expect(message).to.match(
      /^option pattern of task "report": expected a cron pattern as in "30 8 \* \* MON-FRI", got "61 \* \* \* \*": .+/,
    )
    const failure = await timing.next().catch((error: unknown) => error)
    expect((failure as Error).cause).to.be.instanceOf(Error)
  })

  it('takes no time zone that is none', async () => {
    const wrong = 'option timeZone of task "report": expected a time zone as in "Europe/Berlin", got'
    for (const zone of ['Mars', '', 7, null])
      expect(await messageOf(() => timingOf('* * * * *', new Calendar(), zone))).to.equal(
        `${wrong} ${JSON.stringify(zone)}`,
      )
    expect(
      await messageOf(
        () =>
          new CronTiming(
            'report',
            new (class extends Report {
              override readonly timeZone = undefined
            })('* * * * *'),
            new Calendar(),
          ),
      ),
    ).to.equal('it was taken')
  })
})
