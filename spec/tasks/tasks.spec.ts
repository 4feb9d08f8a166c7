// When tasks run: at the start, at intervals, at the end; and that nothing they do stops the others. In virtual time.
import { expect } from 'chai'
import {
  CronTask,
  DeadlineError,
  IntervalTask,
  type Server,
  ShutdownTask,
  StartupTask,
  type Task,
  type TaskContext,
} from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'
import { TaskWorld } from './task-world.ts'

class Start extends StartupTask {
  override readonly priority: number
  override readonly delayMs: number
  override readonly optional: boolean
  override readonly timeLimitMs: number
  readonly #run: (context: TaskContext) => unknown

  constructor(run: (context: TaskContext) => unknown, options: Partial<Omit<StartupTask, 'run'>> = {}) {
    super()
    this.priority = options.priority ?? 0
    this.delayMs = options.delayMs ?? 0
    this.optional = options.optional ?? false
    this.timeLimitMs = options.timeLimitMs ?? 60_000
    this.#run = run
  }

  run(context: TaskContext) {
    return this.#run(context)
  }
}

class Every extends IntervalTask {
  interval: number | (() => number)
  override readonly runsAtOnce: boolean
  readonly #run: (context: TaskContext) => unknown

  constructor(interval: number | (() => number), run: (context: TaskContext) => unknown, runsAtOnce = false) {
    super()
    this.interval = interval
    this.runsAtOnce = runsAtOnce
    this.#run = run
  }

  intervalMs() {
    return typeof this.interval === 'number' ? this.interval : this.interval()
  }

  run(context: TaskContext) {
    return this.#run(context)
  }
}

class End extends ShutdownTask {
  override readonly priority: number
  override readonly timeLimitMs: number
  readonly #run: (context: TaskContext) => unknown

  constructor(run: (context: TaskContext) => unknown, priority = 0, timeLimitMs = 5_000) {
    super()
    this.priority = priority
    this.timeLimitMs = timeLimitMs
    this.#run = run
  }

  run(context: TaskContext) {
    return this.#run(context)
  }
}

const never = (): Promise<void> => new Promise(() => undefined)

