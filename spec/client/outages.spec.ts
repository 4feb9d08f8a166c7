// A network that comes and goes: what is under way outlives it, at the defaults, and what cannot be helped ends in time.
import { createHash } from 'node:crypto'
import { createServer, connect as dial, type Socket } from 'node:net'
import { expect } from 'chai'
import { ActionClient } from '../../lib/core/client/action-client.ts'
import type { ClientPlatform } from '../../lib/core/client/client-platform.ts'
import { readAddress } from '../../lib/core/link/address.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, Client, ClientError, OutcomeUnknownError, Server } from '../../lib/index.ts'
import { longIt } from '../setup/long.ts'
import { failureOf, IdempotentWork, Work, World } from '../setup/world.ts'

class Echo extends Action {
  action(value: unknown) {
    return value
  }
}

describe('An outage of the network', () => {
  let world: World
  let work: Work

  beforeEach(() => {
    world = new World()
    work = new Work()
  })

  afterEach(() => world.close())

  const until = <T>(promise: PromiseLike<T>): Promise<T> => world.clock.until(Promise.resolve(promise)) as Promise<T>

  /** The network is away for so long. */
  async function outage(ms: number): Promise<void> {
    world.network.setReachable('server', false)
    world.network.wire.cut()
    await world.clock.advance(ms)
    world.network.setReachable('server', true)
  }

  async function connected(options = {}) {
    await world.serve([new Echo(), work, new IdempotentWork()])
    const client = world.client(options)
    await until(client.connect())
    return client
  }

  for (const ms of [500, 2_000, 5_000, 20_000])
    it(`of ${ms} ms is outlived by calls that run, and by new ones`, async () => {
      const client = await connected()
      const running = Array.from({ length: 20 }, (_, i) => client.runAction(Work, i))
      await world.clock.advance(10)
      const over = outage(ms)
      await world.clock.advance(ms / 2)
      const fresh = Array.from({ length: 20 }, (_, i) => client.runAction(Echo, i))
      for (const run of work.runs) run.finish(run.data)
      await over
      expect(await until(Promise.all(running))).to.deep.equal(running.map((_, i) => i))
      expect(await until(Promise.all(fresh))).to.deep.equal(fresh.map((_, i) => i))
      expect(work.runs).to.have.length(20)
    })

  it('that lasts ends what waits for it when patience is over, by what is known of it', async () => {
    const client = await connected()
    const call = client.runAction(Work, 1)
    await world.clock.advance(10)
    const startedAtMs = world.clock.now()
    void outage(3_600_000)
    const lost = await until(failureOf(call))
    expect(lost).to.be.instanceOf(OutcomeUnknownError)
    expect(world.clock.now() - startedAtMs).to.be.within(30_000, 31_000)
    const late = await until(failureOf(client.runAction(Echo, 1)))
    expect(late).to.be.instanceOf(ClientError).and.include({ code: 'UNREACHABLE', notStarted: true })
    expect(world.clock.now() - startedAtMs).to.be.within(60_000, 67_000)
  })

  it('is waited for as long as the client was told to', async () => {
    for (const [patienceMs, least, most] of [
      [1_000, 1_000, 1_100],
      [60_000, 60_000, 61_000],
    ] as const) {
      await world.close()
      world = new World()
      work = new Work()
      const client = await connected({ patienceMs })
      const call = client.runAction(Work, 1, { timeoutMs: Number.POSITIVE_INFINITY })
      await world.clock.advance(10)
      const startedAtMs = world.clock.now()
      void outage(3_600_000)
      await until(failureOf(call))
      expect(world.clock.now() - startedAtMs).to.be.within(least, most)
    }
  })

  it('is outlived by retries that are left when patience is over', async () => {
    const client = await connected({ patienceMs: 0, retry: 8 })
    const call = client.runAction(Work, 'x')
    await world.clock.advance(10)
    const over = outage(4_000)
    await over
    work.run.finish('done')
    expect(await until(call)).to.equal('done')
  })

  it('ends a call that is tried once', async () => {
    const client = await connected({ retry: 0 })
    const call = client.runAction(Work, 1)
    await world.clock.advance(10)
    const startedAtMs = world.clock.now()
    world.network.setReachable('server', false)
    world.network.wire.cut()
    expect(await until(failureOf(call))).to.be.instanceOf(OutcomeUnknownError)
    const fresh = client.runAction(Echo, 1)
    expect(await until(failureOf(fresh))).to.include({ code: 'UNREACHABLE' })
    expect(world.clock.now() - startedAtMs).to.be.below(500)
  })

  it('is no reason to wait where there never was a session', async () => {
    const client = world.client({}, 'nowhere')
    const startedAtMs = world.clock.now()
    expect(await until(failureOf(client.runAction(Echo, 1)))).to.include({ code: 'UNREACHABLE' })
    expect(world.clock.now() - startedAtMs).to.be.below(2_000)
  })

  it('does not count as silence of the callee', async () => {
    const client = await connected({ patienceMs: 600_000 })
    const call = client.runAction(Work, 1)
    await world.clock.advance(50_000)
    await outage(300_000)
    await world.clock.advance(55_000)
    work.run.finish('late')
    expect(await until(call)).to.equal('late')
  })

  it('does not move a time limit', async () => {
    const client = await connected()
    const call = client.runAction(Work, 1, { timeoutMs: 5_000 })
    await world.clock.advance(10)
    void outage(20_000)
    const startedAtMs = world.clock.now()
    expect(await until(failureOf(call))).to.have.property('code', 'DEADLINE_EXCEEDED')
    expect(world.clock.now() - startedAtMs).to.be.below(5_001)
  })

  it('asks options that are times', () => {
    for (const patienceMs of [-1, 1.5, Number.NaN, '30s'])
      expect(() => new Client('localhost', 1, { patienceMs } as never)).to.throw(ClientError, /option patienceMs/)
  })
})

