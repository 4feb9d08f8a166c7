// What a subscriber gets after breaks of every kind: everything it missed, in order and once; or the word that it
// cannot, and then nothing of it.
import { expect } from 'chai'
import fc from 'fast-check'
import { Channel, type Client, type Position, type Server, type Subscription } from '../../lib/index.ts'
import { longIt, sizeOf } from '../setup/long.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

class News extends Channel<number> {
  static override history = { size: 5, ttlMs: 60_000 }
}

/** Keeps nothing. */
class Ticks extends Channel<number> {}

const leaseMs = 2_000
const limits = { sessionLeaseMs: leaseMs }

describe('A subscription after a break', () => {
  let world: World
  let server: Server
  let client: Client

  const serve = async () => {
    server = await world.serve([], { limits })
    server.addChannel(new News()).addChannel(new Ticks())
  }

  beforeEach(async () => {
    world = new World()
    await serve()
    client = world.client()
  })

  afterEach(() => world.close())

  const publish = async (...numbers: number[]) => {
    for (const number of numbers) await server.channel(News).publish(number)
  }

  /** What comes, as it comes. */
  const follow = async <M>(subscription: Subscription<M>, ready = true) => {
    const seen: M[] = []
    void (async () => {
      for await (const message of subscription) seen.push(message)
    })().catch(() => undefined)
    if (ready) await world.clock.until(subscription.ready)
    return seen
  }

  const loseSession = async () => {
    world.network.setReachable('server', false)
    world.network.wire.cut()
    await world.clock.advance(leaseMs + 1_000)
    expect(server.sessions).to.have.length(0)
  }

  const comeBack = async () => {
    world.network.setReachable('server', true)
    await world.clock.advance(10_000)
  }

  it('of the link goes on where it was', async () => {
    const subscription = client.subscribe(News)
    const seen = await follow(subscription)
    await publish(1)
    world.network.wire.cut()
    await publish(2, 3, 4, 5, 6, 7, 8)
    await world.clock.advance(5_000)
    expect(seen).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8])
    expect(subscription.recovered).to.equal(true)
  })

  it('by a client that closed its link waits for it as long as its session lasts, unlike what it runs', async () => {
    await world.clock.until(server.shutdown({ graceMs: 0 }))
    const work = new Work()
    server = await world.serve([work], { limits: { closedLinkGraceMs: 500, sessionLeaseMs: leaseMs } })
    server.addChannel(new News())
    const seen = await follow(client.subscribe(News))
    const watch = client.watchPresence(News)
    await world.clock.until(watch.ready)
    const call = client.runAction(Work, 'work')
    call.catch(() => undefined)
    await settle()
    world.network.setReachable('server', false)
    world.network.wire.cut('fin')
    await world.clock.advance(leaseMs - 500)
    expect(work.run.context.signal.aborted).to.equal(true)
    work.run.finish()
    expect(server.channel(News).readerCount()).to.equal(1)
    await publish(1)
    await comeBack()
    await publish(2)
    await settle()
    expect(seen).to.deep.equal([1, 2])
    expect([watch.isOver, watch.members.length]).to.deep.equal([false, 1])
  })

  it('of the session is given what it missed, in order and once', async () => {
    const reconnects: boolean[] = []
    const subscription = client.subscribe(News, { onReconnect: (recovered) => reconnects.push(recovered) })
    const seen = await follow(subscription)
    await publish(1)
    await settle()
    await loseSession()
    await publish(2, 3, 4)
    await comeBack()
    await publish(5)
    await settle()
    expect(seen).to.deep.equal([1, 2, 3, 4, 5])
    expect(subscription.recovered).to.equal(true)
    expect(reconnects).to.deep.equal([true])
    expect(subscription.position?.offset).to.equal(5)
  })

  it('is given what it missed though it had never received anything', async () => {
    const subscription = client.subscribe(News, { key: 'kitchen' })
    const seen = await follow(subscription)
    await loseSession()
    for (const number of [1, 2]) await server.channel(News).publish(number, { key: 'kitchen' })
    await comeBack()
    expect(seen).to.deep.equal([1, 2])
    expect(subscription.recovered).to.equal(true)
  })

  it('is given what it missed after two breaks in a row', async () => {
    const subscription = client.subscribe(News)
    const seen = await follow(subscription)
    await publish(1)
    await settle()
    await loseSession()
    await publish(2)
    // The next link breaks too, as soon as the subscription is asked for.
    world.network.judge = () => {
      world.network.judge = undefined
      return 'pass and cut'
    }
    await comeBack()
    await publish(3)
    await loseSession()
    await publish(4)
    await comeBack()
    expect(seen).to.deep.equal([1, 2, 3, 4])
    expect(subscription.recovered).to.equal(true)
  })

  it('gets what is published while it is given what it missed after that, once', async () => {
    const subscription = client.subscribe(News)
    const seen = await follow(subscription)
    await loseSession()
    await publish(1, 2, 3)
    let next = 4
    world.network.judge = (_frame, direction) => {
      // With each frame to the client one more is published, until the history has been through.
      if (direction === 'down' && next <= 8) void server.channel(News).publish(next++)
      return 'pass'
    }
    await comeBack()
    expect(seen).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8])
    expect(subscription.recovered).to.equal(true)
  })

  it('is told where too much was missed, and given none of it', async () => {
    const subscription = client.subscribe(News)
    const seen = await follow(subscription)
    await publish(1)
    await settle()
    await loseSession()
    await publish(2, 3, 4, 5, 6, 7)
    await comeBack()
    await publish(8)
    await settle()
    expect(seen).to.deep.equal([1, 8])
    expect(subscription.recovered).to.equal(false)
  })

  it('is told where what was missed is too old', async () => {
    const subscription = client.subscribe(News)
    const seen = await follow(subscription)
    await loseSession()
    await publish(1)
    await world.clock.advance(60_000)
    await comeBack()
    expect(seen).to.deep.equal([])
    expect(subscription.recovered).to.equal(false)
    expect(server.channel(News).history()).to.deep.equal([])
  })

  it('has missed nothing where nothing was published, also without a history', async () => {
    const ticks = client.subscribe(Ticks)
    const seen = await follow(ticks)
    await server.publish(Ticks, 1)
    await settle()
    await loseSession()
    await comeBack()
    await server.publish(Ticks, 2)
    await settle()
    expect(seen).to.deep.equal([1, 2])
    expect(ticks.recovered).to.equal(true)
    await loseSession()
    await server.publish(Ticks, 3)
    await comeBack()
    expect(ticks.recovered).to.equal(false)
    expect(seen).to.deep.equal([1, 2])
  })

  it('by a server that was started anew goes on, and is told', async () => {
    const subscription = client.subscribe(News)
    const seen = await follow(subscription)
    await publish(1)
    await settle()
    world.network.crash('server')
    await serve()
    await publish(2)
    await world.clock.advance(10_000)
    await publish(3)
    await settle()
    expect(seen).to.deep.equal([1, 3])
    expect(subscription.recovered).to.equal(false)
  })

  it('by a server that drains goes on at the next one, at once', async () => {
    const other = await world.serve([], {}, 'other')
    other.addChannel(new News())
    const both = world.client({}, 'server', 'other')
    const subscription = both.subscribe(News)
    const seen = await follow(subscription)
    const startedAtMs = world.clock.now()
    await world.clock.until(server.shutdown())
    expect(world.clock.now() - startedAtMs, 'the drain waits for no subscription').to.be.below(1_000)
    await world.clock.advance(5_000)
    await other.channel(News).publish(1)
    await settle()
    expect(seen).to.deep.equal([1])
    expect(subscription.recovered).to.equal(false)
  })

  it('ends after as many attempts as it was given', async () => {
    const subscription = client.subscribe(News, { retry: 2 })
    const seen = await follow(subscription)
    world.network.crash('server')
    const failure = await world.clock.until(failureOf(subscription.done))
    expect(failure['code']).to.be.oneOf(['UNREACHABLE', 'OUTCOME_UNKNOWN'])
    expect(seen).to.deep.equal([])
  })

  it('is over where the channel is there no longer', async () => {
    const subscription = client.subscribe(News)
    await follow(subscription)
    world.network.crash('server')
    await world.serve([])
    expect(await world.clock.until(failureOf(subscription.done))).to.include({ code: 'UNKNOWN_CHANNEL' })
  })

  it('can be unsubscribed while it waits for the next attempt', async () => {
    const subscription = client.subscribe(News)
    await follow(subscription)
    await loseSession()
    subscription.unsubscribe()
    await world.clock.until(subscription.done)
    await comeBack()
    expect(server.channel(News).readerCount()).to.equal(0)
  })

  it('keeps what it received and nobody has read yet', async () => {
    const subscription = client.subscribe(News)
    await world.clock.until(subscription.ready)
    await publish(1, 2)
    await settle()
    await loseSession()
    await publish(3)
    await comeBack()
    expect(subscription.position?.offset, 'nothing was handed over yet').to.equal(0)
    const seen = await follow(subscription, false)
    await settle()
    expect(seen).to.deep.equal([1, 2, 3])
    expect(subscription.position?.offset).to.equal(3)
    expect(subscription.recovered).to.equal(true)
  })

  it('keeps that also where the server has forgotten it', async () => {
    const subscription = client.subscribe(Ticks)
    await world.clock.until(subscription.ready)
    for (const tick of [1, 2]) await server.publish(Ticks, tick)
    await settle()
    world.network.crash('server')
    await serve()
    await world.clock.advance(10_000)
    await server.publish(Ticks, 3)
    const seen = await follow(subscription, false)
    await settle()
    expect(seen).to.deep.equal([1, 2, 3])
  })

  it('is not given what was for its former session alone, and told so', async () => {
    const subscription = client.subscribe(News)
    const seen = await follow(subscription)
    const former = client.sessionId
    world.network.setReachable('server', false)
    world.network.wire.cut()
    await server.channel(News).publish(1, { to: former })
    await server.channel(News).publish(2, { except: former })
    await world.clock.advance(leaseMs + 1_000)
    await comeBack()
    expect(client.sessionId).to.not.equal(former)
    expect(seen).to.deep.equal([])
    expect(subscription.recovered).to.equal(false)
  })

  it('is not given what its former session was excepted from', async () => {
    const subscription = client.subscribe(News)
    const seen = await follow(subscription)
    const except = client.sessionId
    world.network.setReachable('server', false)
    world.network.wire.cut()
    await server.channel(News).publish(1, { except })
    await server.channel(News).publish(2)
    await world.clock.advance(leaseMs + 1_000)
    await comeBack()
    expect(seen).to.deep.equal([2])
    expect(subscription.recovered).to.equal(true)
  })

  it('of a room that was forgotten is told, whatever its numbers', async () => {
    const room = { key: 'kitchen' }
    const subscription = client.subscribe(Ticks, room)
    await follow(subscription)
    await server.publish(Ticks, 1, room)
    await settle()
    await loseSession()
    expect(server.channel(Ticks).roomCount).to.equal(0)
    const other = world.client()
    world.network.setReachable('server', true)
    await world.clock.until(other.subscribe(Ticks, room).ready)
    await server.publish(Ticks, 2, room)
    await comeBack()
    expect(subscription.recovered).to.equal(false)
  })

  describe('by the place that a program kept', () => {
    const positionAfter = async (count: number): Promise<Position> => {
      const subscription = client.subscribe(News)
      const seen = await follow(subscription)
      await publish(...Array.from({ length: count }, (_, i) => i + 1))
      await settle()
      expect(seen).to.have.length(count)
      subscription.unsubscribe()
      return JSON.parse(JSON.stringify(subscription.position)) as Position
    }

    it('goes on after it', async () => {
      const since = await positionAfter(2)
      await publish(3, 4)
      const again = world.client().subscribe(News, { since })
      const seen = await follow(again)
      await settle()
      expect(seen).to.deep.equal([3, 4])
      expect(again.recovered).to.equal(true)
    })

    it('is told where that is impossible', async () => {
      const { epoch, offset } = await positionAfter(2)
      for (const since of [
        { epoch, offset: offset + 1 },
        { epoch: 'another', offset },
      ]) {
        const again = client.subscribe(News, { since })
        await follow(again)
        expect(again.recovered).to.equal(false)
      }
    })

    it('begins with the oldest message that is kept', async () => {
      await publish(1, 2, 3, 4, 5, 6, 7)
      const subscription = client.subscribe(News, { since: 'oldest' })
      const seen = await follow(subscription)
      await publish(8)
      await settle()
      expect(seen).to.deep.equal([3, 4, 5, 6, 7, 8])
      expect(server.channel(News).history({ limit: 2 })).to.deep.equal([
        { offset: 7, message: 7 },
        { offset: 8, message: 8 },
      ])
    })
  })

  longIt('of any kind, at any time, leaves out nothing without saying so', async function () {
    this.timeout(120_000)
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 3 }) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('cut' as const), how: fc.constantFrom('fin', 'rst', 'silent') }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('cut soon' as const), nth: fc.integer({ min: 1, max: 6 }) }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose session' as const) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('come back' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
      },
    )
    const numRuns = sizeOf({ all: 150, few: 45 })
    let recoveries = 0
    let losses = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
        world = new World()
        await serve()
        client = world.client({ limits: { heartbeatMs: 1_000, deadAfterMs: 3_000 } })
        let brokenOff = 0
        const subscription = client.subscribe(News, {
          onReconnect: (recovered) => {
            if (recovered) recoveries++
            else brokenOff++
          },
        })
        const seen = await follow(subscription)
        let last = 0
        for (const each of steps) {
          if (each.kind === 'publish') for (let i = 0; i < each.count; i++) await publish(++last)
          else if (each.kind === 'cut') world.network.wire.cut(each.how as 'fin')
          else if (each.kind === 'cut soon') {
            let left = each.nth
            world.network.judge = () => (--left === 0 ? 'lose and cut' : 'pass')
          } else if (each.kind === 'lose session') {
            world.network.setReachable('server', false)
            world.network.wire.cut()
            await world.clock.advance(leaseMs + 500)
          } else if (each.kind === 'come back') world.network.setReachable('server', true)
          else if (each.kind === 'restart') {
            world.network.crash('server')
            await serve()
          } else await world.clock.advance(each.ms)
        }
        world.network.judge = undefined
        world.network.setReachable('server', true)
        await world.clock.advance(20_000)
        await publish(++last)
        await world.clock.advance(20_000)
        await world.close()
        losses += brokenOff
        expect(seen.at(-1), 'the last message').to.equal(last)
        const gaps = seen.filter((number, i) => number !== (seen[i - 1] ?? 0) + 1)
        expect(gaps.every((number, i) => number > (gaps[i - 1] ?? 0))).to.equal(true)
        expect(
          [...seen].sort((a, b) => a - b),
          'in order',
        ).to.deep.equal(seen)
        expect(new Set(seen).size, 'once').to.equal(seen.length)
        expect(gaps.length, 'gaps that nobody told of').to.be.at.most(brokenOff)
        expect(subscription.recovered).to.equal(brokenOff === 0)
        if (subscription.recovered) expect(seen).to.have.length(last)
      }),
      { numRuns },
    )
    expect(recoveries, 'recoveries that were tried').to.be.above(numRuns / 15)
    expect(losses, 'losses that were tried').to.be.above(numRuns / 15)
    world = new World()
  })
})
