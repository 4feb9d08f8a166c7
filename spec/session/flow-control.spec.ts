// Streams are bounded by their readers, at both sides; what nobody reads is thrown away, and says so.
import { expect } from 'chai'
import { Action, type Client, type Context, OutcomeUnknownError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, World } from '../setup/world.ts'

const windowBytes = 256 * 1_024
/** Small items count for 1 KiB each. */
const windowItems = 256

class Count extends Action {
  yielded = 0

  async *action({ upTo, size = 0 }: { upTo: number; size?: number }) {
    for (let i = 1; i <= upTo; i++) {
      this.yielded = i
      yield size === 0 ? i : 'x'.repeat(size)
    }
    return 'all'
  }
}

class Hasty extends Action {
  emitted = 0
  error: unknown

  async action(size: number, { emit }: Context<string>) {
    try {
      for (;;) {
        await Promise.race([emit('x'.repeat(size)), undefined])
        this.emitted++
      }
    } catch (error) {
      this.error = error
      throw error
    }
  }
}

class Failing extends Action {
  async *action(after: number) {
    for (let i = 1; i <= after; i++) yield i
    throw new RangeError(`no more than ${after}`)
  }
}

/** Takes an item when it is told to. */
class TakeOne extends Action {
  taken = 0
  next: () => Promise<unknown> = () => Promise.resolve()
  finish: () => void = () => undefined

  async action(items: AsyncIterable<unknown>) {
    const iterator = items[Symbol.asyncIterator]()
    this.next = async () => {
      await iterator.next()
      this.taken++
    }
    await new Promise<void>((resolve) => {
      this.finish = resolve
    })
    return this.taken
  }
}

class TakeFew extends Action {
  async action(items: AsyncIterable<number>) {
    const taken: number[] = []
    for await (const item of items) if (taken.push(item) === 3) break
    return taken
  }
}

