// Shutting a server down: running calls finish, new ones go elsewhere, nothing is left waiting.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, CancelledError, type Context, OutcomeUnknownError, Server } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, Work, World } from '../setup/world.ts'

class Count extends Action {
  async *action(upTo: number) {
    for (let i = 1; i <= upTo; i++) yield i
    return 'all'
  }
}

class Sum extends Action {
  async action(items: AsyncIterable<number>) {
    return (await itemsOf(items)).reduce((sum, item) => sum + item, 0)
  }
}

/** Takes some time, and notes who ran what. */
class Slow extends Action {
  readonly #runs: number[]
  readonly #world: World

  constructor(runs: number[], world: World) {
    super()
    this.#runs = runs
    this.#world = world
  }

  async action(id: number) {
    this.#runs.push(id)
    await new Promise<void>((resolve) => this.#world.clock.setTimer(resolve, (id * 7) % 40))
    return id
  }
}

describe('shutting down a server', () => {
  let world: World
  let work: Work
  let server: Server

  beforeEach(async () => {
    world = new World()
    work = new Work()
    server = await world.serve([work, new Count(), new Sum()])
  })

  afterEach(() => world.close())

  it('settles when no client ever connected', async () => {
    await server.shutdown()
    expect(server.isShuttingDown).to.equal(true)
    expect(world.clock.pendingCount).to.equal(0)
  })

  it('settles when it never listened', async () => {
    const { clock, network } = world
    await new Server('memory:other', { network, clock }).shutdown()
  })

  it('is the same when it is asked for twice', async () => {
    await world.client().connect()
    const [first, second] = [server.shutdown(), server.shutdown()]
    await world.clock.until(Promise.all([first, second]))
    await server.shutdown()
    expect(server.sessions).to.deep.equal([])
  })

  it('lets running calls finish, and delivers their results', async () => {
    const client = world.client()
    const calls = [client.runAction(Work, 1), client.runAction(Work, 2)]
    await settle()
    const shutdown = server.shutdown({ graceMs: 60_000 })
    await world.clock.advance(30_000)
    expect(work.runs.map((run) => run.context.signal.aborted)).to.deep.equal([false, false])
    expect(work.runs[0]?.context.server.isShuttingDown).to.equal(true)
    for (const run of work.runs) run.finish(`result ${run.data}`)
    await world.clock.until(shutdown)
    expect(await Promise.all(calls)).to.deep.equal(['result 1', 'result 2'])
  })

  it('lets a stream finish that is being read', async () => {
    const client = world.client()
    const call = client.runAction(Count, 1_000)
    const iterator = call[Symbol.asyncIterator]()
    await iterator.next()
    const shutdown = server.shutdown()
    await settle()
    expect(await world.clock.until(itemsOf(iterator))).to.have.length(999)
    await world.clock.until(shutdown)
    expect(await call).to.equal('all')
  })

  it('delivers a result that was given while the client had no link, if it comes back in time', async () => {
    const client = world.client()
    const call = client.runAction(Work)
    await settle()
    world.network.wire.cut()
    work.run.finish('kept')
    await world.clock.until(call)
    await world.clock.until(server.shutdown())
    expect(await call).to.equal('kept')
  })

  it('refuses new calls as not started', async () => {
    const client = world.client({ retry: 0 })
    const running = client.runAction(Work)
    await settle()
    // The client has not heard of it yet.
    world.network.wire.hold('down')
    const shutdown = server.shutdown()
    const refused = failureOf(client.runAction(Work))
    await settle()
    work.run.finish('ran')
    world.network.wire.release('down')
    await world.clock.until(shutdown)
    expect(await refused).to.include({ code: 'SHUTTING_DOWN', notStarted: true })
    expect(await running).to.equal('ran')
  })

  it('aborts the signals of handlers that run on when the grace is over', async () => {
    const client = world.client()
    const call = failureOf(client.runAction(Work))
    await settle()
    const { signal } = work.run.context
    const shutdown = server.shutdown({ graceMs: 5_000 })
    await world.clock.advance(4_990)
    expect(signal.aborted).to.equal(false)
    await world.clock.advance(20)
    expect(signal.aborted).to.equal(true)
    expect(signal.reason).to.be.instanceOf(CancelledError)
    work.run.fail(new Error('ended early'))
    await world.clock.until(shutdown)
    expect((await call).message).to.equal('ended early')
  })

  it('ends although a handler ignores its signal: its outcome is unknown', async () => {
    const client = world.client()
    const call = failureOf(client.runAction(Work))
    await settle()
    await world.clock.until(server.shutdown({ graceMs: 100 }))
    const error = await world.clock.until(call)
    expect(error).to.be.instanceOf(OutcomeUnknownError)
    expect(error['notStarted']).to.equal(false)
  })

  it('ends with a grace of nothing', async () => {
    const client = world.client()
    const call = failureOf(client.runAction(Work))
    await settle()
    const shutdown = server.shutdown({ graceMs: 0 })
    await settle()
    expect(work.run.context.signal.aborted).to.equal(true)
    work.run.fail(work.run.context.signal.reason)
    await world.clock.until(shutdown)
    expect(await call).to.be.instanceOf(CancelledError)
  })

  it('tells the client, whose next call goes to another address', async () => {
    const other = new Work()
    await world.serve([other], {}, 'other')
    const client = world.client({ retry: 0 }, 'server', 'other')
    const first = client.runAction(Work, 1)
    await settle()
    const shutdown = server.shutdown()
    await settle()
    const second = client.runAction(Work, 2)
    await settle()
    expect(other.run.data).to.equal(2)
    expect(world.network.dials).to.deep.equal(['server', 'other'])
    other.run.finish('from the other')
    expect(await second).to.equal('from the other')
    work.run.finish('from the first')
    expect(await first).to.equal('from the first')
    await world.clock.until(shutdown)
  })

  it('sends a refused stream elsewhere, from its first item', async () => {
    await world.serve([new Sum()], {}, 'other')
    const client = world.client({}, 'server', 'other')
    const running = client.runAction(Work)
    await settle()
    world.network.wire.hold('down')
    const shutdown = server.shutdown()
    async function* items(): AsyncGenerator<number> {
      for (let i = 1; i <= 300; i++) yield i
    }
    const sum = client.runAction(Sum, items())
    await settle()
    world.network.wire.release('down')
    expect(await world.clock.until(sum)).to.equal(45_150)
    work.run.finish()
    await running
    await world.clock.until(shutdown)
  })

  it('costs no call of a busy client: each runs once, here or there', async () => {
    const runs: number[] = []
    server.addAction(new Slow(runs, world))
    await world.serve([new Slow(runs, world)], {}, 'other')
    const client = world.client({}, 'server', 'other')
    const calls: Promise<number>[] = []
    let shutdown: Promise<void> | undefined
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 20; i++) calls.push(client.runAction(Slow, calls.length))
      if (round === 20) shutdown = server.shutdown()
      await world.clock.advance(5)
    }
    const results = await world.clock.until(Promise.all(calls))
    await world.clock.until(shutdown as Promise<void>)
    expect(results).to.deep.equal(calls.map((_, i) => i))
    expect(runs.toSorted((a, b) => a - b)).to.deep.equal(results)
    const perServer = world.network.wires.map((wire) => wire.sent(Kind.Result, 'down').length)
    expect(perServer.filter((count) => count > 100)).to.have.length(2)
  })

  it('lets a running action call its client back', async () => {
    const client = world.client()
    client.addActions({ answer: (question: string) => `${question}!` })
    const call = client.runAction(Work)
    await settle()
    const shutdown = server.shutdown()
    await settle()
    const { client: caller } = work.run.context as Context
    work.run.finish(await caller.runAction('answer', 'now'))
    expect(await call).to.equal('now!')
    await world.clock.until(shutdown)
  })

  it('ends serveForever', async () => {
    const forever = server.serveForever()
    await server.shutdown()
    await forever
  })

  it('frees the address although it was shut down while it began to listen', async () => {
    const { clock, network } = world
    const hasty = new Server('memory:hasty', { network, clock })
    const listening = hasty.listen().catch(() => undefined)
    await hasty.shutdown()
    await listening
    expect(hasty.addresses).to.deep.equal([])
    const next = new Server('memory:hasty', { network, clock })
    await next.listen()
    await next.shutdown()
    expect(() => network.dial('hasty')).to.throw()
  })
})
