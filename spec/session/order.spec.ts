// Calls of one caller reach the other side in the order in which they were made, also when they are resent.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Client, type Context } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { IdempotentWork, Work, World } from '../setup/world.ts'

const twelve = Array.from({ length: 12 }, (_, i) => i)

describe('the order of calls', () => {
  let world: World
  let work: Work

  beforeEach(() => {
    world = new World()
    work = new Work()
  })

  afterEach(() => world.close())

  const ran = (by = work): unknown[] => by.runs.map(({ data }) => data)

  function finishAll(by = work): void {
    for (const run of by.runs.splice(0)) run.finish(run.data)
  }

  /** Uses twelve slots and frees them, so that the one used last is handed out first. */
  async function useSlots(client: Client, Class: typeof Work = Work, by = work): Promise<void> {
    const calls = twelve.map((i) => client.runAction(Class, i))
    await settle()
    finishAll(by)
    await Promise.all(calls)
  }

  it('is kept by calls that were under way when the link was lost', async () => {
    await world.serve([work])
    const client = world.client()
    await useSlots(client)
    world.network.wire.hold('up')
    const calls = twelve.map((i) => client.runAction(Work, i))
    await settle()
    world.network.wire.cut()
    await world.clock.advance(5_000)
    expect(ran()).to.deep.equal(twelve)
    finishAll()
    expect(await Promise.all(calls)).to.deep.equal(twelve)
  })

  it('has what was sent before what waited for a slot', async () => {
    await world.serve([work], { limits: { maxCallsInFlight: 4 } })
    const client = world.client()
    await useFour(client)
    world.network.wire.hold('up')
    const calls = twelve.map((i) => client.runAction(Work, i))
    await settle()
    world.network.wire.cut()
    await world.clock.advance(5_000)
    const order: unknown[] = []
    for (let i = 0; i < 12 && order.length < 12; i++) {
      order.push(...ran())
      finishAll()
      await settle()
    }
    expect(order).to.deep.equal(twelve)
    await Promise.all(calls)
  })

  async function useFour(client: Client): Promise<void> {
    const calls = [1, 2, 3, 4].map((i) => client.runAction(Work, i))
    await settle()
    finishAll()
    await Promise.all(calls)
  }

  it('is kept by calls that were made while there was no link', async () => {
    await world.serve([work])
    const client = world.client()
    await useSlots(client)
    world.network.wire.hold('up')
    const sent = twelve.slice(0, 6).map((i) => client.runAction(Work, i))
    await settle()
    world.network.wire.cut()
    await settle()
    const waiting = twelve.slice(6).map((i) => client.runAction(Work, i))
    await world.clock.advance(5_000)
    expect(ran()).to.deep.equal(twelve)
    finishAll()
    await Promise.all([...sent, ...waiting])
  })

  it('is kept by idempotent calls that run again at the next server', async () => {
    const first = new IdempotentWork()
    const second = new IdempotentWork()
    await world.serve([first], {}, 'a')
    await world.serve([second], {}, 'b')
    const client = world.client({}, 'a', 'b')
    await useSlots(client, IdempotentWork, first)
    const sent = twelve.slice(0, 6).map((i) => client.runAction(IdempotentWork, i))
    await settle()
    world.network.crash('a')
    await settle()
    const waiting = twelve.slice(6).map((i) => client.runAction(IdempotentWork, i))
    await world.clock.advance(5_000)
    expect(ran(second)).to.deep.equal(twelve)
    finishAll(second)
    await Promise.all([...sent, ...waiting])
  })

  it('is kept by calls that a server which shuts down hands back', async () => {
    const other = new Work()
    const server = await world.serve([work], { limits: { maxCallsInFlight: 4 } }, 'a')
    const client = world.client({}, 'a', 'b')
    await useFour(client)
    // Half of them are refused, the others were not sent.
    world.network.wire.hold('up')
    const calls = twelve.slice(0, 8).map((i) => client.runAction(Work, i))
    await settle()
    const stopped = server.shutdown({ graceMs: 60_000 })
    world.network.wire.release('up')
    // Refusals are here before another server is.
    await settle()
    await world.serve([other], {}, 'b')
    await world.clock.advance(5_000)
    expect(ran(other)).to.deep.equal(twelve.slice(0, 8))
    finishAll(other)
    await Promise.all(calls)
    await world.clock.until(stopped)
  })

  it('is kept by calls of the server to its client, which wait for its return', async () => {
    class Ask extends Action {
      readonly answers: Promise<unknown[]>[] = []

      action(count: number, context: Context) {
        const session = context.session as never as Pick<Client, 'runAction'>
        const calls = Array.from({ length: count }, (_, i) => session.runAction(Work, i))
        this.answers.push(Promise.all(calls))
      }
    }
    const ask = new Ask()
    await world.serve([ask])
    const client = world.client()
    client.addAction(work)
    await client.runAction(Ask, 12)
    await settle()
    finishAll()
    await ask.answers[0]
    world.network.wire.hold('down')
    void client.runAction(Ask, 12)
    await settle()
    world.network.wire.cut()
    await world.clock.advance(5_000)
    expect(ran()).to.deep.equal(twelve)
    finishAll()
    expect(await ask.answers[1]).to.deep.equal(twelve)
  })

  it('is kept by calls that a busy server refused, and by those made meanwhile', async () => {
    await world.serve([work], { limits: { maxRunningCalls: 1 } })
    const client = world.client()
    const blocker = client.runAction(Work, 'blocker')
    await settle()
    const calls = twelve.slice(0, 8).map((i) => client.runAction(Work, i))
    await settle()
    calls.push(...twelve.slice(8).map((i) => client.runAction(Work, i)))
    const order: unknown[] = []
    for (let i = 0; i < 100 && order.length < 13; i++) {
      order.push(...ran())
      finishAll()
      await world.clock.advance(100)
    }
    expect(order).to.deep.equal(['blocker', ...twelve])
    await Promise.all([blocker, ...calls])
    expect(world.network.wire.sent(Kind.Failure, 'down').length).to.be.greaterThan(12)
  })
})
