// Clients of the Igor gateway that mean no good, or cannot keep up; beside each of them an honest one is served.
import { expect } from 'chai'
import { Action, type Context, Process, type ProcessContext, type Server } from 'isock'
import { longIt, sizeOf } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { IgorWorld, type SeedClient } from './igor-world.ts'

const mebibyte = 1024 * 1024

class Echo extends Action {
  action(data: unknown) {
    return data
  }
}

class Hang extends Action {
  static running = 0

  async action(_data: unknown, { signal }: Context) {
    Hang.running++
    try {
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      )
    } finally {
      Hang.running--
    }
  }
}

/** A stream without an end and without a pause. */
class Pour extends Action {
  static count = 0
  static ended = 0

  async *action(size: number) {
    try {
      for (;;) {
        Pour.count++
        yield 'x'.repeat(size)
      }
    } finally {
      Pour.ended++
    }
  }
}

class Big extends Action {
  action() {
    return 'x'.repeat(2 * mebibyte)
  }
}

class Flood extends Process {
  override readonly maxQueued = 10
  tell!: ProcessContext['output']
  override async run({ output, signal }: ProcessContext) {
    this.tell = output
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
}

describe('The Igor gateway: hostile clients', function () {
  this.timeout(120_000)
  let world: IgorWorld
  let honest: SeedClient
  let flood: Flood

  const prepare = (server: Server): void => {
    for (const action of [new Echo(), new Hang(), new Pour(), new Big()]) server.addAction(action)
    server.addProcess('flood', flood)
  }
  const start = async (igor: object = {}, server: object = {}): Promise<void> => {
    await world.start(prepare, igor, server)
    honest = await world.client()
  }
  const isServed = async (): Promise<void> => {
    expect((await honest.run('Echo', 'honest')).map(({ data, close }) => data ?? close)).to.deep.equal(['honest', true])
  }

  beforeEach(() => {
    Hang.running = 0
    Pour.count = 0
    Pour.ended = 0
    flood = new Flood()
    world = new IgorWorld()
  })

  afterEach(() => world.close())

  it('who open more streams than may be get 503 for the rest', async () => {
    await start({ maxStreams: 100 })
    const client = await world.client()
    const refused = sizeOf({ all: 4_900, few: 600 })
    const ids = Array.from({ length: 100 + refused }, () => client.start('Hang'))
    await waitFor(() => client.received.length >= 2 * refused, { timeoutMs: 15_000 })
    expect(client.received.filter(({ code }) => code === 503)).to.have.length(refused)
    await waitFor(() => Hang.running === 100)
    await isServed()
    for (const streamId of ids) client.send({ streamId, close: true })
    await waitFor(() => Hang.running === 0, { timeoutMs: 8_000 })
    expect((await client.run('Echo', 1))[0]?.data).to.equal(1)
  })

  it('who send more data than open streams may have get 503', async () => {
    // One call beside that which listens to the process; those that wait count too, and the server knows nothing of them.
    await start({}, { limits: { maxInFlightBytes: 2 * mebibyte, maxCallsInFlight: 2 } })
    const client = await world.client()
    const data = 'x'.repeat(900 * 1024)
    const ids = [1, 2, 3].map(() => client.start('Hang', data))
    await waitFor(() => client.of(ids[2] as string).length === 2, { timeoutMs: 8_000 })
    expect(client.of(ids[2] as string)[0]?.code).to.equal(503)
    await isServed()
    client.send({ streamId: ids[0], close: true })
    await client.whole(ids[0] as string)
    client.send({ streamId: 'now', action: 'Hang', data })
    client.send('no message')
    await waitFor(() => client.received.some(({ code }) => code === 400))
    expect(client.of('now')).to.deep.equal([])
  })

  it('who do not read hold their streams back, and no more than a bound is kept', async () => {
    await start()
    const client = await world.client()
    client.socket.pause()
    for (let n = 0; n < 50; n++) client.start('Pour', 8 * 1024)
    // The kernel takes some megabytes; then nothing more is made.
    let last = -1
    await waitFor(
      async () => {
        const isStill = Pour.count === last
        last = Pour.count
        await new Promise((resolve) => setTimeout(resolve, 300))
        return isStill
      },
      { timeoutMs: 20_000, what: 'the streams to be held back' },
    )
    expect(Pour.count * 8 * 1024).to.be.below(64 * mebibyte)
    await isServed()
    expect(world.server.sessions).to.have.length(2)
  })

  it('who do not read what they asked for are dropped above the bound, with what they run', async () => {
    await start({ maxQueuedBytes: 8 * mebibyte })
    const client = await world.client()
    await client.introduce('greedy')
    client.start('Hang')
    client.socket.pause()
    for (let n = 0; n < 40; n++) client.start('Big')
    await waitFor(() => world.server.sessions.length === 1, { timeoutMs: 20_000, what: 'its session to end' })
    await waitFor(() => Hang.running === 0)
    await isServed()
    // Its id is free.
    expect((await honest.introduce('greedy')).data.resumed).to.equal(false)
  })

  longIt('who say nothing, not even that they live, are cut off', async () => {
    await start({}, { limits: { heartbeatMs: 200, deadAfterMs: 2_000 } })
    const client = await world.client()
    client.start('Hang')
    await waitFor(() => Hang.running === 1)
    const { endedCount } = world
    client.socket.pause()
    await waitFor(() => world.endedCount > endedCount, { timeoutMs: 8_000, what: 'the connection to be cut' })
    // The honest one answered each time that it was asked.
    await isServed()
  })

  it('who miss events of a process because they do not read get those that come later', async () => {
    await start()
    const client = await world.client()
    await waitFor(() => flood.tell?.listenerCount === 2)
    client.socket.pause()
    let n = 0
    const data = 'x'.repeat(32 * 1024)
    await waitFor(
      async () => {
        for (let k = 0; k < 20; k++) flood.tell.send('event', { n: ++n, data })
        await new Promise((resolve) => setImmediate(resolve))
        return flood.tell.listenerCount < 2
      },
      { timeoutMs: 20_000, what: 'the listener to be dropped' },
    )
    client.socket.resume()
    await waitFor(() => flood.tell.listenerCount === 2, { timeoutMs: 8_000 })
    const later = ++n
    flood.tell.send('event', { n: later, data: '' })
    await waitFor(() => client.of('flood').some((told) => told.data.n === later), { timeoutMs: 8_000 })
    await isServed()
  })

  it('who leave a stream without an end behind leave others their turn, and it ends', async () => {
    await start({ sessionMs: 300 })
    const client = await world.client()
    client.start('Pour', 10)
    await waitFor(() => Pour.count > 0)
    await world.cut(client)
    await isServed()
    await waitFor(() => Pour.ended === 1, { timeoutMs: 8_000 })
  })

  it('who leave streams without an end behind let these rest, as nobody reads what they make', async () => {
    await start({ sessionMs: 60_000 })
    const client = await world.client()
    for (let n = 0; n < 10; n++) client.start('Pour', 8 * 1024)
    await waitFor(() => Pour.count > 10)
    await world.cut(client)
    await waitFor(() => Pour.count > 300)
    const before = Pour.count
    const beganAt = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 500))
    // 256 KiB in 25 ms, however fast the machine; they made a hundred times as much.
    const mostBytes = ((performance.now() - beganAt) / 25 + 2) * 256 * 1024
    expect((Pour.count - before) * 8 * 1024).to.be.below(mostBytes)
  })

