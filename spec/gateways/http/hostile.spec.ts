// Clients that mean ill, or know no better: whatever they send is bounded and answered, and nothing else notices.
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import fc from 'fast-check'
import { Action } from 'isock'
import { anyCharacter } from '../../setup/any-character.ts'
import { longIt, sizeOf } from '../../setup/long.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { errorOf, HttpWorld } from './http-world.ts'

/** Waits, so that its bodies stay in memory. */
class Hold extends Action<unknown, unknown> {
  readonly #waiting: (() => void)[] = []
  override async action() {
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
  get count(): number {
    return this.#waiting.length
  }
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

const fuzzRuns = Number(process.env['ISOCK_FUZZ_RUNS'] ?? sizeOf({ all: 100_000, few: 10_000 }))
const runs = Math.min(2_000, Math.max(25, Math.round(fuzzRuns / 200)))

describe('hostile clients of the HTTP gateway', function () {
  this.timeout(120_000)
  let world: HttpWorld
  let hold: Hold

  const start = async (http = {}): Promise<void> => {
    world = new HttpWorld({ http })
    hold = new Hold()
    world.server.addAction(hold)
    await world.start()
  }
  const head = (lines: readonly string[], path = '/actions/Echo'): string =>
    [
      `POST ${path} HTTP/1.1`,
      `Host: ${new URL(world.url).host}`,
      'Content-Type: application/json',
      ...lines,
      '',
      '',
    ].join('\r\n')

  afterEach(() => {
    hold.release()
    return world.close()
  })

  it('that announce a huge body are told at once', async () => {
    await start({ maxBodyBytes: 1_000 })
    const raw = await world.raw(head(['Content-Length: 10000000000']))
    expect(await raw.answered()).to.equal(413)
    expect(raw.text.toLowerCase()).to.include('connection: close')
    await waitFor(() => raw.isClosed, { timeoutMs: 8_000 })
    expect(await world.works()).to.equal(true)
  })

  it('that send a huge body are told without its being read', async () => {
    await start({ maxBodyBytes: 100_000 })
    const raw = await world.raw(head(['Transfer-Encoding: chunked']))
    const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`
    let sent = 0
    const send = (): void => {
      while (!raw.isClosed && sent < 200 * 1024 * 1024) {
        sent += chunk.length
        if (!raw.socket.write(chunk)) return void raw.socket.once('drain', send)
      }
    }
    send()
    expect(await raw.answered()).to.equal(413)
    await waitFor(() => raw.isClosed, { timeoutMs: 8_000 })
    // Some of it lies in the buffers of two sockets.
    expect(sent).to.be.below(64 * 1024 * 1024)
    expect(await world.works()).to.equal(true)
  })

  it('that send a small text of many arrays are told before it is parsed', async () => {
    await start()
    const body = `[${'[],'.repeat(220_000)}0]`
    const response = await world.post('Echo', undefined, {}, { body })
    expect([response.status, (await errorOf(response))['message']]).to.deep.equal([
      400,
      'the body is more than 200000 arrays and objects',
    ])
  })

  it('that do not take their answers are cut off', async () => {
    const clock = new VirtualClock()
    const port = createServer()
    await new Promise<void>((resolve) => port.listen(0, '127.0.0.1', resolve))
    const sockets: Socket[] = []
    port.on('connection', (socket: Socket) => sockets.push(socket))
    world = new HttpWorld({ server: { clock }, web: { server: port } })
    hold = new Hold()
    world.server.addActions({ Large: () => 'x'.repeat(3_900_000) })
    await world.start()
    const asked = head([], '/actions/Large')
    const raw = await world.raw()
    raw.socket.pause()
    raw.socket.write(asked.repeat(5))
    // What the buffers of the system take is taken; the rest waits in memory.
    await waitFor(() => (sockets[0]?.writableLength ?? 0) > 1_000_000, { timeoutMs: 8_000 })
    await clock.advance(60_000)
    expect(sockets[0]?.destroyed).to.equal(false)
    await clock.advance(600_000)
    expect(sockets[0]?.destroyed).to.equal(true)
    port.closeAllConnections()
    await new Promise((resolve) => port.close(resolve))
  })

  it('whose data fits no frame are told so', async () => {
    world = new HttpWorld({ server: { limits: { maxFrameBytes: 10_000 } } })
    hold = new Hold()
    await world.start()
    const response = await world.post('Echo', 'x'.repeat(20_000))
    expect([response.status, (await errorOf(response))['code']]).to.deep.equal([413, 'TOO_LARGE'])
    expect(await world.works()).to.equal(true)
  })

  it('that send their body too slowly are cut off', async () => {
    await start({ bodyTimeoutMs: 100 })
    const raw = await world.raw(head(['Content-Length: 1000']))
    const timer = setInterval(() => raw.socket.write('x'), 10)
    try {
      expect(await raw.answered()).to.equal(408)
      await waitFor(() => raw.isClosed, { timeoutMs: 8_000 })
    } finally {
      clearInterval(timer)
    }
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('that leave in the middle of a body leave nothing behind', async () => {
    await start({ maxBufferedBytes: 1_000 })
    for (let i = 0; i < 5; i++) {
      const raw = await world.raw(head(['Content-Length: 1000']) + 'x'.repeat(900))
      await waitFor(() => world.server.sessions.length === 1)
      raw.socket.destroy()
      await waitFor(() => world.server.sessions.length === 0)
    }
    expect(await world.works()).to.equal(true)
  })

  it('share what bodies may take in all', async () => {
    await start({ maxBufferedBytes: 10_000 })
    const held = [1, 2, 3].map(() => world.post('Hold', 'x'.repeat(3_000)))
    await waitFor(() => hold.count === 3)
    const more = await world.post('Echo', 'x'.repeat(3_000))
    expect([more.status, (await errorOf(more))['code']]).to.deep.equal([503, 'BUSY'])
    // What is left is for others.
    expect(await world.works()).to.equal(false)
    const raw = await world.raw(`${head(['Content-Length: 1'])}1`, '127.0.0.2')
    expect(await raw.answered()).to.equal(200)
    hold.release()
    await Promise.all(held)
    expect((await world.post('Echo', 'x'.repeat(3_000))).status).to.equal(200)
  })

  it('have so many requests at once, and no more', async () => {
    await start({ maxRequests: 3 })
    const held = [1, 2, 3].map(() => world.post('Hold', 1))
    await waitFor(() => hold.count === 3)
    for (const ask of [
      () => world.post('Echo', 1),
      () => world.fetch('/actions'),
      () => world.fetch('/channels/News'),
    ]) {
      const response = await ask()
      expect([response.status, response.headers.get('retry-after')]).to.deep.equal([503, '1'])
      await response.text()
    }
    expect((await world.fetch('/health/live')).status).to.equal(200)
    expect((await world.fetch('/metrics')).status).to.equal(200)
    hold.release()
    await Promise.all(held)
    expect(await world.works()).to.equal(true)
  })

  it('whose streams do not count as requests', async () => {
    await start({ maxRequests: 1 })
    const open = [await world.fetch('/channels/News')]
    // The second one's place is free as soon as the first has become a stream.
    expect(open[0]?.status).to.equal(200)
    open.push(await world.fetch('/channels/News'))
    expect(open[1]?.status).to.equal(200)
    expect(await world.works()).to.equal(true)
    for (const response of open) await response.body?.cancel()
  })

  it('with bombs for headers are told by Node itself', async () => {
    await start()
    const raw = await world.raw(head([`X-Bomb: ${'x'.repeat(100_000)}`]))
    expect(await raw.answered()).to.equal(431)
    const many = await world.raw(head(Array.from({ length: 3_000 }, (_, i) => `X-${i}: 1`)))
    expect([400, 431]).to.include(await many.answered())
    expect(await world.works()).to.equal(true)
  })

  it('that send requests before they have their answers are served one after the other', async () => {
    await start()
    const raw = await world.raw()
    const hold1 = `${head(['Content-Length: 1'], '/actions/Hold')}1`
    raw.socket.write(hold1 + hold1)
    const stream = `GET /channels/News HTTP/1.1\r\nHost: ${new URL(world.url).host}\r\n\r\n`
    raw.socket.write(stream.repeat(20))
    await waitFor(() => hold.count === 1)
    expect(await world.works()).to.equal(true)
    expect([hold.count, await world.metric('isock_http_streams_open')]).to.deep.equal([1, 0])
    hold.release()
    await waitFor(() => hold.count === 1)
    hold.release()
    await waitFor(async () => (await world.metric('isock_http_streams_open')) === 1)
    raw.socket.destroy()
    // With so many behind it, the connection is looked at once a second.
    await waitFor(() => world.server.sessions.length === 0, { timeoutMs: 10_000 })
    expect(await world.metric('isock_http_streams_open')).to.equal(0)
  })

  longIt('that send thousands of requests before they have their answers are not read', async () => {
    await start()
    const raw = await world.raw()
    const hold1 = `${head(['Content-Length: 1'], '/actions/Hold')}1`
    raw.socket.write(hold1)
    await waitFor(() => hold.count === 1)
    const sent = 20_000
    raw.socket.write(hold1.repeat(sent))
    await waitFor(() => (world.server.usage.held.bodies ?? 0) > 0)
    for (let i = 0; i < 20; i++) expect(await world.works()).to.equal(true)
    expect(world.server.usage.held.bodies).to.be.below((sent * 4_096) / 4)
  })

  it('that look for other paths find none', async () => {
    await start()
    const paths = [
      '/actions/../../etc/passwd',
      '/actions/..%2f..%2fetc%2fpasswd',
      '/actions/%2e%2e/%2e%2e/etc/passwd',
      '/actions/__proto__',
      '/actions/constructor',
      '/actions/toString',
      '/actions/hasOwnProperty',
      '/actions//Echo',
      '/actions/Echo%00',
      '/channels/__proto__',
      '/channels/..%2fNews',
      '/health/__proto__',
      '//actions/Echo',
      '/metrics/../actions/%00',
    ]
    for (const path of paths) {
      const raw = await world.raw(`${head(['Content-Length: 1', 'Connection: close'], path)}1`)
      expect([404, 405], path).to.include(await raw.answered())
    }
    expect(await world.works()).to.equal(true)
  })

  it('that smuggle a second request are refused by Node itself', async () => {
    await start()
    const raw = await world.raw(
      `${head(['Content-Length: 5', 'Transfer-Encoding: chunked'])}0\r\n\r\nGET /actions HTTP/1.1\r\n\r\n`,
    )
    expect(await raw.answered()).to.equal(400)
    expect(await world.works()).to.equal(true)
  })

  longIt('that send whatever they like are answered, and nobody else notices', async () => {
    await start()
    const text = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc.json().chain((whole) => fc.nat(whole.length).map((at) => whole.slice(0, at))),
      fc.tuple(fc.json(), fc.json()).map(([json, values]) => `{"json":${json},"meta":{"values":${values},"v":1}}`),
      fc
        .tuple(
          fc.json(),
          fc.constantFrom('Date', 'map', 'set', 'bigint', 'URL', 'regexp', 'undefined', 'number', 'custom'),
        )
        .map(([json, type]) => `{"json":${json},"meta":{"values":["${type}"],"v":1}}`),
      fc.string({ unit: anyCharacter }),
      fc.constantFrom(
        '{"__proto__":{"a":1}}',
        '{"json":{"a":1},"meta":{"values":{"__proto__.a":["Date"]},"v":1}}',
        '{"json":{},"meta":{"values":{"constructor.name":["Date"]},"v":1}}',
      ),
    )
    const headers = fc.record(
      {
        accept: fc.constantFrom(
          '*/*',
          'application/json',
          'application/x-ndjson',
          'text/event-stream',
          ';;,,=',
          'a/b;q=x',
        ),
        'content-type': fc.constantFrom(
          'application/json',
          'application/json;format=superjson',
          'application/octet-stream',
          'text/plain',
          ';',
          'application/json;charset',
        ),
        'isock-timeout-ms': fc.constantFrom('1000', '0', 'x', '99999999999'),
        'idempotency-key': fc.constantFrom('"a"', '"b', '', 'c'),
        'isock-credentials': fc.constantFrom('{}', '{"__proto__":1}', '[', 'null', '{"a":{"b":[1,2]}}'),
      },
      { requiredKeys: [] },
    )
    const statuses = new Set<number>()
    await fc.assert(
      fc.asyncProperty(text, headers, async (body, given) => {
        const response = await world.post('Echo', undefined, given as Record<string, string>, { body })
        statuses.add(response.status)
        const answer = await response.text()
        if (response.status < 400) return
        const { code } = (JSON.parse(answer) as { error: { code: string } }).error
        // A value with a field "constructor" is one that superjson does not write.
        if (response.status === 500) expect(code).to.equal('UNSENDABLE')
        else expect(code).to.match(/^[A-Z_]+$/)
      }),
      {
        numRuns: runs,
        // So that few runs see these too, whatever their seed.
        examples: [
          ['1', { 'content-type': 'application/json' }],
          ['{', { 'content-type': 'application/json' }],
          ['1', { 'content-type': 'text/plain' }],
        ],
      },
    )
    expect([...statuses]).to.include.members([200, 400, 415])
    expect(({} as { a?: unknown }).a).to.equal(undefined)
    expect(await world.works()).to.equal(true)
    await waitFor(() => world.server.sessions.length === 0)
    expect(await world.metric('isock_http_requests_running')).to.equal(0)
  })
})