describe('Tasks', () => {
  let world: TaskWorld
  let server: Server
  const log: string[] = []
  const note = (text: string) => () => void log.push(`${world.nowMs} ${text}`)

  beforeEach(() => {
    world = new TaskWorld()
    server = world.server()
    log.length = 0
  })

  afterEach(() => world.close())

  const listen = () => world.clock.until(server.listen())
  const viewOf = (name: string) => server.tasks.find((task) => task.name === name)

  describe('of the start', () => {
    it('run before the server listens, the highest priority first, each delay for those after it too', async () => {
      server.addTask('last', new Start(note('last'), { priority: -1 }))
      server.addTask('first', new Start(note('first'), { priority: 9, delayMs: 100 }))
      server.addTask('second', new Start(() => log.push(`${world.nowMs} ${server.addresses.length}`), { delayMs: 50 }))
      server.addTask('third', new Start(note('third')))
      await listen()
      expect(log).to.deep.equal(['100 first', '150 0', '150 third', '150 last'])
      expect(viewOf('first')).to.include({ kind: 'startup', state: 'ended', runCount: 1 })
    })

    it('are not waited for where one before removed them', async () => {
      server.addTask('first', new Start(() => void server.removeTask('late'), { priority: 1 }))
      server.addTask('late', new Start(note('late'), { delayMs: 60_000 }))
      server.addTask('last', new Start(note('last'), { priority: -1 }))
      await listen()
      expect(log).to.deep.equal(['0 last'])
    })

    it('stop the start when one fails, which can be tried again', async () => {
      const error = new Error('no database')
      let isBroken = true
      server.addTask('first', new Start(() => (isBroken ? Promise.reject(error) : undefined), { priority: 1 }))
      server.addTask('second', new Start(note('second')))
      expect(await failureOf(listen())).to.equal(error)
      expect(world.told).to.deep.equal([{ error, origin: 'task "first"' }])
      expect(log).to.deep.equal([])
      isBroken = false
      await listen()
      expect(log).to.deep.equal(['0 second'])
    })

    it('do not stop it when the one that fails is optional', async () => {
      const error = new TypeError('no cache')
      server.addTask('cache', new Start(() => Promise.reject(error), { optional: true }))
      await listen()
      expect(world.told).to.deep.equal([{ error, origin: 'task "cache"' }])
      expect(viewOf('cache')?.lastError).to.equal(error)
    })

    it('have a time limit, also where the task does not heed its signal', async () => {
      server.addTask('stuck', new Start(never, { timeLimitMs: 500 }))
      const error = await failureOf(listen())
      expect(error).to.be.instanceOf(DeadlineError)
      expect(error.message).to.match(/task "stuck" ran for more than 500 ms/)
      expect(world.nowMs).to.equal(1_500)
    })

    it('do not overlap a run that was given up, when the start is tried again', async () => {
      let runs = 0
      const run = () => {
        runs++
        return never()
      }
      server.addTask('stuck', new Start(run, { timeLimitMs: 500 }))
      await failureOf(listen())
      const error = await failureOf(listen())
      expect(error).to.include({ code: 'INVALID_USAGE' })
      expect(error.message).to.match(/task "stuck" is still running after its signal aborted/)
      expect(runs).to.equal(1)
    })

    it('do not run when one before removes them', async () => {
      const last = new Start(note('last'))
      server.addTask('first', new Start(() => server.removeTask(last), { priority: 1 })).addTask('last', last)
      await listen()
      expect(log).to.deep.equal([])
    })

    it('do not run when they are removed while they wait for their delay', async () => {
      server.addTask('late', new Start(note('late'), { delayMs: 1_000 }))
      const listening = server.listen()
      await world.clock.advance(500)
      server.removeTask('late')
      await world.clock.until(listening)
      expect(log).to.deep.equal([])
    })

    it('are told when the server is shut down meanwhile', async () => {
      let signal: AbortSignal | undefined
      server.addTask(
        'stuck',
        new Start((context) => {
          signal = context.signal
          return never()
        }),
      )
      const failure = failureOf(server.listen())
      await world.clock.advance(10)
      await world.clock.until(server.shutdown())
      expect(signal?.aborted).to.equal(true)
      expect(await world.clock.until(failure)).to.include({ code: 'SHUTTING_DOWN' })
    })

    it('cannot be added when the start is over', async () => {
      await listen()
      expect(() => server.addTask(new Start(never))).to.throw(/must be added before listen\(\)/)
    })
  })

  describe('at intervals', () => {
    it('are asked for their interval anew after each run', async () => {
      const intervals = [100, 300, 200]
      server.addTask('poll', new Every(() => intervals.shift() ?? Number.POSITIVE_INFINITY, note('run')))
      await listen()
      await world.clock.advance(10_000)
      expect(log).to.deep.equal(['100 run', '400 run', '600 run'])
      expect(viewOf('poll')).to.include({ state: 'ended', runCount: 3, nextRunAt: undefined })
    })

    it('run at once if they want to', async () => {
      server.addTask(new Every(1_000, note('run'), true))
      await listen()
      await world.clock.advance(1_000)
      expect(log).to.deep.equal(['0 run', '1000 run'])
    })

    it('never overlap: the next interval begins when a run has ended', async () => {
      const ends: (() => void)[] = []
      server.addTask(
        'slow',
        new Every(100, () => {
          log.push(`${world.nowMs}`)
          return new Promise<void>((end) => ends.push(end))
        }),
      )
      await listen()
      await world.clock.advance(1_000)
      expect(log).to.deep.equal(['100'])
      expect(viewOf('slow')).to.include({ state: 'running', runCount: 1 })
      ends[0]!()
      await world.clock.advance(100)
      expect(log).to.deep.equal(['100', '1100'])
      ends[1]!()
    })

    it('go on after what they throw, which is reported', async () => {
      const error = new Error('out of paper')
      let runs = 0
      server.addTask(
        'print',
        new Every(100, () => {
          if (++runs === 1) throw error
        }),
      )
      await listen()
      await world.clock.advance(100)
      expect(viewOf('print')?.lastError).to.equal(error)
      await world.clock.advance(100)
      expect(runs).to.equal(2)
      expect(viewOf('print')?.lastError).to.equal(undefined)
      expect(world.told).to.deep.equal([{ error, origin: 'task "print"' }])
    })

    for (const [what, wrong] of [
      ['throws', () => Promise.reject(new Error('no idea')) as never],
      ['gives no positive number', () => -5],
      ['gives no number', () => 'soon' as never],
    ] as const) {
      it(`keep the interval before one that ${what}`, async () => {
        const intervals: (() => number)[] = [() => 100, wrong, () => 100]
        server.addTask('odd', new Every(() => (intervals.shift() ?? (() => 100))(), note('run')))
        await listen()
        await world.clock.advance(300)
        expect(log).to.deep.equal(['100 run', '200 run', '300 run'])
        expect(world.told.map(({ origin }) => origin)).to.deep.equal(['task "odd"'])
      })
    }

    it('wait a minute where there was no interval before', async () => {
      server.addTask('odd', new Every(() => Number.NaN, note('run')))
      await listen()
      await world.clock.advance(60_000)
      expect(log).to.deep.equal(['60000 run'])
      expect(world.told[0]?.error).to.match(/intervalMs of task "odd": expected a positive number, got NaN/)
    })

    it('tell a run that is over its time limit, and go on when it has ended', async () => {
      class Limited extends Every {
        override readonly timeLimitMs = 50
      }
      const run = ({ signal }: TaskContext) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      server.addTask('limited', new Limited(100, run))
      await listen()
      await world.clock.advance(300)
      expect(viewOf('limited')).to.include({ runCount: 2 })
      expect(world.told.map(({ error }) => error)[0]).to.be.instanceOf(DeadlineError)
    })

    it('let others have their turn, however short the interval', async () => {
      let turnsOfOthers = 0
      let runs = 0
      const task = new Every(Number.MIN_VALUE, () => {
        if (++runs === 1) setImmediate(() => turnsOfOthers++)
        if (runs === 100) {
          log.push(`${turnsOfOthers}`)
          server.removeTask(task)
        }
      })
      server.addTask(task)
      await listen()
      await world.clock.advance(0)
      expect(log).to.deep.equal(['1'])
    })

    it('show when they ran, and when they will run', async () => {
      server.addTask('poll', new Every(3_600_000, note('run')))
      expect(viewOf('poll')).to.include({ state: 'idle', runCount: 0, lastRunAt: undefined })
      await listen()
      await world.clock.advance(0)
      expect(viewOf('poll')?.nextRunAt?.toISOString()).to.equal('2026-01-01T01:00:00.000Z')
      await world.clock.advance(3_600_000)
      expect(viewOf('poll')?.lastRunAt?.toISOString()).to.equal('2026-01-01T01:00:00.000Z')
      expect(viewOf('poll')?.nextRunAt?.toISOString()).to.equal('2026-01-01T02:00:00.000Z')
      expect(viewOf('poll')).to.include({ state: 'waiting', kind: 'interval', lastDurationMs: 0 })
    })
  })

  describe('in general', () => {
    it('get the server, a signal, a log and the way to publish', async () => {
      let context: TaskContext | undefined
      server.addTask(
        'look',
        new Every(10, (given) => {
          context = given
        }),
      )
      await listen()
      await world.clock.advance(10)
      expect(context).to.include({ name: 'look', server })
      expect(context?.signal.aborted).to.equal(false)
      context?.log.info({}, 'works')
      expect(await failureOf(context!.publish(class News {}, {} as never))).to.be.instanceOf(Error)
    })

    it('can be added and removed while the server serves', async () => {
      await listen()
      const task = new Every(100, note('run'))
      server.addTask('late', task)
      await world.clock.advance(100)
      expect(server.removeTask('late')).to.equal(true)
      expect(server.removeTask('late')).to.equal(false)
      await world.clock.advance(1_000)
      expect(log).to.deep.equal(['100 run'])
      server.addTask('late', task)
      expect(server.removeTask(task)).to.equal(true)
      expect(server.tasks).to.deep.equal([])
    })

    it('do not begin when they are removed at once', async () => {
      await listen()
      const task = new Every(100, note('run'), true)
      server.addTask(task)
      server.removeTask(task)
      await world.clock.advance(1_000)
      expect(log).to.deep.equal([])
    })

    it('tell a run that goes on when its task is removed', async () => {
      let signal: AbortSignal | undefined
      server.addTask(
        'late',
        new Every(100, (context) => {
          signal = context.signal
          return never()
        }),
      )
      await listen()
      await world.clock.advance(100)
      server.removeTask('late')
      expect(signal?.reason).to.match(/task "late" was removed/)
      expect(world.told).to.deep.equal([])
    })

    for (const [how, nameAgain, isSameTask] of [
      ['as it was', 'slow', true],
      ['another one under its name', 'slow', false],
      ['it under another name', 'other', true],
    ] as const) {
      it(`never overlap where one is removed and added again: ${how}`, async () => {
        const ends: (() => void)[] = []
        const run = () => {
          log.push(`${world.nowMs}`)
          return new Promise<void>((end) => ends.push(end))
        }
        const task = new Every(100, run)
        server.addTask('slow', task)
        await listen()
        await world.clock.advance(100)
        const again = isSameTask ? task : new Every(100, run)
        for (let i = 0; i < 2; i++) {
          server.removeTask(i === 0 ? 'slow' : nameAgain)
          server.addTask(nameAgain, again)
          await world.clock.advance(1_000)
          expect(log).to.deep.equal(['100'])
          expect(viewOf(nameAgain)).to.include({ state: 'waiting', runCount: 0 })
        }
        ends[0]!()
        await world.clock.advance(0)
        expect(log).to.deep.equal(['100', '2100'])
        ends[1]!()
        await world.clock.advance(100)
        expect(log).to.deep.equal(['100', '2100', '2200'])
        ends[2]!()
        expect(world.told).to.deep.equal([])
      })
    }

    it('do not begin with a signal that has aborted, when they are removed as the run before ends', async () => {
      const isToldAtStart: boolean[] = []
      await listen()
      for (let microtasks = 0; microtasks < 20; microtasks++) {
        let end = (): void => undefined
        const task = new Every(100, ({ signal }) => {
          isToldAtStart.push(signal.aborted)
          return new Promise<void>((resolve) => {
            end = resolve
          })
        })
        server.addTask('noted', task)
        await world.clock.advance(100)
        server.removeTask('noted')
        server.addTask('noted', task)
        await world.clock.advance(100)
        end()
        for (let i = 0; i < microtasks; i++) await undefined
        server.removeTask('noted')
        await world.clock.advance(0)
        end()
        await world.clock.advance(0)
      }
      expect(isToldAtStart.length).to.be.within(21, 39)
      expect(isToldAtStart).to.not.include(true)
    })

    it('do not overlap a run that began with the removal of its own task', async () => {
      const ends: (() => void)[] = []
      const task = new Every(100, () => {
        log.push(`${world.nowMs}`)
        if (ends.length === 0) server.removeTask(task)
        return new Promise<void>((end) => ends.push(end))
      })
      server.addTask(task)
      await listen()
      await world.clock.advance(100)
      server.addTask(task)
      await world.clock.advance(1_000)
      expect(log).to.deep.equal(['100'])
      ends[0]!()
      await world.clock.advance(0)
      expect(log).to.deep.equal(['100', '1100'])
      ends[1]!()
    })

    it('do not run where they are removed while they wait for the run before', async () => {
      let end = (): void => undefined
      const run = () => {
        log.push('run')
        return new Promise<void>((resolve) => {
          end = resolve
        })
      }
      const task = new Every(100, run)
      server.addTask(task)
      await listen()
      await world.clock.advance(100)
      server.removeTask(task)
      server.addTask(task)
      await world.clock.advance(100)
      server.removeTask(task)
      end()
      await world.clock.advance(1_000)
      expect(log).to.deep.equal(['run'])
      expect(world.told).to.deep.equal([])
    })

    it('are waited for by a shutdown although they were removed', async () => {
      let end = (): void => undefined
      const run = () =>
        new Promise<void>((resolve) => {
          end = () => {
            log.push('ended')
            resolve()
          }
        })
      server.addTask('slow', new Every(100, run)).addTask('flush', new End(note('flush')))
      await listen()
      await world.clock.advance(100)
      server.removeTask('slow')
      const down = server.shutdown()
      await world.clock.advance(200)
      end()
      await world.clock.until(down)
      expect(log).to.deep.equal(['ended', '300 flush'])
      expect(world.told).to.deep.equal([])
    })

    it('are reported when they outlast a shutdown although they were removed', async () => {
      server.addTask('slow', new Every(100, never))
      await listen()
      await world.clock.advance(100)
      server.removeTask('slow')
      await world.clock.until(server.shutdown({ graceMs: 1_000 }))
      expect(world.told.map(({ error }) => error)[0]).to.match(
        /task "slow" is still running, although its signal aborted/,
      )
    })

    it('have the name of their class, or its taskName', () => {
      class Cleanup extends Every {}
      class Other extends Every {
        static override taskName = 'sweep'
      }
      server.addTask(new Cleanup(1, never)).addTask(new Other(1, never))
      expect(server.tasks.map(({ name }) => name)).to.deep.equal(['Cleanup', 'sweep'])
    })

    it('are refused with a reason', () => {
      server.addTask('same', new Every(1, never))
      expect(() => server.addTask('same', new Every(1, never))).to.throw(/task "same" is already added; remove it/)
      expect(() => server.addTask({} as Task)).to.throw(
        /option task: expected an instance of a StartupTask.*an instance of Object/,
      )
      expect(() => server.addTask('', new Every(1, never))).to.throw(/name of a task/)
      expect(() => server.addTask('s', new Start(never, { delayMs: -1 }))).to.throw(/delayMs of task "s"/)
      expect(() => server.addTask('s', new Start(never, { priority: Number.NaN }))).to.throw(/priority of task "s"/)
      const half = (method: string): Task => Object.assign(new Every(1, never), { [method]: undefined })
      expect(() => server.addTask('h', half('intervalMs'))).to.throw(/intervalMs of task "h": expected a method/)
      expect(() => server.addTask('h', half('run'))).to.throw(/run of task "h": expected a method/)
      expect(() => server.addTask('e', new End(never, 0, 0))).to.throw(/timeLimitMs of task "e"/)
    })

    it('cannot be added once the server shuts down', async () => {
      await listen()
      await world.clock.until(server.shutdown())
      expect(() => server.addTask(new Every(1, never))).to.throw(/the server is shutting down/)
    })

    it('cannot be added once the server has shut down in the middle of its start', async () => {
      server.addTask('rare', new At('0 0 1 1 *', undefined, never))
      const failure = failureOf(server.listen())
      await server.shutdown()
      expect(await failure).to.include({ code: 'SHUTTING_DOWN' })
      expect(() => server.addTask(new Every(1, never))).to.throw(/the server is shutting down/)
    })
  })

  describe('of the end', () => {
    it('run in the order of their priority, after the others were told', async () => {
      server.addTask('b', new End(note('second')))
      server.addTask('a', new End(note('first'), 5))
      server.addTask(
        'poll',
        new Every(
          100,
          ({ signal }) => new Promise<void>((end) => signal.addEventListener('abort', () => end(note('told')()))),
        ),
      )
      await listen()
      await world.clock.advance(100)
      await world.clock.until(server.shutdown())
      expect(log).to.deep.equal(['100 told', '100 first', '100 second'])
      expect(viewOf('poll')?.state).to.equal('ended')
      expect(world.told).to.deep.equal([])
    })

    it('do not run when one before removes them', async () => {
      const last = new End(note('last'))
      server.addTask('first', new End(() => server.removeTask(last), 1)).addTask('last', last)
      await listen()
      await world.clock.until(server.shutdown())
      expect(log).to.deep.equal([])
    })

    it('have a time limit each, and what they throw is reported', async () => {
      server.addTask('stuck', new End(never, 2, 300))
      server.addTask('broken', new End(() => Promise.reject(new Error('disk full')), 1))
      server.addTask('last', new End(note('last')))
      await listen()
      await world.clock.until(server.shutdown())
      expect(log).to.deep.equal(['1300 last'])
      expect(world.told.map(({ origin }) => origin)).to.deep.equal(['task "stuck"', 'task "broken"'])
      expect(world.told[0]?.error).to.be.instanceOf(DeadlineError)
    })

    it('are told when their time is over, and leave nothing behind', async () => {
      const run = ({ signal }: TaskContext) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      server.addTask('flush', new End(run, 0, 300))
      await listen()
      await world.clock.until(server.shutdown())
      expect(world.nowMs).to.be.within(300, 310)
      expect(world.told.map(({ error }) => error)[0]).to.be.instanceOf(DeadlineError)
    })

    it('all begin even where the shutdown has no time', async () => {
      server.addTask('one', new End(note('one')))
      server.addTask('stuck', new End(never))
      server.addTask('two', new End(note('two')))
      await listen()
      await world.clock.until(server.shutdown({ graceMs: 0 }))
      expect(log).to.deep.equal(['0 one', '1000 two'])
    })

    it('do not wait for ever for a run that does not heed its signal', async () => {
      server.addTask('deaf', new Every(100, never))
      server.addTask('last', new End(note('last')))
      await listen()
      await world.clock.advance(100)
      await world.clock.until(server.shutdown({ graceMs: 4_000 }))
      expect(log).to.deep.equal(['2100 last'])
      expect(world.told.map(({ error }) => String(error))[0]).to.match(
        /task "deaf" is still running, although its signal/,
      )
    })

    it('do not run for a server that was never started', async () => {
      server.addTask(new End(note('end')))
      await world.clock.until(server.shutdown())
      expect(log).to.deep.equal([])
    })

    it('run for one whose start failed', async () => {
      server.addTask(new Start(() => Promise.reject(new Error('no'))))
      server.addTask(new End(note('end')))
      await failureOf(listen())
      await world.clock.until(server.shutdown())
      expect(log).to.deep.equal(['0 end'])
    })
  })
})

