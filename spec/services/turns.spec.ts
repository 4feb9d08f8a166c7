// One exec at a time in order of arrival: what waits, what is refused, and what becomes of it when its caller goes.
import { expect } from 'chai'
import { BusyError, CancelledError, type Client, DeadlineError, type Server } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf, World } from '../setup/world.ts'
import { Held } from './held-service.ts'

class Other extends Held {}

describe('The turns of a service', () => {
  let world: World
  let server: Server
  let client: Client
  let held: Held

  beforeEach(async () => {
    world = new World()
    server = await world.serve([], { limits: { sessionLeaseMs: 10_000 } })
    held = new Held()
    server.addService(held, { maxQueued: 2 })
    client = world.client()
    await client.service(Held).initialize('0')
  })

  afterEach(async () => {
    for (const run of held.runs) run.finish()
    await settle()
    for (const run of held.runs) run.finish()
    await world.close()
  })

  it('are not waited for by what cannot come to be allowed', async () => {
    const running = client.service(Held).execute('a')
    await settle()
    let failure: Error | undefined
    void failureOf(client.service(Held).initialize('again')).then((error) => {
      failure = error
    })
    await settle()
    expect(failure).to.include({ notStarted: true })
    held.run(0).finish()
    await running
  })

  it('come in order of arrival, also from several clients, each with the state of the one before', async () => {
    const other = world.client()
    await other.connect()
    const first = client.service(Held).execute('a')
    await settle()
    const second = other.service(Held).execute('b')
    await settle()
    const third = client.service(Held).execute('c')
    await settle()
    expect(held.started).to.deep.equal(['a'])
    held.run(0).finish('1')
    await first
    await settle()
    expect(held.started).to.deep.equal(['a', 'b'])
    held.run(1).fail(new Error('no'))
    await failureOf(second)
    await settle()
    expect(held.started).to.deep.equal(['a', 'b', 'c'])
    expect(held.run(2).state).to.equal('1')
    held.run(2).finish()
    await third
  })

  it('that a client waits for hold up none of its calls to other services, and keep their own order', async () => {
    const other = new Other()
    server.addService(other)
    await client.service(Other).initialize('0')
    const service = client.service(Held)
    const calls = ['a', 'b', 'c'].map((args) => service.execute(args))
    await settle()
    calls.push(service.execute('d'), service.execute('e'))
    await settle()
    const elsewhere = client.service(Other).execute('f')
    await settle()
    expect(other.started).to.deep.equal(['f'])
    other.run(0).finish()
    await elsewhere
    for (const [index, call] of calls.entries()) {
      await world.clock.until(waitFor(() => held.runs.length > index))
      held.run(index).finish()
      await world.clock.until(call)
    }
    expect(held.started).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
  })

  it('are bounded: more are refused as not started', async () => {
    const service = client.service(Held)
    const calls = ['a', 'b', 'c'].map((args) => service.execute(args))
    const error = await failureOf(service.execute('d', { retry: 0 }))
    expect(error).to.be.instanceOf(BusyError)
    expect(error['notStarted']).to.equal(true)
    expect(error.message).to.equal('service "Held": 2 calls are waiting already; try again later')
    for (const [index, call] of calls.entries()) {
      held.run(index).finish()
      await call
      await settle()
    }
    expect(held.started).to.deep.equal(['a', 'b', 'c'])
  })

  it('are shared by addresses where they are few: who has most of those that wait makes room', async () => {
    const [first, second, third] = ['a', 'b', 'c'].map((args) => client.service(Held).execute(args))
    const refused = failureOf(third as PromiseLike<unknown>)
    await settle()
    const elsewhere = world.client({ network: world.network.at('192.0.2.7'), retry: 0 })
    const fourth = elsewhere.service(Held).execute('d')
    await settle()
    expect(server.usage.addresses).to.equal(2)
    held.run(0).finish()
    await first
    await settle()
    held.run(1).finish()
    await second
    await settle()
    expect(held.started).to.deep.equal(['a', 'b', 'd'])
    held.run(2).finish()
    await fourth
    // The client tries again what was refused as not started.
    await world.clock.advance(5_000)
    expect(held.started).to.deep.equal(['a', 'b', 'd', 'c'])
    held.run(3).finish()
    expect(await refused.catch(() => 'it ran')).to.equal('it ran')
  })

  it('are lost by who is cancelled while waiting, and nobody else', async () => {
    const service = client.service(Held)
    const gone = new AbortController()
    const first = service.execute('a')
    const second = failureOf(service.execute('b', { signal: gone.signal }))
    const third = service.execute('c')
    await settle()
    gone.abort()
    expect(await second).to.be.instanceOf(CancelledError)
    await settle()
    held.run(0).finish()
    await first
    await settle()
    expect(held.started).to.deep.equal(['a', 'c'])
    held.run(1).finish()
    await third
  })

  it('are lost by who is late', async () => {
    const service = client.service(Held)
    const first = service.execute('a')
    const second = failureOf(service.execute('b', { timeoutMs: 100 }))
    await world.clock.advance(200)
    expect(await second).to.be.instanceOf(DeadlineError)
    held.run(0).finish()
    await first
    await settle()
    expect(held.started).to.deep.equal(['a'])
  })

  it('are lost when the session is lost: it never runs', async () => {
    const other = world.client()
    await other.connect()
    const first = client.service(Held).execute('a')
    await settle()
    const second = failureOf(other.service(Held).execute('b'))
    await settle()
    await other.close()
    await second
    await settle()
    held.run(0).finish()
    await first
    await settle()
    expect(held.started).to.deep.equal(['a'])
  })

  it('are kept when only the link is lost', async () => {
    const service = client.service(Held)
    const calls = [service.execute('a'), service.execute('b')]
    await settle()
    world.network.wire.cut()
    await world.clock.advance(2_000)
    held.run(0).finish()
    await world.clock.advance(100)
    expect(held.started).to.deep.equal(['a', 'b'])
    held.run(1).finish()
    await Promise.all(calls)
  })

  it('go on when the session of the one that runs is lost: it ends, and its state is kept', async () => {
    const other = world.client()
    await other.connect()
    const first = failureOf(other.service(Held).execute('a'))
    await settle()
    await other.close()
    await first
    await settle()
    const { context, finish } = held.run(0)
    expect(context.signal.aborted).to.equal(true)
    await context.respond('to nobody')
    finish('kept')
    await settle()
    const second = client.service(Held).execute('b')
    await settle()
    expect(held.run(1).state).to.equal('kept')
    held.run(1).finish()
    await second
  })

  it('end in terminate, after those who came before', async () => {
    const service = client.service(Held)
    const [first, second] = [service.execute('a'), service.execute('b')]
    const end = service.terminate()
    await settle()
    const late = failureOf(service.execute('c').catch((error) => Promise.reject(error)))
    held.run(0).finish()
    await first
    await settle()
    expect(held.exits).to.equal(0)
    held.run(1).finish()
    await Promise.all([second, end])
    expect(held.exits).to.equal(1)
    expect(['TERMINATED', 'BUSY']).to.include((await late)['code'])
  })

  it('are let end by a shutdown, without exit', async () => {
    const service = client.service(Held)
    const calls = [service.execute('a'), service.execute('b')]
    await settle()
    const shutdown = server.shutdown({ graceMs: 5_000 })
    await settle()
    held.run(0).finish()
    await world.clock.advance(50)
    held.run(1).finish()
    await world.clock.until(Promise.all([...calls, shutdown]))
    expect(held.exits).to.equal(0)
  })

  it('of a caller that has gone are waited for by a shutdown, as long as the grace lasts', async () => {
    for (const endsInTime of [true, false]) {
      const other = await world.serve([], {}, `other-${endsInTime}`)
      const service = new Held()
      other.addService(service)
      const caller = world.client({}, `other-${endsInTime}`)
      await caller.service(Held).initialize('')
      const gone = failureOf(caller.service(Held).execute('a'))
      await settle()
      await caller.close()
      await gone
      let isOver = false
      const shutdown = other.shutdown({ graceMs: 1_000 }).then(() => {
        isOver = true
      })
      await world.clock.advance(900)
      expect(isOver).to.equal(false)
      if (endsInTime) service.run(0).finish()
      await world.clock.advance(endsInTime ? 50 : 200)
      expect(isOver).to.equal(true)
      service.run(0).finish()
      await shutdown
    }
  })
})
