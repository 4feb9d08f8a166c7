// Processes as their server and their listeners see them, in virtual time.
import { expect } from 'chai'
import {
  ActionError,
  type Client,
  type Listening,
  Process,
  type ProcessContext,
  type ProcessOutput,
  Server,
  ServerError,
} from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'
import { TaskWorld } from './task-world.ts'

class OutOfPaper extends ActionError {
  readonly trays: number

  constructor(trays: number) {
    super(`${trays} trays are empty`)
    this.trays = trays
  }
}

interface Events {
  readonly tick: number
  readonly at: Date
  readonly big: Uint8Array
}

/** A run that a spec holds in its hands. */
interface HeldRun {
  readonly output: ProcessOutput<Events>
  readonly signal: AbortSignal
  end(): void
  throw(error: unknown): void
}

class Held extends Process<Events> {
  static override processName = 'held'
  static override errors = [OutOfPaper]
  override readonly maxRestarts: number = 2
  override readonly restartBackoff = { minMs: 100, maxMs: 1_000 }
  override readonly maxQueued: number = 10
  override readonly maxListenersPerSession = 3
  override readonly stopLimitMs = 500
  readonly runs: HeldRun[] = []
  endsWhenTold = true

  get run1(): HeldRun {
    return this.runs.at(-1) as HeldRun
  }

  run({ output, signal }: ProcessContext<Events>) {
    return new Promise<void>((end, fail) => {
      this.runs.push({ output, signal, end, throw: fail })
      signal.addEventListener('abort', () => this.endsWhenTold && fail(signal.reason))
    })
  }
}

/** What came of listening, as it comes. */
class Heard {
  readonly events: string[] = []
  end: unknown

  constructor(listening: Listening<{ event: string; data: unknown }>) {
    this.#read(listening)
  }

  async #read(listening: Listening<{ event: string; data: unknown }>): Promise<void> {
    try {
      for await (const { event, data } of listening) this.events.push(`${event} ${data}`)
      this.end = 'finished'
    } catch (error) {
      this.end = error
    }
  }
}