class At extends CronTask {
  readonly pattern: string
  override readonly timeZone: string | undefined
  readonly #run: () => unknown

  constructor(pattern: string, timeZone: string | undefined, run: () => unknown) {
    super()
    this.pattern = pattern
    this.timeZone = timeZone
    this.#run = run
  }

  run() {
    return this.#run()
  }
}

describe('Cron tasks', () => {
  let world: TaskWorld
  const runs: string[] = []
  const note = () => void runs.push(new Date(world.clock.wallNow()).toISOString().slice(0, 16))
  const hourMs = 3_600_000

  beforeEach(() => {
    runs.length = 0
  })

  afterEach(() => world.close())

  async function serve(startsAt: string, pattern: string, timeZone?: string, run: () => unknown = note) {
    world = new TaskWorld(startsAt)
    const server = world.server().addTask('cron', new At(pattern, timeZone, run))
    await server.listen()
    return server
  }

  it('run at the times of their pattern, in their time zone', async () => {
    const server = await serve('2026-01-01T00:00:30Z', '30 8 * * *', 'Asia/Tokyo')
    await world.clock.advance(0)
    expect(server.tasks[0]?.nextRunAt?.toISOString()).to.equal('2026-01-01T23:30:00.000Z')
    await world.clock.advance(48 * hourMs)
    expect(runs).to.deep.equal(['2026-01-01T23:30', '2026-01-02T23:30'])
  })

  it('run when the clocks go on where summer time skips their time', async () => {
    await serve('2026-03-28T00:00:00Z', '30 2 * * *', 'Europe/Berlin')
    await world.clock.advance(72 * hourMs)
    // 2:30 is 1:30 UTC in winter and 0:30 UTC in summer; on the 29th there is no 2:30,
    // but 3:00 follows 1:59.
    expect(runs).to.deep.equal(['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30'])
  })

  it('run once at an hour that comes twice when summer time ends', async () => {
    await serve('2026-10-24T00:00:00Z', '30 2 * * *', 'Europe/Berlin')
    await world.clock.advance(72 * hourMs)
    expect(runs).to.deep.equal(['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30'])
  })

  it('skip the times that pass while they run', async () => {
    const ends: (() => void)[] = []
    const run = () => {
      note()
      return new Promise<void>((end) => ends.push(end))
    }
    await serve('2026-01-01T00:00:00Z', '* * * * *', 'UTC', run)
    await world.clock.advance(210_000)
    expect(runs).to.deep.equal(['2026-01-01T00:01'])
    ends[0]!()
    await world.clock.advance(60_000)
    expect(runs).to.deep.equal(['2026-01-01T00:01', '2026-01-01T00:04'])
    ends[1]!()
  })

  it('run at most a minute late when the calendar was set forward', async () => {
    await serve('2026-01-01T00:00:00Z', '0 8 * * *', 'UTC')
    await world.clock.advance(hourMs)
    world.clock.setWall('2026-01-01T08:30:00Z')
    await world.clock.advance(60_000)
    expect(runs).to.have.length(1)
  })

  it('do not run a time again when the calendar was set back', async () => {
    const run = () => {
      note()
      world.clock.setWall('2026-01-01T07:30:00Z')
    }
    await serve('2026-01-01T07:59:00Z', '0 8 * * *', 'UTC', run)
    await world.clock.advance(20 * hourMs)
    expect(runs).to.deep.equal(['2026-01-01T08:00'])
  })

  it('have no more runs when their pattern has no more times', async () => {
    const server = await serve('2026-01-01T00:00:00Z', '0 0 12 1 1 * 2026', 'UTC')
    await world.clock.advance(24 * hourMs)
    expect(runs).to.deep.equal(['2026-01-01T12:00'])
    expect(server.tasks[0]).to.include({ state: 'ended', nextRunAt: undefined })
  })

  it('are refused for a pattern or a time zone that is none', async () => {
    world = new TaskWorld()
    const server = world.server()
    expect(() => server.addTask('bad', new At('every day', undefined, note))).to.throw(
      /pattern of task "bad": expected a cron pattern as in "30 8 \* \* MON-FRI", got "every day"$/,
    )
    expect(() => server.addTask('bad', new At('* * * * *', 'Mars/Base', note))).to.throw(
      /timeZone of task "bad": expected a time zone as in "Europe\/Berlin", got "Mars\/Base"/,
    )
    expect(server.tasks).to.deep.equal([])
  })

  it('stop the start, or are reported, for a pattern with a part that is wrong', async () => {
    const error = await failureOf(serve('2026-01-01T00:00:00Z', '99 * * * *'))
    expect(error).to.have.property('code', 'INVALID_OPTION')
    expect(error.message).to.match(/pattern of task "cron": .*got "99 \* \* \* \*": ./)
    const server = await serve('2026-01-01T00:00:00Z', '0 8 * * *')
    server.addTask('late', new At('0 25 * * *', undefined, note))
    await waitFor(() => world.told.length > 0)
    expect(world.told.map(({ origin }) => origin)).to.deep.equal(['task "late"'])
    expect(server.tasks[1]).to.have.property('state', 'ended')
    expect(server.tasks[1]?.lastError).to.have.property('code', 'INVALID_OPTION')
  })
})
