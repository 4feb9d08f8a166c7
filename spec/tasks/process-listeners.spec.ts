// The processes that a client listens to: what may be listened to, and what ends with the client.
import { expect } from 'chai'
import { puller } from '../../lib/core/action/call.ts'
import { ClientError } from '../../lib/core/base/errors.ts'
import { KnownClasses } from '../../lib/core/base/known-classes.ts'
import type { ClientKit } from '../../lib/core/client/client-kit.ts'
import type { Listening } from '../../lib/features/tasks/client/listening.ts'
import { ProcessListeners } from '../../lib/features/tasks/client/process-listeners.ts'
import type { ProcessClass } from '../../lib/features/tasks/process.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

class Failed extends Error {}

class Work {
  static errors = [Failed]
}

/** Listeners of a client whose calls never end. */
class World {
  readonly names: unknown[] = []
  readonly declared: unknown[] = []
  readonly #never = new Promise(() => undefined)
  readonly listeners: ProcessListeners
  cancelled = 0

  constructor() {
    const call = {
      [puller]: () => () => undefined,
      outcome: () => this.#never,
      cancel: () => void this.cancelled++,
    }
    this.listeners = new ProcessListeners({
      client: {
        runAction: (_action: unknown, name: unknown) => {
          this.names.push(name)
          return call
        },
      },
      classes: { declareError: (each: unknown) => void this.declared.push(each), declareClass: () => undefined },
      known: new KnownClasses(),
      clock: new VirtualClock(),
      random: () => 0,
      backoff: {},
    } as unknown as ClientKit)
  }

  listen(process: unknown, first?: unknown, second?: unknown): Listening<unknown> {
    return this.listeners.listen(process as string, first as undefined, second as undefined)
  }

  refusalOf(...given: Parameters<World['listen']>): string {
    try {
      this.listen(...given)
    } catch (error) {
      expect(error).to.be.instanceOf(ClientError)
      return `${(error as ClientError).code} ${(error as Error).message}`
    }
    return 'it was taken'
  }
}

describe('Listening to a process', () => {
  it('takes its name or its class, whose errors are declared', () => {
    const world = new World()
    world.listen('work')
    expect(world.declared).to.deep.equal([])
    world.listen(Work)
    expect(world.names).to.deep.equal(['work', 'Work'])
    expect(world.declared).to.deep.equal([Failed])
  })

  it('takes no name that is none', () => {
    const world = new World()
    const wrong = 'INVALID_OPTION option process: expected its name of 1 to 512 bytes, or its class, got'
    expect(world.refusalOf('')).to.equal(`${wrong} ""`)
    expect(world.refusalOf('x'.repeat(513))).to.equal(`${wrong} a string of 513 characters`)
    expect(world.refusalOf(7)).to.equal(`${wrong} 7`)
    expect(world.names).to.deep.equal([])
    expect(world.refusalOf('x'.repeat(512))).to.equal('it was taken')
  })

  it('takes no second class of a name', () => {
    const world = new World()
    const other = {
      Work: class Work {
        other = 1
      },
    }.Work as unknown as ProcessClass
    world.listen(Work)
    expect(world.refusalOf(other)).to.equal(
      'INVALID_OPTION two different classes are called process "Work" here; give one of them another `static processName`',
    )
    expect(world.refusalOf(Work)).to.equal('it was taken')
  })

  it('takes its options without a handler, or after it', () => {
    const world = new World()
    const signal = AbortSignal.abort()
    const handler = (): void => undefined
    expect(world.listen('work', { signal }).isOver).to.equal(true)
    expect(world.listen('work', handler, { signal }).isOver).to.equal(true)
    expect(world.listen('work', handler).isOver).to.equal(false)
    expect(world.listen('work', undefined, { signal }).isOver).to.equal(false)
    expect(world.refusalOf('work', { other: 1 })).to.match(/^INVALID_OPTION .*onProcess.*other/)
    expect(world.refusalOf('work', handler, { other: 1 })).to.match(/^INVALID_OPTION .*onProcess.*other/)
  })
})

describe('The end of a client', () => {
  it('stops all that it listens to', async () => {
    const world = new World()
    const all = [world.listen('a'), world.listen('b', () => undefined)]
    expect(all.map(({ isOver }) => isOver)).to.deep.equal([false, false])
    world.listeners.close()
    expect(all.map(({ isOver }) => isOver)).to.deep.equal([true, true])
    await Promise.all(all.map(({ done }) => done))
  })

  it('stops once what it listens to, and not what has been stopped', () => {
    const world = new World()
    const stops: string[] = []
    const watched = (name: string, options?: object): Listening<unknown> => {
      const listening = world.listen(name, options)
      const stop = listening.stop.bind(listening)
      listening.stop = () => {
        stops.push(name)
        stop()
      }
      return listening
    }
    watched('a').stop()
    watched('b')
    watched('c', { signal: AbortSignal.abort() })
    world.listeners.close()
    world.listeners.close()
    expect(stops).to.deep.equal(['a', 'b'])
  })
})
