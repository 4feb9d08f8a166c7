// Links that do not take what is written: streams and answers wait, and go on when the link does.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Client, type Context } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, Work, World } from '../setup/world.ts'

/** Emits without waiting, then returns. */
class Hasty extends Action {
  async action(count: number, { emit }: Context<number>) {
    await settle()
    for (let i = 0; i < count; i++) void emit(i)
    return 'done'
  }
}

/** Reads until its time is over, and runs on until it is let go. */
class Reader extends Action {
  error: unknown
  finish: () => void = () => undefined

  async action(items: AsyncIterable<number>) {
    try {
      for await (const _ of items);
    } catch (error) {
      this.error = error
    }
    await new Promise<void>((resolve) => {
      this.finish = resolve
    })
  }
}

describe('a link that takes no more for a while', () => {
  let world: World
  let work: Work
  let client: Client
  const reader = new Reader()

  beforeEach(async () => {
    world = new World()
    work = new Work()
    await world.serve([work, new Hasty(), reader])
    client = world.client()
    await client.connect()
  })

  afterEach(() => world.close())

  it('gets the answer after items that waited for it', async () => {
    const { wire } = world.network
    wire.block('down')
    void client.runAction(Work)
    await settle()
    work.run.finish()
    await settle()
    const call = client.runAction(Hasty, 10)
    const items = itemsOf(call)
    await settle()
    await settle()
    expect(wire.sent(Kind.Item, 'down')).to.have.length(0)
    wire.unblock('down')
    expect(await items).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await call).to.equal('done')
  })

  it('gets the answers that waited for it', async () => {
    const { wire } = world.network
    wire.block('down')
    const calls = [1, 2, 3].map((data) => client.runAction(Work, data))
    await settle()
    for (const run of work.runs) run.finish(run.data)
    await settle()
    wire.unblock('down')
    expect(await Promise.all(calls)).to.deep.equal([1, 2, 3])
  })

  it('gets the calls that waited for it', async () => {
    const { wire } = world.network
    wire.block('up')
    const first = client.runAction(Work, 1) // its bytes arrive, but no more are taken
    await settle()
    const others = [2, 3].map((data) => client.runAction(Work, data))
    await settle()
    expect(work.runs).to.have.length(1)
    wire.unblock('up')
    await settle()
    for (const run of work.runs) run.finish(run.data)
    expect(await Promise.all([first, ...others])).to.deep.equal([1, 2, 3])
  })

  it('is not closed for an input that ends after its handler was told to stop', async () => {
    const { wire } = world.network
    async function* items(): AsyncGenerator<number> {
      yield 1
      // The server's time is up before the end is said, the client's is not yet.
      wire.hold('up')
      yield 2
      wire.hold('down')
    }
    const failed = failureOf(client.runAction(Reader, items(), { timeoutMs: 1_000 }))
    await settle()
    await world.clock.advance(1_000)
    wire.release('up')
    await settle()
    wire.release('down')
    await settle()
    expect(await failed).to.include({ code: 'DEADLINE_EXCEEDED', notStarted: false })
    expect(reader.error).to.include({ code: 'DEADLINE_EXCEEDED' })
    reader.finish()
    expect(client.isConnected).to.equal(true)
    expect(world.network.wires).to.have.length(1)
  })
})
