// What one session may make the other side keep, by bytes, whatever the number of its calls: input that nobody has
// read, and answers that nobody takes.
import { expect } from 'chai'
import { Action, BusyError, type Client, type Context, OutcomeUnknownError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf, World } from '../setup/world.ts'

const kibibyte = 1024

/** Takes input and reads it when it is told to. */
class Later extends Action {
  read: () => void = () => undefined
  readonly reads: (() => void)[] = []

  async action(items: AsyncIterable<string>, { signal }: Context) {
    await new Promise<void>((resolve) => {
      this.read = resolve
      this.reads.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    let count = 0
    for await (const _ of items) count++
    return count
  }
}

class Produce extends Action {
  runs = 0

  async action(size: number) {
    this.runs++
    await settle()
    return 'x'.repeat(size)
  }
}

describe('what a session keeps, by bytes', () => {
  let world: World
  let client: Client
  const later = new Later()
  const produce = new Produce()

  beforeEach(async () => {
    world = new World()
    const limits = {
      maxInFlightBytes: 100 * kibibyte,
      maxLedgerBytes: 64 * kibibyte,
      streamWindowBytes: 10 * kibibyte,
      maxWriteQueueBytes: 1024 * kibibyte,
    }
    produce.runs = 0
    await world.serve([later, produce], { limits })
    client = world.client()
    await client.connect()
  })

  afterEach(() => world.close())

  async function* upload(items: number, size = 40): AsyncGenerator<string> {
    for (let i = 0; i < items; i++) yield 'x'.repeat(size * kibibyte)
  }

  it('ends the call whose input would be too much beside that of others, and leaves those alone', async () => {
    // Both are granted something before anything has come: their first items are larger than that.
    const first = client.runAction(Later, upload(1, 60))
    const second = client.runAction(Later, upload(2, 60))
    const error = await failureOf(second)
    expect(error).to.be.instanceOf(BusyError).with.property('notStarted', false)
    expect((error as Error).message).to.contain('wait to be read')
    later.reads[0]?.()
    expect(await first).to.equal(1)
  })

  it('takes more again when what waited was read', async () => {
    for (let round = 0; round < 3; round++) {
      const calls = [client.runAction(Later, upload(1)), undefined]
      await settle()
      const readFirst = later.read
      calls[1] = client.runAction(Later, upload(1))
      await settle()
      readFirst()
      later.read()
      expect(await Promise.all(calls)).to.deep.equal([1, 1])
    }
  })

  it('keeps answers without a link up to a bound; beyond it their callers learn that they are lost', async () => {
    world.network.setReachable('server', false)
    const calls = Array.from({ length: 10 }, () => client.runAction(Produce, 30 * kibibyte).outcome())
    await waitFor(() => produce.runs === 10)
    world.network.wire.cut('rst')
    for (let i = 0; i < 10; i++) await settle()
    world.network.setReachable('server', true)
    const outcomes = await world.clock.until(Promise.all(calls))
    const lost = outcomes.filter((outcome) => !outcome.ok)
    expect(lost.length).to.equal(5) // five of 30 KiB are within 164 KiB
    for (const outcome of lost) expect(outcome).to.have.property('error').that.is.instanceOf(OutcomeUnknownError)
    expect(produce.runs).to.equal(10)
  })

  it('keeps no more of the answers that waited for a link when that is lost', async () => {
    const { wire } = world.network
    wire.block('down')
    const calls = Array.from({ length: 10 }, () => client.runAction(Produce, 30 * kibibyte).outcome())
    for (let i = 0; i < 10; i++) await settle()
    expect(produce.runs).to.equal(10)
    wire.cut('rst')
    const outcomes = await world.clock.until(Promise.all(calls))
    const lost = outcomes.filter((outcome) => !outcome.ok)
    expect(lost.length).to.equal(5) // the one that arrived, and four that did not, are within 164 KiB
    for (const outcome of lost) expect(outcome).to.have.property('error').that.is.instanceOf(OutcomeUnknownError)
  })
})
