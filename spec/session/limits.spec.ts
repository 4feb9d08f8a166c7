// Bounds on calls: how many at once, how many wait, how large values may be.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import {
  Action,
  type Client,
  type ClientOptions,
  type Context,
  type ServerOptions,
  UnsendableError,
} from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, Work, World } from '../setup/world.ts'

class Produce extends Action {
  runs = 0

  action(what: 'a function' | 'too much' | 'much') {
    this.runs++
    if (what === 'a function') return { nested: [() => undefined] }
    return 'x'.repeat(what === 'much' ? 9_000 : 20_000)
  }
}

class Throw extends Action {
  action(size: number): never {
    throw Object.assign(new Error('x'.repeat(size)), { handle: () => undefined })
  }
}

class Emit extends Action {
  async action(item: 'a function' | 'too much', { emit }: Context<unknown>) {
    await emit('fine')
    await emit(item === 'a function' ? () => undefined : 'x'.repeat(20_000))
  }
}

describe('limits', () => {
  let world: World
  let work: Work
  let produce: Produce

  beforeEach(() => {
    world = new World()
    work = new Work()
    produce = new Produce()
  })

  afterEach(() => world.close())

  async function connect(server: ServerOptions['limits'] = {}, client: ClientOptions['limits'] = {}): Promise<Client> {
    await world.serve([work, produce, new Throw(), new Emit()], { limits: server })
    return world.client({ limits: client })
  }

  it('queue calls above maxCallsInFlight at the client, in order, and all finish', async () => {
    const client = await connect({ maxCallsInFlight: 8 })
    const calls = Array.from({ length: 1_000 }, (_, i) => client.runAction(Work, i))
    await settle()
    let most = 0
    for (let done = 0; done < 1_000; done++) {
      most = Math.max(most, work.runs.length - done)
      work.runs[done]?.finish(done)
      if (done % 8 === 7) await settle()
    }
    expect(most).to.equal(8)
    expect(await Promise.all(calls)).to.deep.equal(calls.map((_, i) => i))
    expect(work.runs.map((run) => run.data)).to.deep.equal(calls.map((_, i) => i))
  })

  it('let one call alone pass that is above maxInFlightBytes', async () => {
    const client = await connect({ maxInFlightBytes: 100 })
    const call = client.runAction(Work, 'x'.repeat(900))
    await settle()
    work.run.finish('ran')
    expect(await call).to.equal('ran')
  })

  it('are not blocked by one long call', async () => {
    const client = await connect({ maxCallsInFlight: 2 })
    const long = client.runAction(Work, 'long')
    await settle()
    for (let i = 1; i <= 20; i++) {
      const short = client.runAction(Work, i)
      await settle()
      work.runs[i]?.finish(i)
      expect(await short).to.equal(i)
    }
    work.runs[0]?.finish('at last')
    expect(await long).to.equal('at last')
  })

  it('refuse what is above maxQueuedCalls, as not started', async () => {
    const client = await connect({ maxCallsInFlight: 1 }, { maxQueuedCalls: 3 })
    const calls = [client.runAction(Work)]
    await settle()
    for (let i = 0; i < 3; i++) calls.push(client.runAction(Work))
    const error = await failureOf(client.runAction(Work))
    expect(error).to.include({ code: 'QUEUE_FULL', notStarted: true })
    for (let i = 0; i < 4; i++) {
      work.runs[i]?.finish(i)
      await settle()
    }
    expect(await Promise.all(calls)).to.deep.equal([0, 1, 2, 3])
  })

  it('hold for calls of the server on its client too', async () => {
    await world.serve([work])
    const asked = new Work()
    const client = world.client({ limits: { maxCallsInFlight: 2 } })
    client.addActions({ ask: (data: unknown, context: Context) => asked.action(data, context) })
    const call = client.runAction(Work)
    await settle()
    const asking = [1, 2, 3].map((data) => work.run.context.client.runAction('ask', data))
    await settle()
    expect(asked.runs).to.have.length(2)
    for (const run of asked.runs) run.finish(run.data)
    await settle()
    asked.runs[2]?.finish(3)
    expect(await Promise.all(asking)).to.deep.equal([1, 2, 3])
    work.run.finish()
    await call
  })

  it('refuse data that is too large for the server, before it is sent', async () => {
    const client = await connect({ maxFrameBytes: 10_000 })
    const error = await failureOf(client.runAction(Work, 'x'.repeat(20_000)))
    expect(error).to.be.instanceOf(UnsendableError).and.include({ code: 'TOO_LARGE', notStarted: true, path: 'data' })
    expect(error.message).to.match(
      /^cannot send data: it has 20005 bytes, at most 9872 fit a frame of 10000; stream it/,
    )
    expect(world.network.wire.sent(Kind.Call, 'up')).to.have.length(0)
    expect(client.isConnected).to.equal(true)
  })

  it('refuse data that cannot be sent, with the path of what is wrong', async () => {
    const client = await connect()
    const error = await failureOf(client.runAction(Work, { list: [1, () => undefined] }))
    expect(error).to.be.instanceOf(UnsendableError).and.include({ notStarted: true })
    expect(error.message).to.contain('data.list[1]')
    expect(world.network.dials).to.have.length(0)
  })

  it('say of everything that was refused before it was sent that it did not start', async () => {
    const client = await connect()
    const wrong: Record<string, unknown>[] = [
      { timeoutMs: -1 },
      { retry: 1.5 },
      { signal: 'soon' },
      { signal: AbortSignal.abort() },
    ]
    for (const options of wrong)
      expect(await failureOf(client.runAction(Work, 1, options))).to.include({ notStarted: true })
    expect(await failureOf(client.runAction('' as never))).to.include({ notStarted: true })
    await world.clock.advance(1_000)
    expect(work.runs).to.have.length(0)
  })

  for (const [what, code] of [
    ['a function', 'UNSENDABLE'],
    ['too much', 'TOO_LARGE'],
  ] as const) {
    it(`make a result that is ${what} the error of a call that ran, once`, async () => {
      const client = await connect({}, { maxFrameBytes: 10_000 })
      const error = await world.clock.until(failureOf(client.runAction(Produce, what)))
      expect(error).to.be.instanceOf(UnsendableError).and.include({ code, notStarted: false })
      await world.clock.advance(60_000)
      expect(produce.runs).to.equal(1)
      expect(world.network.wires).to.have.length(1)
    })

    it(`make an item that is ${what} an error of the call, after the items before it`, async () => {
      const client = await connect({}, { maxFrameBytes: 10_000 })
      const call = client.runAction(Emit, what)
      const iterator = call[Symbol.asyncIterator]()
      expect(await iterator.next()).to.deep.equal({ done: false, value: 'fine' })
      expect(await failureOf(iterator.next())).to.include({ code, notStarted: false })
    })
  }

  it('let a result pass that just fits', async () => {
    const client = await connect({}, { maxFrameBytes: 10_000 })
    expect(await client.runAction(Produce, 'much')).to.have.length(9_000)
  })

  it('let an error pass without what of it cannot travel', async () => {
    const client = await connect({}, { maxFrameBytes: 10_000 })
    const error = await failureOf(client.runAction(Throw, 10))
    expect(error.message).to.equal('xxxxxxxxxx')
    expect(error).to.not.have.property('handle')
  })

  it('put an error that is too large in the place of one that says so', async () => {
    const client = await connect({}, { maxFrameBytes: 10_000 })
    const error = await failureOf(client.runAction(Throw, 20_000))
    expect(error).to.include({ code: 'TOO_LARGE', notStarted: false })
  })

  it('refuse new calls while the answers of a session pile up, and go on when they are read', async () => {
    const client = await connect({ maxLedgerBytes: 10_000 })
    const calls = [1, 2, 3].map(() => client.runAction(Work))
    await settle()
    const { wire } = world.network
    wire.block('down')
    for (const run of work.runs) {
      run.finish('x'.repeat(9_000))
      await settle()
    }
    const more = client.runAction(Work, 'more')
    await settle()
    expect(work.runs).to.have.length(3)
    wire.unblock('down')
    await world.clock.advance(1_000)
    expect((await Promise.all(calls)).map((result) => (result as string).length)).to.deep.equal([9_000, 9_000, 9_000])
    work.runs[3]?.finish('ran')
    expect(await world.clock.until(more)).to.equal('ran')
  })

  it('are named when they are wrong', () => {
    for (const limits of [{ maxFrameBytes: 0 }, { maxCallsInFlight: 70_000 }, { heartbeatMs: Number.NaN }]) {
      expect(() => world.client({ limits: limits as never })).to.throw(`option limits.${Object.keys(limits)[0]}`)
    }
  })

  it('are named when there are none of that name', () => {
    const limits = { heartbeat: 1 } as never
    expect(() => world.client({ limits })).to.throw('limits: unknown option "heartbeat"; did you mean heartbeatMs?')
  })

  it('count the items of streams as well', async () => {
    const client = await connect()
    expect(await failureOf(itemsOf(client.runAction(Emit, 'a function')))).to.include({ code: 'UNSENDABLE' })
  })
})
