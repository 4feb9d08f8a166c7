// Functions around calls, at the server and at the client: what they see, change and refuse, and in which order.
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect } from 'chai'
import {
  Action,
  ActionError,
  BusyError,
  type CallResult,
  CancelledError,
  Channel,
  type Context,
  DeadlineError,
  replaceResult,
  type ServerCall,
  Service,
} from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, Work, World } from '../setup/world.ts'

class Double extends Action<number, number> {
  override action(n: number): number {
    return n * 2
  }
}

class Count extends Action<number, string, number> {
  override async *action(to: number): AsyncGenerator<number, string> {
    try {
      for (let i = 1; i <= to; i++) yield i
      return 'done'
    } finally {
      left.push('left')
    }
  }
}
const left: string[] = []

/** Waits after its first item until the spec releases it. */
class Held extends Action<undefined, string, number> {
  release = (): void => undefined
  readonly #released = new Promise<void>((resolve) => {
    this.release = resolve
  })

  override async *action(): AsyncGenerator<number, string> {
    try {
      yield 1
      await this.#released
      yield 2
      return 'done'
    } finally {
      left.push('left')
    }
  }
}

class Broken extends Action<undefined, never> {
  override action(): never {
    throw new ActionError('on purpose')
  }
}

class Counter extends Service<number, number> {
  override init(start: number): number {
    return start
  }
  override exec(state: number, by: number): number {
    return state + by
  }
}

class News extends Channel<string> {
  override canPublish(): boolean {
    return true
  }
}