describe('A client that slept, or whose network is another one', () => {
  let world: World
  let wakeUp: (() => void)[]

  beforeEach(() => {
    world = new World()
    wakeUp = []
  })

  afterEach(() => world.close())

  const until = <T>(promise: PromiseLike<T>): Promise<T> => world.clock.until(Promise.resolve(promise)) as Promise<T>

  async function connected(): Promise<ActionClient> {
    await world.serve([new Echo()])
    const { network, clock } = world
    const platform: ClientPlatform = {
      environment: {},
      readSecret: () => '',
      readAddress,
      dialer: () => async (address) => network.dialFrom(undefined, (address as { name: string }).name),
      onWakeUp: (tell) => {
        wakeUp.push(tell)
        return () => wakeUp.splice(wakeUp.indexOf(tell), 1)
      },
    }
    const client = new ActionClient(platform, ['memory:server', { clock }])
    await until(client.connect())
    return client
  }

  it('gives up a link that is a hole within 3 s, and holds new calls meanwhile', async () => {
    const client = await connected()
    const { wire } = world.network
    wire.hold('up')
    for (const tell of wakeUp) tell()
    const startedAtMs = world.clock.now()
    const call = client.runAction(Echo, 'there')
    await world.clock.advance(100)
    expect(wire.sent(Kind.Ping, 'up')).to.have.length(1)
    expect(wire.sent(Kind.Call, 'up')).to.have.length(0)
    expect(await until(call)).to.equal('there')
    expect(world.clock.now() - startedAtMs).to.be.within(3_000, 3_500)
    await client.close()
    expect(wakeUp).to.deep.equal([])
  })

  it('goes on at once over a link that stands', async () => {
    const client = await connected()
    for (const tell of wakeUp) tell()
    const startedAtMs = world.clock.now()
    expect(await until(client.runAction(Echo, 'there'))).to.equal('there')
    expect(world.clock.now() - startedAtMs).to.be.below(100)
    expect(world.network.wires).to.have.length(1)
    await client.close()
  })
})

/** A way to a server that can be broken off, and closed for a while. */
class Bridge {
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer({ pauseOnConnect: true }, (near) => {
    if (this.#isClosed) return void near.resetAndDestroy()
    const far = dial({ port: this.#port, host: '127.0.0.1' })
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far).pipe(near)
    near.resume()
  })
  #port = 0
  #isClosed = false

  async open(port: number): Promise<number> {
    this.#port = port
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as { port: number }).port
  }

  cut(): void {
    this.#isClosed = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#isClosed = false
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

describe('50 MB over a link that is cut, by sockets', function () {
  this.timeout(120_000)

  const chunk = new Uint8Array(64 * 1024).map((_, i) => (i * 7) % 251)
  const chunks = 800

  class Upload extends Action {
    async action(parts: AsyncIterable<Uint8Array>) {
      const hash = createHash('sha256')
      for await (const part of parts) hash.update(part)
      return hash.digest('hex')
    }
  }

  class Download extends Action {
    async *action() {
      for (let i = 0; i < chunks; i++) yield chunk
    }
  }

  const expected = createHash('sha256')
  for (let i = 0; i < chunks; i++) expected.update(chunk)
  const whole = expected.digest('hex')

  let server: Server
  let bridge: Bridge
  let client: Client

  beforeEach(async () => {
    server = await new Server('127.0.0.1', 0).addAction(new Upload()).addAction(new Download()).listen()
    bridge = new Bridge()
    client = new Client('127.0.0.1', await bridge.open(Number(new URL(server.addresses[0] as string).port)))
  })

  afterEach(async () => {
    await client.close()
    await bridge.close()
    await server.shutdown({ graceMs: 0 })
  })

  /** Cuts the way at each of these parts, for so long. */
  function cutter(at: readonly number[], ms: number): (part: number) => void {
    return (part) => {
      if (!at.includes(part)) return
      bridge.cut()
      setTimeout(() => bridge.mend(), ms)
    }
  }

  longIt('go up, each byte once, with cuts of 0.5 s', async () => {
    const passed = cutter([100, 300, 500, 700], 500)
    async function* parts() {
      for (let i = 0; i < chunks; i++) {
        passed(i)
        yield chunk
      }
    }
    expect(await client.runAction(Upload, parts())).to.equal(whole)
  })

  longIt('come down, each byte once, with cuts of 0.5 s', async () => {
    const passed = cutter([100, 300, 500, 700], 500)
    const hash = createHash('sha256')
    let count = 0
    for await (const part of client.runAction(Download)) {
      passed(count++)
      hash.update(part)
    }
    expect([count, hash.digest('hex')]).to.deep.equal([chunks, whole])
  })
})
