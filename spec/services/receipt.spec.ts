// `confirm: 'receipt'`: what the promise of a call means then, and what becomes of the run.
import { expect } from 'chai'
import { z } from 'zod'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { BusyError, type Client, DeadlineError, type Server, Service, ValidationError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, World } from '../setup/world.ts'
import { Held } from './held-service.ts'

class Roomy extends Held {}

class Checked extends Service<number, number> {
  static override schemas = { exec: z.number().max(9) }
  static override errors = [RangeError]
  sum = 0

  override init(start: number): number {
    return start
  }

  override async exec(sum: number, change: number): Promise<number> {
    this.sum = sum + change
    return this.sum
  }
}

const receipt = { confirm: 'receipt' } as const

describe('A call of a service that is confirmed by its receipt', () => {
  let world: World
  let server: Server
  let client: Client
  let held: Held
  const reported: string[] = []

  beforeEach(async () => {
    world = new World()
    reported.length = 0
    server = await world.serve([], {
      limits: { sessionLeaseMs: 10_000 },
      onError: (error, { origin }) => void reported.push(`${origin}: ${String(error)}`),
    })
    held = new Held()
    server.addService(held, { maxQueued: 4 }).addService(Checked)
    client = world.client({ retry: 0 })
    await client.service(Held).initialize('0')
  })

  afterEach(async () => {
    for (let i = 0; i < 10; i++) {
      for (const run of held.runs) run.finish()
      await settle()
    }
    await world.close()
  })

  it('settles while the method runs, and while it waits for its turn', async () => {
    const service = client.service(Held)
    expect(await service.execute('a', receipt)).to.equal(undefined)
    await service.execute('b', receipt)
    expect([held.started, server.service(Held).queuedCount]).to.deep.equal([['a'], 1])
    held.run(0).finish('1')
    await settle()
    expect(held.run(1)).to.include({ args: 'b', state: '1' })
  })

  it('runs on when its client has left, without a signal that aborts, and responds to nobody', async () => {
    const guest = world.client()
    for (const args of ['a', 'b']) await guest.service(Held).execute(args, { ...receipt, timeoutMs: 100 })
    await world.clock.until(guest.close())
    await world.clock.advance(60_000)
    const { context, finish } = held.run(0)
    expect([context.signal.aborted, context.deadline, context.remainingMs]).to.deep.equal([
      false,
      undefined,
      Number.POSITIVE_INFINITY,
    ])
    await context.respond('nobody gets this')
    finish('1')
    await settle()
    expect(held.run(1).state).to.equal('1')
  })

  it('tells the log and onError what it throws, and ends nothing', async () => {
    await client.service(Held).execute('a', receipt)
    held.run(0).fail(new RangeError('not today'))
    await settle()
    expect(reported).to.deep.equal(['service "Held": exec (confirmed by its receipt): RangeError: not today'])
    await client.service(Held).execute('b', receipt)
    expect(held.run(1).state).to.equal('0')
  })

  it('rejects where it is refused or wrong, before anything runs', async () => {
    const checked = client.service(Checked)
    expect((await failureOf(checked.execute(1, receipt)))['code']).to.equal('NOT_INITIALIZED')
    await checked.initialize(0)
    expect(await failureOf(checked.execute(10, receipt))).to.be.instanceOf(ValidationError)
    await client.service(Held).execute('a', receipt)
    // Those that came first keep their places; the others have theirs until somebody else needs them.
    const waiting = ['b', 'c', 'd', 'e'].map((args) => client.service(Held).execute(args, receipt))
    await Promise.all(waiting.slice(0, 2))
    await settle()
    const late = failureOf(client.service(Held).execute('f', { ...receipt, timeoutMs: 1_000 }))
    await world.clock.advance(1_000)
    expect(await late).to.satisfy((error: Error) => error instanceof BusyError || error instanceof DeadlineError)
    for (const index of [0, 1, 2, 3]) {
      held.run(index).finish()
      await settle()
    }
    await Promise.all(waiting)
    expect(held.started).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
  })

  it('keeps its place against a call from another address, which takes one without a receipt', async () => {
    const own = client.service(Held)
    await own.execute('running', receipt)
    const waiting = own.execute('a')
    const displaced = failureOf(own.execute('b'))
    await settle()
    await Promise.all(['c', 'd'].map((args) => own.execute(args, receipt)))
    const elsewhere = world
      .client({ network: world.network.at('192.0.2.7'), retry: 0 })
      .service(Held)
      .execute('e')
    await settle()
    for (let index = 0; index < 5; index++) {
      held.run(index).finish()
      await settle()
    }
    expect(held.started).to.deep.equal(['running', 'a', 'c', 'd', 'e'])
    expect(reported).to.deep.equal([])
    expect(await displaced).to.be.instanceOf(BusyError)
    await Promise.all([waiting, elsewhere])
  })

  it('gives its receipt in its turn where what is ahead may make it impossible', async () => {
    const service = client.service(Held)
    await service.execute('a', receipt)
    const end = service.terminate()
    const after = failureOf(service.execute('b', receipt))
    await settle()
    held.run(0).finish()
    await end
    expect((await after)['code']).to.equal('TERMINATED')
    expect(reported).to.deep.equal([])
  })

  it('runs once when its link is lost before the receipt has come', async () => {
    const resent = world.client({ retry: 3 })
    await resent.connect()
    world.network.cutAt(Kind.Item, 'down')
    await world.clock.until(resent.service(Held).execute('a', receipt))
    await settle()
    expect(held.started).to.deep.equal(['a'])
  })

  it('is waited for by a shutdown, within its grace', async () => {
    await client.service(Held).execute('a', receipt)
    let isOver = false
    const over = server.shutdown({ graceMs: 5_000 }).then(() => {
      isOver = true
    })
    await world.clock.advance(4_000)
    expect([isOver, held.run(0).context.signal.aborted]).to.deep.equal([false, false])
    await world.clock.advance(1_000)
    expect(held.run(0).context.signal.aborted).to.equal(true)
    await world.clock.until(over)
  })

  it('keeps no more bytes of arguments than its bound before their turn', async () => {
    const roomy = new Roomy()
    server.addService(roomy)
    const service = client.service(Roomy)
    await service.initialize('0')
    await service.execute('running', receipt)
    const large = 'x'.repeat(3 * 1024 * 1024)
    const settled: number[] = []
    const calls = [0, 1, 2].map((index) => service.execute(large, receipt).then(() => settled.push(index)))
    await settle()
    await settle()
    expect([settled, server.service(Roomy).queuedCount]).to.deep.equal([[0, 1], 3])
    for (const index of [0, 1, 2, 3]) {
      roomy.run(index).finish()
      await settle()
    }
    await Promise.all(calls)
  })

  it('refuses options that say two things, and what is no word for it', async () => {
    const service = client.service(Held)
    const wrong: [object, string][] = [
      [{ confirm: 'receipt', awaitResponse: true }, 'INVALID_OPTION'],
      [{ confirm: 'reciept' }, 'BAD_REQUEST'],
      [{ confirm: false }, 'BAD_REQUEST'],
    ]
    for (const [options, code] of wrong)
      expect((await failureOf(service.execute('a', options as never)))['code']).to.equal(code)
    expect(held.started).to.deep.equal([])
  })
})