describe('interceptors', () => {
  let world: World
  let work: Work

  beforeEach(() => {
    world = new World()
    work = new Work()
    left.length = 0
  })

  afterEach(() => world.close())

  const serve = () => world.serve([new Double(), new Count(), new Broken(), work])
  const until = <T>(promise: PromiseLike<T>): Promise<T> => world.clock.until(Promise.resolve(promise))

  describe('of a server', () => {
    it('run around each call, the first one outermost, until they are removed', async () => {
      const server = await serve()
      const log: string[] = []
      const around = (name: string) => async (call: ServerCall, next: () => Promise<CallResult>) => {
        log.push(`${name}: ${call.kind} ${call.name} ${call.data}`)
        const result = await next()
        log.push(`${name} saw ${result}`)
        return result
      }
      server.use(around('outer'))
      const remove = server.use(around('inner'))
      expect(await until(world.client().runAction(Double, 4))).to.equal(8)
      expect(log).to.deep.equal(['outer: action Double 4', 'inner: action Double 4', 'inner saw 8', 'outer saw 8'])
      remove()
      await until(world.client().runAction(Double, 5))
      expect(log.slice(4)).to.deep.equal(['outer: action Double 5', 'outer saw 10'])
    })

    it('see the context, and may answer themselves', async () => {
      const server = await serve()
      server.use(({ context }, next) => (context.metadata['cached'] === 'yes' ? replaceResult(42) : next()))
      const client = world.client()
      expect(await until(client.runAction(Double, 4, { metadata: { cached: 'yes' } }))).to.equal(42)
      expect(await until(client.runAction(Double, 4))).to.equal(8)
    })

    it('see how it failed, and may fail otherwise', async () => {
      const server = await serve()
      let seen: unknown
      server.use(async (_call, next) => {
        try {
          return await next()
        } catch (error) {
          seen = error
          throw new ActionError('instead')
        }
      })
      const error = await until(failureOf(world.client().runAction(Broken)))
      expect(error.message).to.equal('instead')
      expect(seen).to.be.instanceOf(ActionError).and.have.property('message', 'on purpose')
    })

    it('wait until a stream has ended, while its items go as they come', async () => {
      const server = await serve()
      const log: unknown[] = []
      server.use(async (_call, next) => {
        const result = await next()
        log.push(result)
        return replaceResult(`${result}!`)
      })
      const held = new Held()
      server.addAction(held)
      const call = world.client().runAction(Held)
      const items = call[Symbol.asyncIterator]()
      expect(await until(items.next())).to.deep.equal({ done: false, value: 1 })
      expect(log).to.deep.equal([])
      held.release()
      expect(await until(items.next())).to.deep.equal({ done: false, value: 2 })
      expect(await until(call)).to.equal('done!')
      expect([log, left]).to.deep.equal([['done'], ['left']])
    })

    it('hear that the reader of a stream has left', async () => {
      const server = await serve()
      const heard: string[] = []
      server.use(async (_call, next) => {
        try {
          return await next()
        } finally {
          heard.push('over')
        }
      })
      for await (const _ of world.client().runAction(Count, 1_000)) break
      await until(settle())
      await world.clock.advance(1_000)
      expect([heard, left]).to.deep.equal([['over'], ['left']])
    })

    it('end a stream that they give up', async () => {
      let hasEnded = false
      class Endless extends Action<undefined, void, number> {
        override async *action(): AsyncGenerator<number, void> {
          try {
            for (let i = 0; ; i++) {
              yield i
              await settle()
            }
          } finally {
            hasEnded = true
          }
        }
      }
      const server = await serve()
      server.addAction(new Endless())
      server.use(async (_call, next) => {
        void next().catch(() => undefined)
        await settle()
        throw new ActionError('enough')
      })
      const failed = failureOf(itemsOf(world.client().runAction(Endless)))
      // Time stands still: only the interceptor can end it.
      for (let turns = 0; turns < 1_000 && !hasEnded; turns++) await settle()
      expect(hasEnded).to.equal(true)
      expect((await failed).message).to.equal('enough')
    })

    it('refuse a call as not started, which its client retries', async () => {
      const server = await serve()
      let refusals = 0
      server.use((_call, next) => {
        if (refusals++ < 2) throw new BusyError('slow down')
        return next()
      })
      expect(await until(world.client().runAction(Double, 4))).to.equal(8)
      expect(refusals).to.equal(3)
    })

    it('refuse nothing as not started once it has started', async () => {
      const server = await serve()
      server.use(async (_call, next) => {
        await next()
        throw new BusyError('too late')
      })
      expect(await until(failureOf(world.client().runAction(Double, 4)))).to.include({
        code: 'BUSY',
        notStarted: false,
      })
    })

    it('call next() once', async () => {
      const server = await serve()
      server.use(async (_call, next) => {
        await next()
        return next()
      })
      const error = await until(failureOf(world.client().runAction(Double, 4)))
      expect(error.message).to.contain('next() twice')
    })

    it('give their asynchronous context to the handler, and to each step of its stream', async () => {
      const storage = new AsyncLocalStorage<string>()
      class Stores extends Action<undefined, string, string> {
        override async *action(): AsyncGenerator<string, string> {
          yield String(storage.getStore())
          yield String(storage.getStore())
          return String(storage.getStore())
        }
      }
      const server = await serve()
      server.addAction(new Stores())
      server.use(({ context }, next) => storage.run(context.metadata['user'] ?? 'none', next))
      const client = world.client()
      const calls = ['ann', 'bob'].map((user) => client.runAction(Stores, undefined, { metadata: { user } }))
      const seen = await until(Promise.all(calls.map(async (call) => [...(await itemsOf(call)), await call])))
      expect(seen).to.deep.equal([
        ['ann', 'ann', 'ann'],
        ['bob', 'bob', 'bob'],
      ])
    })

    it('give it to what a stream does when its reader has left', async () => {
      const storage = new AsyncLocalStorage<string>()
      const seen: unknown[] = []
      class Leaves extends Action<undefined, void, string> {
        override async *action(): AsyncGenerator<string, void> {
          try {
            // Each fills the window, so that it is left at its yield.
            for (;;) yield 'x'.repeat(2_000_000)
          } finally {
            seen.push(storage.getStore())
          }
        }
      }
      const server = await serve()
      server.addAction(new Leaves())
      server.use((_call, next) => storage.run('ann', next))
      for await (const _ of world.client().runAction(Leaves)) break
      await world.clock.advance(1_000)
      expect(seen).to.deep.equal(['ann'])
    })

    it('run around services, publishes and subscriptions, and around no other built-in action', async () => {
      const server = await serve()
      server.addService(Counter).addChannel(new News())
      const seen: unknown[] = []
      server.use(({ kind, name, data }, next) => {
        seen.push([kind, name, data])
        return next()
      })
      const client = world.client()
      const counter = client.service(Counter)
      await until(counter.initialize(1))
      await until(counter.execute(2))
      const subscription = client.subscribe(News, () => undefined, { key: 'a' })
      await until(subscription.ready)
      await until(client.publish(News, 'hi', { key: 'a' }))
      await until(client.runAction('isock.ping'))
      expect(seen).to.deep.equal([
        ['service', 'Counter', 1],
        ['service', 'Counter', 2],
        ['subscribe', 'News', 'a'],
        ['publish', 'News', 'hi'],
      ])
      await subscription.unsubscribe()
    })

    it('are functions', async () => {
      const server = await serve()
      expect(() => server.use('x' as never)).to.throw('use(): expected a function, got "x"')
    })
  })

  describe('of a client', () => {
    it('run around each call, the first one outermost, until they are removed', async () => {
      await serve()
      const client = world.client()
      const log: unknown[] = []
      client.use(async ({ kind, name, data }, next) => {
        log.push([kind, name, data])
        const result = await next()
        log.push(result)
        return result
      })
      const remove = client.use((_call, next) => {
        log.push('inner')
        return next()
      })
      expect(await until(client.runAction(Double, 4))).to.equal(8)
      remove()
      expect(await until(client.runAction('Double', 5))).to.equal(10)
      expect(log).to.deep.equal([['action', 'Double', 4], 'inner', 8, ['action', 'Double', 5], 10])
    })

    it('add to what is sent beside the data, late too', async () => {
      const server = await serve()
      server.use(({ context }, next) => {
        seen.push({ ...context.metadata })
        return next()
      })
      const seen: unknown[] = []
      const client = world.client({ metadata: { tenant: 'a' } })
      client.use(async (call, next) => {
        await null
        call.metadata['traceparent'] = '00-1'
        return next()
      })
      await until(client.runAction(Double, 1, { metadata: { locale: 'fr' } }))
      expect(seen).to.deep.equal([{ tenant: 'a', locale: 'fr', traceparent: '00-1' }])
    })

    it('read streams through', async () => {
      await serve()
      const client = world.client()
      client.use((_call, next) => next())
      const call = client.runAction(Count, 3)
      expect(await until(itemsOf(call))).to.deep.equal([1, 2, 3])
      expect(await call).to.equal('done')
    })

    it('may answer without a server', async () => {
      const client = world.client()
      client.use(() => replaceResult('from a cache'))
      expect(await client.runAction('Nowhere')).to.equal('from a cache')
      expect(world.network.dials).to.have.length(0)
    })

    it('may refuse, and see what the call failed with', async () => {
      await serve()
      const client = world.client()
      let seen: unknown
      client.use(async (call, next) => {
        if (call.data === 'no') throw new ActionError('not today')
        try {
          return await next()
        } catch (error) {
          seen = error
          throw error
        }
      })
      expect((await failureOf(client.runAction('Double', 'no'))).message).to.equal('not today')
      const error = await until(failureOf(client.runAction(Broken)))
      expect(error).to.equal(seen).and.be.instanceOf(ActionError)
    })

    it('hold no call that is cancelled, or out of time, before it is sent', async () => {
      const client = world.client()
      client.use(() => new Promise(() => undefined))
      const call = client.runAction(Work)
      call.cancel()
      expect(await failureOf(call))
        .to.be.instanceOf(CancelledError)
        .and.include({ notStarted: true })
      const late = failureOf(client.runAction(Work, 1, { timeoutMs: 1_000 }))
      await world.clock.advance(1_000)
      expect(await late)
        .to.be.instanceOf(DeadlineError)
        .and.include({ notStarted: true })
      const abort = new AbortController()
      const aborted = failureOf(client.runAction(Work, 1, { signal: abort.signal }))
      abort.abort()
      expect(await aborted).to.be.instanceOf(CancelledError)
    })

    it('release a call that they do not wait for', async () => {
      await serve()
      const client = world.client()
      client.use(async (_call, next) => {
        void next().catch(() => undefined)
        await settle()
        return replaceResult('early')
      })
      expect(await until(client.runAction(Work))).to.equal('early')
      await settle()
      expect(work.run.context.signal.aborted).to.equal(true)
      work.run.finish()
    })

    it('run around services, publishes and subscriptions', async () => {
      const server = await serve()
      server.addService(Counter).addChannel(new News())
      const client = world.client()
      const seen: string[] = []
      client.use(({ kind, name }, next) => {
        seen.push(`${kind} ${name}`)
        return next()
      })
      await until(client.service(Counter).initialize(1))
      const subscription = client.subscribe(News, () => undefined)
      await until(subscription.ready)
      await until(client.publish(News, 'hi'))
      await until(client.runAction('isock.ping'))
      expect(seen).to.deep.equal(['service Counter', 'subscribe News', 'publish News'])
      await subscription.unsubscribe()
    })

    it('keep calls after close() from being sent', async () => {
      await serve()
      const client = world.client()
      client.use((_call, next) => next())
      await until(client.runAction(Double, 1))
      await client.close()
      expect(await failureOf(client.runAction(Double, 1))).to.include({ code: 'CLOSED', notStarted: true })
    })
  })

  it('see a handler’s own calls to its client', async () => {
    class Ask extends Action<undefined, unknown> {
      override action(_data: undefined, { client }: Context): Promise<unknown> {
        return client.runAction(Double, 21)
      }
    }
    const server = await world.serve([new Ask()])
    const seen: string[] = []
    server.use(({ name }, next) => {
      seen.push(name)
      return next()
    })
    const client = world.client()
    client.addAction(new Double())
    expect(await until(client.runAction(Ask))).to.equal(42)
    expect(seen).to.deep.equal(['Ask'])
  })
})
