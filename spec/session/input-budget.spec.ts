// Many uploads of one session whose handlers read them late: each waits at its caller, and none ends for what the others
// hold.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Client, type Context } from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf, World } from '../setup/world.ts'

const kibibyte = 1024
const limits = {
  maxInFlightBytes: 1024 * kibibyte,
  streamWindowBytes: 64 * kibibyte,
  maxWriteQueueBytes: 4096 * kibibyte,
}
const uploadCount = 100

/** Reads its input when it is told to. */
class Later extends Action {
  readonly starts: (() => void)[] = []

  async action(items: AsyncIterable<string>, { signal }: Context) {
    await new Promise<void>((resolve) => {
      this.starts.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    let count = 0
    for await (const _ of items) count++
    return count
  }
}

/** Answers without a look at its input. */
class Ignore extends Action {
  action(items: AsyncIterator<unknown>, _context: Context) {
    void items.next()
    return 'ignored'
  }
}

describe('uploads that are not read', () => {
  let world: World
  let client: Client
  let later: Later

  beforeEach(async () => {
    world = new World()
    later = new Later()
    await world.serve([later, new Ignore()], { limits })
    client = world.client()
    await client.connect()
  })

  afterEach(() => world.close())

  async function* upload(items = 40, size = 4 * kibibyte): AsyncGenerator<string> {
    for (let i = 0; i < items; i++) yield 'x'.repeat(size)
  }

  async function startAll(count = uploadCount, items?: number, size?: number): Promise<Promise<unknown>[]> {
    const calls = Array.from({ length: count }, () => client.runAction(Later, upload(items, size)).then(Number))
    for (const call of calls) call.catch(() => undefined)
    await waitFor(() => later.starts.length === count)
    for (let i = 0; i < 20; i++) await settle()
    return calls
  }

  it('hold no more together than the session may have, and all end well when they are read', async () => {
    const calls = await startAll()
    const sent = world.network.wire.sent(Kind.Input, 'up').length
    // A quarter, and an item more of each.
    expect(sent).to.be.within(64, 80)
    for (const start of later.starts) start()
    expect(await Promise.all(calls)).to.deep.equal(calls.map(() => 40))
  })

  it('end well where some are read while the others are not, in either order', async () => {
    const calls = await startAll()
    for (const start of later.starts.slice(50).reverse()) start()
    expect(await Promise.all(calls.slice(50))).to.deep.equal(calls.slice(50).map(() => 40))
    for (const start of later.starts) start()
    expect(await Promise.all(calls)).to.deep.equal(calls.map(() => 40))
  })

  it('do not begin at their source before they are granted anything', async () => {
    const held = await startAll(10)
    const taken: number[] = []
    async function* watched(): AsyncGenerator<string> {
      taken.push(taken.length)
      yield 'x'
    }
    const call = client.runAction(Later, watched()).then(Number)
    await waitFor(() => later.starts.length === 11)
    await settle()
    expect(taken).to.deep.equal([])
    later.starts[10]?.()
    expect(await call).to.equal(1)
    for (const start of later.starts) start()
    await Promise.all(held)
  })

  it('give back what they were granted, however they end', async () => {
    for (let round = 0; round < 3; round++) {
      const calls = await startAll(4)
      expect(world.network.wire.sent(Kind.Input, 'up').length).to.be.at.least((round + 1) * 64)
      const cancelled = [0, 1].map(() => client.runAction(Later, upload()))
      await settle()
      for (const call of cancelled) call.cancel()
      await Promise.all(cancelled.map(failureOf))
      expect(await client.runAction(Ignore, upload())).to.equal('ignored')
      for (const start of later.starts.splice(0)) start()
      expect(await Promise.all(calls)).to.deep.equal(calls.map(() => 40))
    }
  })

  it('are told when they are admitted, with nothing granted where nothing is left', async () => {
    const peer = await FramePeer.enter(world, ['Later'])
    for (let slot = 0; slot < 5; slot++) await peer.call(1_024 + slot, { inputs: 1 })
    expect(peer.all(Kind.InputCredit).map(({ granted }) => granted / kibibyte)).to.deep.equal([64, 64, 64, 64, 0])
    later.starts[4]?.()
    await settle()
    expect(peer.all(Kind.InputCredit).at(-1)).to.include({ seq: 1_028, received: 0, granted: 16 * kibibyte })
    await peer.close()
  })
})