/** Reads one item, and runs until the source is empty all the same. */
class TakeFirst extends Action {
  async action(items: AsyncIterable<number>, { signal }: Context) {
    for await (const item of items) {
      if (item === 1) break
    }
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
}

describe('flow control', () => {
  let world: World
  let client: Client
  const actions = { count: new Count(), hasty: new Hasty(), takeOne: new TakeOne() }

  beforeEach(async () => {
    world = new World()
    Object.assign(actions, { count: new Count(), hasty: new Hasty(), takeOne: new TakeOne() })
    await world.serve([...Object.values(actions), new Failing(), new TakeFew(), new TakeFirst()])
    client = world.client({ timeoutMs: 60_000 })
  })

  afterEach(() => world.close())

  it('lets a generator get no further ahead of its reader than the window', async () => {
    const call = client.runAction(Count, { upTo: 100_000 })
    const iterator = call[Symbol.asyncIterator]()
    for (let read = 1; read <= 1_000; read++) {
      expect(await iterator.next()).to.deep.equal({ done: false, value: read })
      if (read % 100 !== 0) continue
      await settle()
      expect(actions.count.yielded - read).to.be.within(1, windowItems + 1)
    }
    await iterator.return?.()
    await failureOf(call)
  })

  it('counts large items by their size', async () => {
    const size = 64 * 1_024
    const call = client.runAction(Count, { upTo: 100, size })
    const iterator = call[Symbol.asyncIterator]()
    await iterator.next()
    await settle()
    expect(actions.count.yielded * size).to.be.within(windowBytes / 2, windowBytes + 2 * size)
    await iterator.return?.()
    await failureOf(call)
  })

  it('lets an item pass that is larger than the window', async () => {
    const items = await itemsOf(client.runAction(Count, { upTo: 3, size: 2 * windowBytes }))
    expect(items.map((item) => (item as string).length)).to.deep.equal([2, 2, 2].map((n) => n * windowBytes))
  })

  it('takes no more from a source than a slow handler reads and the window', async () => {
    let given = 0
    async function* source(): AsyncGenerator<number> {
      for (;;) yield ++given
    }
    const call = client.runAction(TakeOne, source())
    await settle()
    expect(given).to.be.within(windowItems, windowItems + 2)
    for (let i = 0; i < 500; i++) await actions.takeOne.next()
    await settle()
    expect(given - actions.takeOne.taken).to.be.within(windowItems / 2, windowItems + 2)
    actions.takeOne.finish()
    expect(await call).to.equal(500)
  })

  it('closes a source whose action is done', async () => {
    let isClosed = false
    async function* source(): AsyncGenerator<number> {
      try {
        for (let i = 1; ; i++) {
          yield i
          await settle()
        }
      } finally {
        isClosed = true
      }
    }
    expect(await client.runAction(TakeFew, source())).to.deep.equal([1, 2, 3])
    await settle()
    await settle()
    expect(isClosed).to.equal(true)
  })

  it('lets a source go on that its handler stopped reading', async () => {
    let given = 0
    async function* source(): AsyncGenerator<number> {
      while (given < 2_000) yield ++given
    }
    const call = client.runAction(TakeFirst, source())
    await settle()
    expect(given).to.equal(2_000)
    call.cancel()
    await failureOf(call)
  })

  it('fails the call with the error of its source, and tells the handler', async () => {
    async function* source(): AsyncGenerator<number> {
      yield 1
      throw new RangeError('the source ran dry')
    }
    const error = await failureOf(client.runAction(TakeFew, source()))
    expect(error).to.be.instanceOf(RangeError).with.property('message', 'the source ran dry')
  })

  it('caps what is emitted without waiting', async () => {
    const error = await failureOf(itemsOf(client.runAction(Hasty, 64 * 1_024)))
    expect(error).to.include({ code: 'BUSY', notStarted: false })
    expect(error.message).to.match(/await each emit/)
    expect(actions.hasty.emitted).to.be.within(200, 400)
  })

  it('discards items when the call is only awaited', async () => {
    expect(await client.runAction(Count, { upTo: 5_000 })).to.equal('all')
    expect(actions.count.yielded).to.equal(5_000)
  })

  it('says so when items were discarded and somebody iterates after all', async () => {
    const call = client.runAction(Count, { upTo: 5_000 })
    await call
    expect(await failureOf(itemsOf(call))).to.include({ code: 'ITEMS_DISCARDED' })
  })

  it('keeps the items of a short stream for who iterates later', async () => {
    const call = client.runAction(Count, { upTo: 200 })
    await call
    expect(await itemsOf(call)).to.have.length(200)
  })

  it('says so when a second loop would find nothing', async () => {
    const call = client.runAction(Count, { upTo: 3 })
    const first = call[Symbol.asyncIterator]()
    expect(await first.next()).to.deep.equal({ done: false, value: 1 })
    expect(await itemsOf(call)).to.deep.equal([2, 3])
    const error = await failureOf(itemsOf(call))
    expect(error).to.include({ code: 'ITEMS_DISCARDED' })
    expect(error.message).to.equal('items of action "Count" were read already: keep those that you need again')
    expect(await first.next()).to.deep.equal({ done: true, value: 'all' })
    const broken = client.runAction(Failing, 2)
    for (let loop = 0; loop < 2; loop++) expect(await failureOf(itemsOf(broken))).to.be.instanceOf(RangeError)
  })

  it('gives an error in the middle after the items before it', async () => {
    const items: number[] = []
    const error = await failureOf(
      (async () => {
        for await (const item of client.runAction(Failing, 500)) items.push(item)
      })(),
    )
    expect(error).to.be.instanceOf(RangeError).with.property('message', 'no more than 500')
    expect(items).to.have.length(500)
  })

  it('gives the items that came, then the error, where the server is lost', async () => {
    const call = client.runAction(Count, { upTo: 100_000 })
    const iterator = call[Symbol.asyncIterator]()
    await iterator.next()
    await settle()
    world.network.crash('server')
    const items: unknown[] = []
    const reading = failureOf(
      (async () => {
        for await (const item of { [Symbol.asyncIterator]: () => iterator }) items.push(item)
      })(),
    )
    expect(await world.clock.until(reading)).to.be.instanceOf(OutcomeUnknownError)
    expect(items.length).to.be.within(windowItems / 2, windowItems)
  })

  it('gives the returned value as the iterator’s last', async () => {
    const iterator = client.runAction(Count, { upTo: 1 })[Symbol.asyncIterator]()
    await iterator.next()
    expect(await iterator.next()).to.deep.equal({ done: true, value: 'all' })
    expect(await iterator.next()).to.deep.equal({ done: true, value: 'all' })
  })
})