  it('who are away and run on are kept within the bound', async () => {
    await start({ sessionMs: 60_000 })
    const client = await world.client()
    await client.introduce('away')
    client.start('Pour', 8 * 1024)
    await waitFor(() => Pour.count > 0)
    await world.cut(client)
    let last = -1
    await waitFor(
      async () => {
        const isStill = Pour.count === last
        last = Pour.count
        await new Promise((resolve) => setTimeout(resolve, 200))
        return isStill
      },
      { timeoutMs: 20_000, what: 'the stream to be held back' },
    )
    await isServed()
  })

  longIt('who come and go by hundreds leave nothing behind', async () => {
    await start({ sessionMs: 100 })
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all(Array.from({ length: 30 }, () => world.client()))
      for (const [n, client] of clients.entries()) {
        client.start('introduce_self', { client_id: `${round}-${n}` })
        client.start('Hang')
      }
      await Promise.all(clients.map((client) => client.close()))
    }
    await waitFor(() => world.server.sessions.length === 1 && Hang.running === 0, { timeoutMs: 15_000 })
    expect(flood.tell.listenerCount).to.equal(1)
    await isServed()
  })

  it('who send what is no message over and over, and read no answer, are dropped', async () => {
    await start({ maxQueuedBytes: mebibyte })
    const client = await world.client()
    client.socket.pause()
    const { endedCount } = world
    await waitFor(
      async () => {
        for (let n = 0; n < 2_000; n++) client.socket.send('nonsense')
        await new Promise((resolve) => setTimeout(resolve, 5))
        return world.endedCount > endedCount || client.socket.readyState !== client.socket.OPEN
      },
      { timeoutMs: 25_000, what: 'it to be dropped' },
    )
    await isServed()
  })
})
