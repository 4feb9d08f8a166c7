// One address takes all that there is: requests, bodies, streams. Clients of other addresses are served all the same.
import { expect } from 'chai'
import { Action, Guard } from 'isock'
import { waitFor } from '../../setup/wait-for.ts'
import { HttpWorld, type RawClient, type WorldOptions } from './http-world.ts'

const attacker = '127.0.0.66'
const honest = '127.0.0.2'

class Hold extends Action<unknown, unknown> {
  readonly #waiting: (() => void)[] = []
  override async action() {
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return 'held'
  }
  get count(): number {
    return this.#waiting.length
  }
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
class Tick extends Action<unknown, void, number> {
  runs = 0
  override async *action(_: unknown, { signal }: { signal: AbortSignal }) {
    this.runs++
    yield 1
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
}
class User extends Guard<string> {
  override check(id: string | undefined) {
    return id === undefined ? true : { id }
  }
}

describe('the fairness of the HTTP gateway', () => {
  let world: HttpWorld
  let hold: Hold
  let tick: Tick

  const start = async (options: WorldOptions): Promise<void> => {
    world = new HttpWorld(options)
    hold = new Hold()
    tick = new Tick()
    world.server.addAction(hold).addAction(tick)
    await world.start()
  }
  const head = (line: string, more: readonly string[] = []): string =>
    [`${line} HTTP/1.1`, `host: ${new URL(world.url).host}`, ...more, '', ''].join('\r\n')
  const post = (from: string, name: string, body = '1', more: readonly string[] = []): Promise<RawClient> => {
    const headers = ['content-type: application/json', `content-length: ${body.length}`, ...more]
    return world.raw(head(`POST /actions/${name}`, headers) + body, from)
  }
  const bodyless = (from: string): Promise<RawClient> =>
    world.raw(head('POST /actions/Echo', ['content-type: application/json', 'content-length: 9']), from)
  const news = (from: string, more: readonly string[] = []): Promise<RawClient> =>
    world.raw(head('GET /channels/News', more), from)
  const places = (table: string): Promise<number> => world.metric(`isock_places_taken{table="${table}"}`)

  afterEach(() => {
    hold.release()
    return world.close()
  })

  it('ends a request whose body does not come, the oldest of who has most, for one of another address', async () => {
    await start({ http: { maxRequests: 8 } })
    const slow: RawClient[] = []
    for (let i = 0; i < 6; i++) {
      slow.push(await bodyless(attacker))
      await waitFor(async () => (await places('httpRequests')) === i + 1)
    }
    const held = [await post(honest, 'Hold'), await post(honest, 'Hold')]
    await waitFor(() => hold.count === 2)
    const other = await post('127.0.0.3', 'Echo')
    expect(await other.answered()).to.equal(200)
    expect(await (slow[0] as RawClient).answered()).to.equal(503)
    expect(slow.slice(1).every(({ status }) => status === undefined)).to.equal(true)
    hold.release()
    for (const each of held) expect(await each.answered()).to.equal(200)
  })

  it('lets who sends many such requests go on at its own cost', async () => {
    await start({ http: { maxRequests: 4 } })
    const slow: RawClient[] = []
    for (let i = 0; i < 8; i++) slow.push(await bodyless(attacker))
    for (const each of slow.slice(0, 5)) expect(await each.answered()).to.equal(503)
    expect(await (await post(attacker, 'Echo')).answered()).to.equal(200)
    expect(await (await post(honest, 'Echo')).answered()).to.equal(200)
  })

  it('has places for other addresses where the calls of one last, which are not ended', async () => {
    await start({ http: { maxRequests: 8 } })
    const held: RawClient[] = []
    for (let i = 0; i < 6; i++) held.push(await post(attacker, 'Hold'))
    await waitFor(() => hold.count === 6)
    expect(await (await post(attacker, 'Echo')).answered()).to.equal(503)
    expect(await (await post(honest, 'Echo')).answered()).to.equal(200)
    hold.release()
    for (const each of held) expect(await each.answered()).to.equal(200)
  })

  it('counts an identity wherever it comes from', async () => {
    await start({ http: { maxRequests: 8 }, server: { guards: [new User()] } })
    const as = (id: string) => [`isock-credentials: {"User":"${id}"}`]
    for (let i = 0; i < 6; i++) await post(`127.0.0.${10 + i}`, 'Hold', '1', as('eve'))
    await waitFor(() => hold.count === 6)
    expect(await (await post('127.0.0.20', 'Hold', '1', as('eve'))).answered()).to.equal(503)
    expect(await (await post('127.0.0.20', 'Echo', '1', as('ada'))).answered()).to.equal(200)
    await waitFor(async () => (await places('httpRequests')) === 6)
  })

  it('ends the oldest stream of who has most for a reader of another address, and says why', async () => {
    await start({ http: { maxStreams: 3 } })
    const streams: RawClient[] = []
    for (let i = 0; i < 3; i++) {
      streams.push(await news(attacker))
      await waitFor(async () => (await places('httpStreams')) === i + 1)
    }
    await waitFor(() => streams.every(({ text }) => text.includes('event: subscribed')))
    const reader = await news(honest)
    await waitFor(() => reader.text.includes('event: subscribed'))
    // In order, so that an EventSource comes back with its last id.
    await waitFor(() => (streams[0] as RawClient).text.includes('event: end'))
    await waitFor(() => (streams[0] as RawClient).text.endsWith('0\r\n\r\n'))
    expect((streams[0] as RawClient).text).to.include('"code":"BUSY"')
    expect(streams.slice(1).some(({ text }) => text.includes('event: end'))).to.equal(false)
    // It gets no place at the cost of one who has less.
    const back = await news(attacker)
    expect(await back.answered()).to.equal(503)
    expect(reader.text).not.to.include('event: end')
    expect([await places('httpStreams'), await world.metric('isock_shed_total')]).to.deep.equal([3, 1])
  })

  it('ends the stream of an action likewise, which is cancelled', async () => {
    await start({ http: { maxStreams: 3 } })
    const accept = ['accept: text/event-stream']
    const streams: RawClient[] = []
    for (let i = 0; i < 3; i++) {
      streams.push(await post(attacker, 'Tick', '1', accept))
      await waitFor(() => (streams[i] as RawClient).text.includes('event: item'))
    }
    const reader = await post(honest, 'Tick', '1', accept)
    await waitFor(() => reader.text.includes('event: item'))
    await waitFor(() => (streams[0] as RawClient).text.includes('event: error'))
    expect((streams[0] as RawClient).text).to.include('others needed the room')
    await waitFor(async () => (await world.metric('isock_calls_running')) === 3)
  })

  it('runs nothing for a stream that gets no place, because nobody has more', async () => {
    await start({ http: { maxStreams: 1 } })
    const reader = await news(attacker)
    await waitFor(() => reader.text.includes('event: subscribed'))
    for (const accept of ['text/event-stream', '*/*'])
      expect(await (await post(honest, 'Tick', '1', [`accept: ${accept}`])).answered()).to.equal(503)
    expect(tick.runs).to.equal(0)
  })

  it('answers a call that has to make room in the whole server with an unknown outcome', async () => {
    await start({ server: { limits: { maxHeldBytes: 300_000 } } })
    const call = await post(attacker, 'Hold', `"${'x'.repeat(200_000)}"`)
    expect(await call.answered()).to.equal(502)
    expect(call.text).to.include('OUTCOME_UNKNOWN')
    expect(await (await post(honest, 'Echo')).answered()).to.equal(200)
  })

  it('publishes what is held, and by nobody in particular', async () => {
    await start({
      http: { maxRequests: 8, idempotency: { maxKeys: 9 } },
      server: { limits: { maxHeldBytes: 2 ** 27 } },
    })
    await post(attacker, 'Hold', `"${'x'.repeat(50_000)}"`)
    await post(honest, 'Echo', '1', ['idempotency-key: k'])
    await waitFor(() => hold.count === 1)
    await waitFor(async () => (await places('httpKeys')) === 1)
    expect(await world.metric('isock_held_bytes{kind="bodies"}')).to.equal(50_002)
    expect(await world.metric('isock_held_bytes_max')).to.equal(2 ** 27)
    expect(await world.metric('isock_places_max{table="httpRequests"}')).to.equal(8)
    expect(await world.metric('isock_places_max{table="httpKeys"}')).to.equal(9)
    expect(await places('webConnections')).to.be.at.least(2)
    expect(await (await world.fetch('/metrics')).text()).not.to.include('127.0.0')
    hold.release()
    await waitFor(async () => (await world.metric('isock_held_bytes{kind="bodies"}')) === 0)
  })
})
