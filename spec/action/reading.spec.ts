// A reader of a call's items that fails, and an item that it cannot be given: the call is cancelled, and everybody learns why.
import { expect } from 'chai'
import { Action, type Client, type Context } from '../../lib/index.ts'
import { failureOf, World } from '../setup/world.ts'

let signal: AbortSignal | undefined

class Count extends Action<number, string, unknown> {
  async *action(deepFrom: number, context: Context) {
    signal = context.signal
    for (let i = 0; i < 3; i++) yield i < deepFrom ? i : [[[[[[i]]]]]]
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve))
    return 'ended'
  }
}

describe('A reader of items', () => {
  let world: World
  let client: Client

  beforeEach(async () => {
    signal = undefined
    world = new World()
    await world.serve([new Count()])
    client = world.client({ limits: { maxValueDepth: 4 } })
  })

  afterEach(() => world.close())

  const reasonOf = async (): Promise<string> => {
    await world.clock.until(
      new Promise<void>((resolve) => {
        if (signal?.aborted) resolve()
        else signal?.addEventListener('abort', () => resolve())
      }),
    )
    return String((signal as AbortSignal).reason.name)
  }

  it('that throws into the loop gets its own error back, and the call is cancelled with it', async () => {
    const call = client.runAction(Count, 3)
    const items = call[Symbol.asyncIterator]()
    expect(await world.clock.until(items.next())).to.deep.equal({ done: false, value: 0 })
    const mistake = new TypeError('no number')
    expect(await failureOf(items.throw?.(mistake) as Promise<unknown>)).to.equal(mistake)
    const error = await failureOf(world.clock.until(call))
    expect(error).to.have.property('code', 'CANCELLED')
    expect(error.message).to.include('its reader failed: an instance of TypeError')
    expect(await reasonOf()).to.equal('CancelledError')
    const after = await failureOf(world.clock.until(items.next()))
    expect(after).to.have.property('code', 'CANCELLED')
  })

  it('that leaves the loop cancels the call', async () => {
    const call = client.runAction(Count, 3)
    const reading = (async () => {
      for await (const item of call) if (item === 1) break
    })()
    await world.clock.until(reading)
    expect((await failureOf(world.clock.until(call))).message).to.include('its reader left the loop')
    expect(await reasonOf()).to.equal('CancelledError')
  })

  it('gets an error for an item that cannot be read here, after those that can, and the call is cancelled', async () => {
    const call = client.runAction(Count, 1)
    const seen: unknown[] = []
    const reading = (async () => {
      for await (const item of call) seen.push(item)
    })()
    const error = await failureOf(world.clock.until(reading))
    expect(error.message).to.match(/deep|nested/)
    expect(seen).to.deep.equal([0])
    expect((await failureOf(world.clock.until(call))).message).to.include('an item could not be read')
    expect(await reasonOf()).to.equal('CancelledError')
  })
})
