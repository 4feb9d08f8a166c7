// The hook onRetry: what programs hear of the faults that their calls outlive.
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect } from 'chai'
import { type Client, ClientError, type Retry } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

describe('onRetry', () => {
  let world: World
  let work: Work
  let heard: Retry[]

  beforeEach(() => {
    world = new World()
    work = new Work()
    heard = []
  })

  afterEach(() => world.close())

  const onRetry = (retry: Retry): void => void heard.push(retry)

  /** Its call runs. */
  async function running(client: Client): Promise<void> {
    await client.connect()
    await settle()
  }

  it('hears of each attempt to connect that failed but the last', async () => {
    const error = await world.clock.until(failureOf(world.client().runAction(Work, 1, { onRetry })))
    expect(heard.map(({ action, fault, faults, retries }) => ({ action, fault, faults, retries }))).to.deep.equal(
      [1, 2, 3].map((faults) => ({ action: 'Work', fault: 'cannot connect', faults, retries: 3 })),
    )
    expect(heard[0]?.reason.message).to.equal('memory:server is unreachable')
    expect(error).to.include({ code: 'UNREACHABLE' })
  })

  it('hears of a link that was lost under a running call, and not of one without calls', async () => {
    await world.serve([work])
    const client = world.client({ onRetry })
    await running(client)
    world.network.wire.cut()
    await world.clock.advance(5_000)
    expect(heard).to.deep.equal([])
    const call = client.runAction(Work, 1)
    await settle()
    world.network.wire.cut()
    await world.clock.advance(5_000)
    work.run.finish('done')
    expect(await call).to.equal('done')
    expect(heard.map(({ fault, faults }) => ({ fault, faults }))).to.deep.equal([{ fault: 'link lost', faults: 1 }])
  })

  it('hears of a busy server, which costs no retry', async () => {
    await world.serve([work], { limits: { maxRunningCalls: 1 } })
    const client = world.client()
    const first = client.runAction(Work, 'x'.repeat(900))
    await settle()
    const second = client.runAction(Work, 'y'.repeat(900), { onRetry })
    await world.clock.advance(50)
    work.run.finish(1)
    await world.clock.advance(30_000)
    work.runs[1]?.finish(2)
    expect(await Promise.all([first, second])).to.deep.equal([1, 2])
    expect(heard.length).to.be.at.least(1)
    for (const retry of heard) expect(retry).to.include({ fault: 'refused as busy', faults: 0 })
    expect(heard[0]?.reason).to.include({ code: 'BUSY' })
  })

  it('is the call’s own before the client’s', async () => {
    const own: Retry[] = []
    const client = world.client({ onRetry })
    const call = client.runAction(Work, 1, { retry: 1, onRetry: (retry) => void own.push(retry) })
    await world.clock.until(failureOf(call))
    expect([heard.length, own.length]).to.deep.equal([0, 1])
  })

  it('ends the call with what it throws', async () => {
    const enough = new Error('enough')
    const call = world.client().runAction(Work, 1, {
      onRetry: () => {
        throw enough
      },
    })
    expect(await world.clock.until(failureOf(call))).to.equal(enough)
    expect(world.network.dials).to.have.length(1)
  })

  it('runs in the context of the call that it is of', async () => {
    const storage = new AsyncLocalStorage<string>()
    const stores: unknown[] = []
    const client = world.client()
    const calls = ['ann', 'bob'].map((name) =>
      storage.run(name, () =>
        failureOf(client.runAction(Work, name, { retry: 1, onRetry: () => void stores.push(storage.getStore()) })),
      ),
    )
    await world.clock.until(Promise.all(calls))
    expect(stores).to.deep.equal(['ann', 'bob'])
  })

  it('is refused where it is no function', async () => {
    expect(() => world.client({ onRetry: 3 as never })).to.throw(
      ClientError,
      'option onRetry: expected a function, got 3',
    )
    const error = await failureOf(world.client().runAction(Work, 1, { onRetry: 'x' as never }))
    expect(error).to.include({ code: 'INVALID_OPTION' })
  })
})