describe('Processes', () => {
  let world: TaskWorld
  let server: Server
  let held: Held

  beforeEach(async () => {
    world = new TaskWorld()
    held = new Held()
    server = world.server().addProcess(held)
    await server.listen()
  })

  afterEach(() => world.close())

  async function listen(client: Client = world.client()): Promise<Heard> {
    const listening = client.onProcess(Held)
    const heard = new Heard(listening as Listening<{ event: string; data: unknown }>)
    await world.clock.until(listening.ready)
    return heard
  }

  const handle = () => server.process(Held)

  describe('at their server', () => {
    it('start with it, and can be looked at', () => {
      expect(held.runs).to.have.length(1)
      expect(handle()).to.include({ name: 'held', state: 'running', listenerCount: 0, restartCount: 0 })
      expect(server.processes.map(({ name }) => name)).to.deep.equal(['held'])
    })

    it('start when they are added to one that serves, unless they do not want to', async () => {
      class Lazy extends Held {
        override readonly startsWithServer = false
      }
      const [one, lazy] = [new Held(), new Lazy()]
      server.addProcess('one', one).addProcess('lazy', lazy)
      expect([one.runs.length, lazy.runs.length]).to.deep.equal([1, 0])
      expect(server.process('lazy').state).to.equal('stopped')
      server.process('lazy').start()
      expect(lazy.runs).to.have.length(1)
    })

    it('are started anew when they throw, later each time, until the limit', async () => {
      const error = new Error('crashed')
      const starts: number[] = []
      for (const waitMs of [100, 200]) {
        held.run1.throw(error)
        await settle()
        expect(handle().state).to.equal('restarting')
        await world.clock.advance(waitMs - 1)
        expect(handle().state).to.equal('restarting')
        await world.clock.advance(1)
        expect(handle().state).to.equal('running')
        starts.push(world.nowMs)
      }
      held.run1.throw(error)
      await world.clock.advance(10_000)
      expect(starts).to.deep.equal([100, 300])
      expect(held.runs).to.have.length(3)
      expect(handle()).to.include({ state: 'failed', restartCount: 2, lastError: error })
      expect(world.told.map(({ origin }) => origin)).to.deep.equal(Array(3).fill('process "held"'))
    })

    it('begin a new row of restarts after a run that lived long', async () => {
      for (let i = 0; i < 5; i++) {
        await world.clock.advance(60_000)
        held.run1.throw(new Error('crashed'))
        await world.clock.advance(100)
        expect(handle().state).to.equal('running')
      }
    })

    it('are stopped and started by name', async () => {
      await world.clock.until(server.process('held').stop())
      expect(handle().state).to.equal('stopped')
      expect(held.run1.signal.reason).to.match(/process "held" was stopped/)
      server.process('held').start()
      server.process('held').start()
      expect(held.runs).to.have.length(2)
      expect(handle().state).to.equal('running')
      expect(world.told).to.deep.equal([])
    })

    it('can be stopped while they wait for their next start', async () => {
      held.run1.throw(new Error('crashed'))
      await settle()
      await world.clock.until(handle().stop())
      await world.clock.advance(10_000)
      expect(handle().state).to.equal('stopped')
      expect(held.runs).to.have.length(1)
    })

    it('say so when they do not end when they are told', async () => {
      held.endsWhenTold = false
      expect(await world.clock.until(failureOf(handle().stop()))).to.match(
        /process "held" is still running 500 ms after/,
      )
      expect(handle().state).to.equal('stopping')
      expect(() => handle().start()).to.throw(/still stopping; await stop\(\) first/)
      held.run1.end()
      await settle()
      handle().start()
      expect(held.runs).to.have.length(2)
    })

    for (const [how, which] of [
      ['name', () => 'held'],
      ['instance', () => held],
      ['class', () => Held],
    ] as const) {
      it(`are removed by ${how}: their run is told, and who listens`, async () => {
        const [first, second] = [await listen(), await listen()]
        held.run1.output.send('tick', 1)
        expect(server.removeProcess(which())).to.equal(true)
        expect(server.removeProcess(which())).to.equal(false)
        await settle()
        for (const { events, end } of [first, second]) {
          expect(events).to.deep.equal(['tick 1'])
          expect(end).to.be.instanceOf(ServerError).and.have.property('code', 'UNKNOWN_PROCESS')
          expect(end).to.match(/process "held" was removed from the server/)
        }
        expect(held.run1.signal.reason).to.match(/process "held" was removed/)
        expect(server.processes).to.deep.equal([])
        expect(() => server.process('held')).to.throw(/unknown process "held"/)
        expect(await world.clock.until(failureOf(world.client().onProcess(Held).ready))).to.include({
          code: 'UNKNOWN_PROCESS',
        })
        expect(world.told).to.deep.equal([])
      })
    }

    it('do not start any more once they were removed', async () => {
      const kept = handle()
      held.run1.throw(new Error('crashed'))
      await settle()
      server.removeProcess(held)
      await world.clock.advance(10_000)
      expect(held.runs).to.have.length(1)
      expect(kept.state).to.equal('stopped')
      expect(() => kept.start()).to.throw(/process "held" cannot be started: it was removed from the server/)
    })

    for (const [how, nameAgain, isSame] of [
      ['as it was', 'held', true],
      ['another one under its name', 'held', false],
      ['it under another name', 'other', true],
    ] as const) {
      it(`never overlap where one is removed and added again: ${how}`, async () => {
        held.endsWhenTold = false
        const again = isSame ? held : new Held()
        const before = held.run1
        const count = again.runs.length
        for (let i = 0; i < 2; i++) {
          expect(server.removeProcess(i === 0 ? 'held' : nameAgain)).to.equal(true)
          server.addProcess(nameAgain, again)
          await world.clock.advance(1_000)
          expect(server.process(nameAgain).state).to.equal('restarting')
          expect(again.runs).to.have.length(count)
        }
        before.end()
        await settle()
        expect(server.process(nameAgain).state).to.equal('running')
        expect(again.runs).to.have.length(count + 1)
        again.run1.end()
        await settle()
        expect(server.process(nameAgain)).to.include({ state: 'finished', restartCount: 0 })
      })
    }

    it('do not begin with a signal that has aborted, when they are removed as the run before ends', async () => {
      const isToldAtStart: boolean[] = []
      class Noted extends Held {
        override run(context: ProcessContext<Events>) {
          isToldAtStart.push(context.signal.aborted)
          return super.run(context)
        }
      }
      for (let microtasks = 0; microtasks < 20; microtasks++) {
        const noted = new Noted()
        noted.endsWhenTold = false
        server.addProcess('noted', noted)
        server.removeProcess('noted')
        server.addProcess('noted', noted)
        noted.run1.end()
        for (let i = 0; i < microtasks; i++) await undefined
        server.removeProcess('noted')
        await settle()
        noted.run1.end()
        await settle()
      }
      expect(isToldAtStart.length).to.be.within(21, 39)
      expect(isToldAtStart).to.not.include(true)
    })

    it('do not overlap a run that began with the removal of its own process', async () => {
      class Leaving extends Held {
        override run(context: ProcessContext<Events>) {
          if (this.runs.length === 0) server.removeProcess(this)
          return super.run(context)
        }
      }
      const leaving = new Leaving()
      leaving.endsWhenTold = false
      server.addProcess('leaving', leaving)
      await settle()
      server.addProcess('leaving', leaving)
      await settle()
      expect(leaving.runs).to.have.length(1)
      leaving.run1.end()
      await settle()
      expect(leaving.runs).to.have.length(2)
      leaving.run1.end()
    })

    it('are waited for by a shutdown although they were removed', async () => {
      held.endsWhenTold = false
      server.removeProcess(held)
      const shutdown = server.shutdown({ graceMs: 1_000 })
      await world.clock.until(shutdown)
      expect(world.nowMs).to.be.within(1_000, 1_100)
      expect(world.told.map(({ error }) => error)[0]).to.match(
        /process "held" is still running, although its signal aborted/,
      )
    })

    it('are told when the server shuts down, which waits for them', async () => {
      let isEnded = false
      held.endsWhenTold = false
      const shutdown = server.shutdown().then(() => {
        isEnded = true
      })
      await world.clock.advance(100)
      expect(held.run1.signal.aborted).to.equal(true)
      expect(isEnded).to.equal(false)
      held.run1.end()
      await world.clock.until(shutdown)
      expect(() => handle().start()).to.throw(/the server is shutting down/)
    })

    it('are given up when they run on after the time of the shutdown', async () => {
      held.endsWhenTold = false
      await world.clock.until(server.shutdown({ graceMs: 200 }))
      expect(world.told.map(({ error }) => String(error))[0]).to.match(/process "held" is still running, although/)
    })

    it('are refused with a reason', async () => {
      class Wrong extends Held {
        override readonly maxRestarts = -1
      }
      expect(() => server.addProcess('held', held)).to.throw(/process "held" is already added/)
      expect(() => server.addProcess('', new Held())).to.throw(/name of a process/)
      expect(() => server.addProcess({} as Held)).to.throw(/expected an instance of a Process subclass/)
      const half = Object.assign(new Held(), { run: undefined }) as unknown as Held
      expect(() => server.addProcess('half', half)).to.throw(/run of process "half": expected a method, got undefined/)
      expect(() => server.addProcess('wrong', new Wrong())).to.throw(/maxRestarts of process "wrong"/)
      const wrong = (bound: object) => () => server.addProcess('wrong', Object.assign(new Held(), bound))
      for (const bound of ['maxRestarts', 'maxQueued'])
        for (const value of [-1, 1.5, '1']) expect(wrong({ [bound]: value })).to.throw(`${bound} of process "wrong"`)
      for (const bound of ['maxQueuedBytes', 'maxListenersPerSession', 'healthyAfterMs', 'stopLimitMs'])
        for (const value of [0, -1, '1']) expect(wrong({ [bound]: value })).to.throw(`${bound} of process "wrong"`)
      expect(wrong({ restartBackoff: { minMs: 0 } })).to.throw('restartBackoff.minMs of process "wrong"')
      expect(wrong({ restartBackoff: { most: 1 } })).to.throw('unknown option "most"')
      expect(server.processes.map(({ name }) => name)).to.deep.equal(['held'])
      for (const nothing of [undefined, null]) {
        expect(() => server.addProcess(nothing as never)).to.throw(/expected an instance of a Process subclass/)
        expect(() => server.addTask(nothing as never)).to.throw()
      }
      expect(() => server.process('none')).to.throw(/unknown process "none"/)
      const other = new Server({ address: 'memory:other', network: world.network }).addProcess('other', new Held())
      expect(() => other.process('other').start()).to.throw(/before the server listens/)
      await other.shutdown()
    })
  })

  describe('as listeners see them', () => {
    it('tell all that listen, with values as they are', async () => {
      const [one, two] = [await listen(), await listen()]
      expect(handle().listenerCount).to.equal(2)
      expect(held.run1.output.send('tick', 1)).to.equal(2)
      expect(held.run1.output.send('at', new Date(0))).to.equal(2)
      await settle()
      expect(one.events).to.deep.equal(['tick 1', `at ${new Date(0)}`])
      expect(two.events).to.deep.equal(one.events)
    })

    it('tell a client that comes later what comes later', async () => {
      held.run1.output.send('tick', 1)
      const heard = await listen()
      held.run1.output.send('tick', 2)
      await settle()
      expect(heard.events).to.deep.equal(['tick 2'])
    })

    it('tell one client, or some', async () => {
      const [clientOne, clientTwo] = [world.client(), world.client()]
      const [one, two] = [await listen(clientOne), await listen(clientTwo)]
      const { output } = held.run1
      expect(output.send('tick', 1, { to: clientOne.sessionId })).to.equal(1)
      expect(output.send('tick', 2, { to: [clientOne.sessionId, clientTwo.sessionId, clientOne.sessionId] })).to.equal(
        2,
      )
      await settle()
      expect(one.events).to.deep.equal(['tick 1', 'tick 2'])
      expect(two.events).to.deep.equal(['tick 2'])
    })

    it('hear nothing where one of the addressed is unknown, which the sender is told', async () => {
      const client = world.client()
      const heard = await listen(client)
      const send = () => held.run1.output.send('tick', 1, { to: [client.sessionId, 'nobody'] })
      expect(send)
        .to.throw(/process "held": no client has the session "nobody"/)
        .with.property('code', 'UNKNOWN_SESSION')
      await settle()
      expect(heard.events).to.deep.equal([])
    })

    it('do not count a client that is there but does not listen', async () => {
      const client = world.client()
      await world.clock.until(client.connect())
      expect(held.run1.output.send('tick', 1, { to: client.sessionId })).to.equal(0)
    })

    it('end with finish, also for those who come later', async () => {
      const heard = await listen()
      held.run1.output.send('tick', 1)
      held.run1.output.finish()
      expect(held.run1.signal.aborted).to.equal(true)
      await settle()
      expect(heard).to.deep.include({ events: ['tick 1'], end: 'finished' })
      expect(handle().state).to.equal('finished')
      const late = await listen()
      await settle()
      expect(late.end).to.equal('finished')
      expect(world.told).to.deep.equal([])
    })

    it('end when the run returns', async () => {
      const heard = await listen()
      held.run1.end()
      await settle()
      expect(heard.end).to.equal('finished')
    })

    it('fail with the error that the process says, as itself, also for those who come later', async () => {
      const heard = await listen()
      held.run1.output.fail(new OutOfPaper(2))
      held.run1.output.finish()
      await settle()
      expect(heard.end).to.be.instanceOf(OutOfPaper).and.include({ trays: 2 })
      expect(handle().state).to.equal('failed')
      const late = world.client().onProcess(Held)
      expect(await world.clock.until(failureOf(late.ready))).to.be.instanceOf(OutOfPaper)
      expect(world.told).to.have.length(1)
    })

    it('fail with as much of the error as can travel', async () => {
      const heard = await listen()
      held.run1.output.fail(Object.assign(new Error('odd'), { callback: () => undefined, left: 3 }))
      await settle()
      expect(heard.end).to.be.instanceOf(Error).and.have.property('message', 'odd')
    })

    it('fail when the restarts are used up, and go on over those before', async () => {
      const heard = await listen()
      held.run1.throw(new Error('one'))
      await world.clock.advance(100)
      held.run1.output.send('tick', 2)
      held.run1.throw(new Error('two'))
      await world.clock.advance(200)
      held.run1.throw(new OutOfPaper(7))
      await settle()
      expect(heard.events).to.deep.equal(['tick 2'])
      expect(heard.end).to.be.instanceOf(OutOfPaper)
    })

    it('wait while it is stopped', async () => {
      const heard = await listen()
      await world.clock.until(handle().stop())
      const late = await listen()
      handle().start()
      held.run1.output.send('tick', 1)
      await settle()
      expect([heard.events, late.events]).to.deep.equal([['tick 1'], ['tick 1']])
    })

    it('hear nothing of a run that is over', async () => {
      const { output } = held.run1
      await world.clock.until(handle().stop())
      expect(() => output.send('tick', 1)).to.throw(/this run has ended/)
      handle().start()
      output.finish()
      expect(handle().state).to.equal('running')
    })

    it('can be sent nothing once the run was told to end', async () => {
      held.endsWhenTold = false
      const stopped = handle().stop()
      expect(() => held.run1.output.send('tick', 1)).to.throw(/process "held" was stopped/)
      held.run1.end()
      await world.clock.until(stopped)
    })

    it('get no event that cannot travel, and their sender is told', async () => {
      const { output } = held.run1
      expect(() => output.send('tick', (() => 1) as never)).to.throw(/cannot send event.data/)
      expect(() => output.send('' as never, 1 as never)).to.throw(/option event/)
      expect(() => output.send('big', new Uint8Array(5_000_000))).to.throw(/at most \d+ fit a frame of 4194304/)
    })

    it('are dropped when they do not keep up, while others go on', async () => {
      const quick = await listen()
      const slow = world.client().onProcess(Held)
      await world.clock.until(slow.ready)
      for (let tick = 0; tick < 1_000; tick++) {
        held.run1.output.send('tick', tick)
        if (tick % 8 === 0) await settle()
      }
      await settle()
      expect(handle().listenerCount).to.equal(1)
      expect(quick.events).to.have.length(1_000)
      const heard = new Heard(slow as Listening<{ event: string; data: unknown }>)
      await world.clock.advance(100)
      expect(heard.events.length).to.be.above(10)
      expect(heard.end).to.have.property('code', 'BUSY')
      expect(String(heard.end)).to.match(/process "held": the reader is too slow/)
    })

    it('count for their clients, and what waits for those that do not keep up', async () => {
      const client = world.client({ limits: { streamWindowBytes: 4 * 1024 } })
      await world.clock.until(client.connect())
      const before = server.usage.held
      const slow = client.onProcess(Held)
      await world.clock.until(slow.ready)
      expect(server.usage.held.places - before.places).to.be.at.least(8 * 1024)
      for (let tick = 0; tick < 8; tick++) {
        held.run1.output.send('tick', 'x'.repeat(10 * 1024) as never)
        await settle()
      }
      expect(server.usage.held.queues).to.be.within(40 * 1024, 81 * 1024)
      slow.stop()
      await settle()
      expect(server.usage.held.queues).to.equal(0)
      expect(server.usage.held.places).to.equal(before.places)
    })

    it('are bounded for each client', async () => {
      const client = world.client()
      for (let i = 0; i < 3; i++) await listen(client)
      expect(await world.clock.until(failureOf(client.onProcess(Held).ready))).to.match(/3 listeners of this client/)
      await listen()
    })

    it('may be stopped and begun in one turn, as many as a client may have', async () => {
      const client = world.client()
      const stopped = [1, 2, 3].map(() => client.onProcess(Held))
      await world.clock.until(Promise.all(stopped.map(({ ready }) => ready)))
      for (const listening of stopped) listening.stop()
      const begun = [1, 2, 3].map(() => client.onProcess(Held))
      await settle()
      expect(begun.filter(({ isOver }) => isOver)).to.have.length(0)
      expect(handle().listenerCount).to.equal(3)
    })

    it('that are begun before others are stopped are let in when there is room', async () => {
      const client = world.client()
      const [first] = [1, 2, 3].map(() => client.onProcess(Held))
      const more = client.onProcess(Held)
      await world.clock.until(first?.ready as Promise<void>)
      first?.stop()
      await world.clock.until(more.ready)
      expect(handle().listenerCount).to.equal(3)
    })

    it('that come back to a process that has no room for them wait until it has', async () => {
      const client = world.client()
      const [first, ...others] = [1, 2, 3].map(() => client.onProcess(Held))
      await world.clock.until(Promise.all([first, ...others].map((listening) => listening?.ready)))
      world.network.crash('server')
      await world.clock.until(server.shutdown({ graceMs: 0 }))
      server = world.server().addProcess(
        new (class extends Held {
          override readonly maxListenersPerSession = 2 as 3
        })(),
      )
      await server.listen()
      await world.clock.advance(120_000)
      expect([first, ...others].filter((listening) => listening?.isOver)).to.have.length(0)
      expect(handle().listenerCount).to.equal(2)
      for (const listening of [first, others[0]]) listening?.stop()
      await world.clock.advance(10_000)
      expect(handle().listenerCount).to.equal(1)
    })

    it('learn that there is no such process', async () => {
      const error = await world.clock.until(failureOf(world.client().onProcess('none').ready))
      expect(error)
        .to.include({ code: 'UNKNOWN_PROCESS', notStarted: true })
        .and.match(/unknown process "none"/)
      expect(world.told, 'errors of the server').to.deep.equal([])
    })

    for (const [what, name] of [
      ['nothing', undefined],
      ['an object', { toString: 1 }],
      ['an empty text', ''],
      ['a text of a megabyte', 'x'.repeat(1_000_000)],
      ['a name of Object.prototype', '__proto__'],
    ]) {
      it(`are refused when they ask for ${what}`, async () => {
        const call = world.client().runAction('isock.tasks.listen', name)
        const error = await world.clock.until(failureOf(call))
        expect(['BAD_REQUEST', 'UNKNOWN_PROCESS']).to.include(error['code'])
        expect(error.message.length).to.be.below(700)
        expect(world.told, 'errors of the server').to.deep.equal([])
        expect(handle().listenerCount).to.equal(0)
      })
    }
  })

  describe('on their client', () => {
    it('are handled one event after the other', async () => {
      const ends: (() => void)[] = []
      const seen: unknown[] = []
      const listening = world.client().onProcess(Held, ({ event, data }) => {
        seen.push([event, data])
        return new Promise<void>((end) => ends.push(end))
      })
      await world.clock.until(listening.ready)
      held.run1.output.send('tick', 1)
      held.run1.output.send('tick', 2)
      held.run1.output.finish()
      await settle()
      expect(seen).to.deep.equal([['tick', 1]])
      ends[0]!()
      await settle()
      ends[1]!()
      await listening.done
      expect(seen).to.deep.equal([
        ['tick', 1],
        ['tick', 2],
      ])
    })

    it('end with what their handler throws, and the server lets them go', async () => {
      const listening = world.client().onProcess<Events>('held', () => {
        throw new RangeError('no')
      })
      const failure = failureOf(listening.done)
      await world.clock.until(listening.ready)
      held.run1.output.send('tick', 1)
      expect(await failure).to.be.instanceOf(RangeError)
      await settle()
      expect(handle().listenerCount).to.equal(0)
    })

    it('end for a handler with the error of the process', async () => {
      const listening = world.client().onProcess(Held, () => undefined)
      const failure = failureOf(listening.done)
      await world.clock.until(listening.ready)
      held.run1.output.fail(new OutOfPaper(1))
      expect(await failure).to.be.instanceOf(OutOfPaper)
    })

    const ways: [
      how: string,
      stop: (listening: Listening<unknown>, abort: AbortController, client: Client) => unknown,
    ][] = [
      ['stop()', (listening) => listening.stop()],
      ['their signal', (_listening, abort) => abort.abort()],
      ['leaving the loop', (listening) => listening[Symbol.asyncIterator]().return?.()],
      ['disposal', (listening) => listening[Symbol.asyncDispose]()],
      ['the close of the client', (_listening, _abort, client) => client.close()],
    ]
    for (const [how, stop] of ways) {
      it(`are stopped by ${how}`, async () => {
        const abort = new AbortController()
        const client = world.client()
        const listening = client.onProcess(Held, { signal: abort.signal })
        const heard = new Heard(listening as Listening<{ event: string; data: unknown }>)
        await world.clock.until(listening.ready)
        await stop(listening, abort, client)
        await listening.done
        await settle()
        expect(heard.end).to.equal('finished')
        expect(handle().listenerCount).to.equal(0)
      })
    }

    it('do not begin where their signal has aborted before', async () => {
      const listening = world.client().onProcess(Held, { signal: AbortSignal.abort() })
      await listening.done
      expect(world.network.dials).to.deep.equal([])
    })

    it('are refused for what is no name', () => {
      expect(() => world.client().onProcess('')).to.throw(/option process: expected its name/)
    })

    it('are over where they were not taken in, although nobody reads', async () => {
      const refused = world.client().onProcess('none')
      let failure: unknown
      refused.done.catch((error) => {
        failure = error
      })
      held.run1.output.finish()
      const late = world.client().onProcess(Held)
      let isDone = false
      void late.done.then(() => {
        isDone = true
      })
      await world.clock.until(late.ready)
      await world.clock.advance(100)
      expect(failure).to.have.property('code', 'UNKNOWN_PROCESS')
      expect([refused.isOver, late.isOver, isDone]).to.deep.equal([true, true, true])
    })

    it('fail where their process failed without a reason', async () => {
      const heard = await listen()
      held.run1.output.fail(undefined)
      await settle()
      expect(heard.end).to.not.equal('finished')
    })

    it('fail where the server cannot be reached at first', async () => {
      world.network.setReachable('server', false)
      const error = await world.clock.until(failureOf(world.client({ retry: 0 }).onProcess(Held).ready))
      expect(error).to.have.property('code', 'UNREACHABLE')
    })

    it('miss nothing when a link is lost', async () => {
      const heard = await listen()
      world.network.wire.cut('rst')
      for (let tick = 0; tick < 5; tick++) held.run1.output.send('tick', tick)
      await world.clock.advance(5_000)
      expect(heard.events).to.deep.equal([0, 1, 2, 3, 4].map((tick) => `tick ${tick}`))
    })

    it('listen again when the session is lost, and say that events may be missing', async () => {
      let gaps = 0
      const client = world.client()
      const listening = client.onProcess(Held, { onGap: () => gaps++ })
      const heard = new Heard(listening as Listening<{ event: string; data: unknown }>)
      await world.clock.until(listening.ready)
      held.run1.output.send('tick', 1)
      await settle()
      world.network.crash('server')
      await world.clock.until(server.shutdown({ graceMs: 0 }))
      await world.clock.advance(30_000)
      const next = new Held()
      await world.server().addProcess(next).listen()
      await world.clock.advance(30_000)
      next.run1.output.send('tick', 3)
      await settle()
      expect(heard.events).to.deep.equal(['tick 1', 'tick 3'])
      expect([gaps, listening.gapCount]).to.deep.equal([1, 1])
    })

    it('listen again when the server shut down in order and came back', async () => {
      const client = world.client()
      const listening = client.onProcess(Held)
      const heard = new Heard(listening as Listening<{ event: string; data: unknown }>)
      await world.clock.until(listening.ready)
      await world.clock.until(server.shutdown())
      expect(world.nowMs, 'the drain did not wait for listeners').to.be.below(100)
      const next = new Held()
      await world.server().addProcess(next).listen()
      await world.clock.advance(30_000)
      next.run1.output.send('tick', 3)
      await settle()
      expect(heard.events).to.deep.equal(['tick 3'])
      expect(listening.gapCount).to.equal(1)
    })

    it('listen again at once, although their handler is busy', async () => {
      const ends: (() => void)[] = []
      const seen: unknown[] = []
      const listening = world.client().onProcess(Held, ({ data }) => {
        seen.push(data)
        return new Promise<void>((end) => ends.push(end))
      })
      await world.clock.until(listening.ready)
      held.run1.output.send('tick', 1)
      held.run1.output.send('tick', 2)
      await settle()
      await world.clock.until(server.shutdown())
      const next = new Held()
      const server2 = world.server().addProcess(next)
      await server2.listen()
      await world.clock.advance(30_000)
      expect(server2.process(Held).listenerCount).to.equal(1)
      expect(listening.gapCount).to.equal(1)
      next.run1.output.send('tick', 3)
      for (let i = 0; i < 3; i++) {
        await settle()
        ends[i]!()
      }
      await settle()
      expect(seen).to.deep.equal([1, 2, 3])
      listening.stop()
    })

    it('listen again where too much was missed while the link was lost', async () => {
      const heard = await listen()
      world.network.setReachable('server', false)
      world.network.wire.cut('rst')
      await settle()
      for (let tick = 0; tick < 1_000; tick++) held.run1.output.send('tick', tick)
      world.network.setReachable('server', true)
      await world.clock.advance(10_000)
      expect(handle().listenerCount).to.equal(1)
      held.run1.output.send('tick', -1)
      await settle()
      expect(heard.end).to.equal(undefined)
      expect(heard.events.length).to.be.within(2, 999)
      expect(heard.events.at(-1)).to.equal('tick -1')
    })

    it('are many, and an event is encoded once for all', async () => {
      let readCount = 0
      const readsFor = async (listeners: number): Promise<number> => {
        for (let i = 0; i < listeners; i++) await listen()
        readCount = 0
        const data = { get field() { return ++readCount } } // biome-ignore format: short
        held.run1.output.send('tick', data as never)
        await settle()
        return readCount
      }
      const forOne = await readsFor(1)
      expect(forOne).to.be.above(0)
      expect(await readsFor(4)).to.equal(forOne)
      expect(handle().listenerCount).to.equal(5)
    })
  })
})
