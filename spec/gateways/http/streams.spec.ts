// Actions that stream, over HTTP: as server-sent events or lines of JSON, no faster than the client reads.
import { expect } from 'chai'
import { Action, type Context } from 'isock'
import { waitFor } from '../../setup/wait-for.ts'
import { errorOf, eventsOf, HttpWorld, OutOfStock, take } from './http-world.ts'

class Count extends Action<number, string, number> {
  override async *action(to: number) {
    for (let i = 1; i <= to; i++) yield i
    return 'done'
  }
}
class Late extends Action<'first' | 'second' | 'unsendable', void, unknown> {
  override async *action(what: 'first' | 'second' | 'unsendable') {
    if (what === 'first') throw new OutOfStock(0)
    yield new Date(0)
    if (what === 'second') throw new OutOfStock(1)
    yield { constructor: 1 }
  }
}
class Slow extends Action<undefined, void, string> {
  override async *action(_data: undefined, { signal }: Context<string>) {
    yield 'begun'
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
}
/** Counts what it gave, and whether it is still asked. */
class Flood extends Action<undefined, void, string> {
  given = 0
  ended = false
  override async *action() {
    const text = 'x'.repeat(16 * 1024)
    try {
      for (;;) {
        this.given++
        yield text
      }
    } finally {
      this.ended = true
    }
  }
}

/** Streams, which nothing but its first item shows. */
class Emit extends Action<undefined, void, string> {
  isCancelled = false
  override async action(_data: undefined, { emit, signal }: Context<string>) {
    signal.addEventListener('abort', () => {
      this.isCancelled = true
    })
    await emit('item')
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
}

const sse = { accept: 'text/event-stream' }
const ndjson = { accept: 'application/x-ndjson' }

describe('streams over HTTP', () => {
  let world: HttpWorld
  let flood: Flood
  let emit: Emit

  const start = async (http = {}): Promise<void> => {
    world = new HttpWorld({ http })
    flood = new Flood()
    emit = new Emit()
    for (const action of [new Count(), new Late(), new Slow(), flood, emit]) world.server.addAction(action)
    await world.start()
  }

  afterEach(() => world.close())

  it('are server-sent events: the items, then the result', async () => {
    await start()
    const response = await world.post('Count', 2, sse)
    expect(response.headers.get('content-type')).to.equal('text/event-stream; charset=utf-8')
    expect(await response.text()).to.equal(
      'event: item\ndata: 1\n\nevent: item\ndata: 2\n\nevent: result\ndata: "done"\n\n',
    )
  })

  it('are lines of JSON, also for who takes anything', async () => {
    await start()
    for (const headers of [ndjson, { accept: '*/*' }, { accept: 'application/json, text/plain, */*' }]) {
      const response = await world.post('Count', 2, headers)
      expect(response.headers.get('content-type')).to.equal('application/x-ndjson; charset=utf-8')
      expect(await response.text()).to.equal('{"item":1}\n{"item":2}\n{"result":"done"}\n')
    }
  })

  it('do not run for a client that takes only JSON', async () => {
    await start()
    const response = await world.post('Flood', undefined, { accept: 'application/json' })
    expect([response.status, (await errorOf(response))['code']]).to.deep.equal([406, 'NOT_ACCEPTABLE'])
    expect(flood.given).to.equal(0)
  })

  it('that only show by their first item end there for a client that takes only JSON', async () => {
    await start()
    const response = await world.post('Emit', undefined, { accept: 'application/json' })
    expect([response.status, (await errorOf(response))['code']]).to.deep.equal([406, 'NOT_ACCEPTABLE'])
    await waitFor(() => emit.isCancelled)
  })

  it('have but a result where the action has no items', async () => {
    await start()
    expect(await (await world.post('Echo', { a: 1 }, sse)).text()).to.equal('event: result\ndata: {"a":1}\n\n')
    expect(await (await world.post('Echo', { a: 1 }, ndjson)).text()).to.equal('{"result":{"a":1}}\n')
    expect(await (await world.post('Count', 0, ndjson)).text()).to.equal('{"result":"done"}\n')
  })

  it('have the status of an error before their first item', async () => {
    await start()
    const response = await world.post('Late', 'first', sse)
    expect([response.status, (await errorOf(response))['name']]).to.deep.equal([500, 'OutOfStock'])
    expect((await world.post('Nothing', 1, ndjson)).status).to.equal(404)
  })

  it('end with an error after the items before it', async () => {
    await start()
    const error = { name: 'OutOfStock', code: 'ACTION_ERROR', message: 'only 1 left', data: { left: 1 } }
    const events = await take(await world.post('Late', 'second', sse), 2)
    expect(events.map(({ event, data }) => [event, data])).to.deep.equal([
      ['item', '1970-01-01T00:00:00.000Z'],
      ['error', error],
    ])
    const lines = (await (await world.post('Late', 'second', ndjson)).text()).trim().split('\n')
    expect(JSON.parse(lines[1] as string)).to.deep.equal({ error })
  })

  it('end with an error where an item cannot be written', async () => {
    await start()
    const headers = { ...ndjson, 'content-type': 'application/json; format=superjson' }
    const lines = (await (await world.post('Late', { json: 'unsendable' }, headers)).text()).trim().split('\n')
    expect(lines).to.have.length(2)
    expect((JSON.parse(lines[1] as string) as { error: { code: string } }).error.code).to.equal('UNSENDABLE')
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('have superjson where that is asked for', async () => {
    await start()
    const headers = { ...ndjson, 'content-type': 'application/json; format=superjson' }
    const response = await world.post('Late', { json: 'second' }, headers)
    expect((await response.text()).split('\n')[0]).to.equal(
      '{"item":{"json":"1970-01-01T00:00:00.000Z","meta":{"values":["Date"],"v":1}}}',
    )
  })

  it('have comments in silence', async () => {
    await start({ keepAliveMs: 20 })
    const response = await world.post('Slow', undefined, sse)
    let text = ''
    for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (text.split(': keep-alive\n\n').length > 3) break
    }
    expect(text).to.match(/^event: item\ndata: "begun"\n\n(: keep-alive\n\n)+$/)
  })

  it('cancel their call when the client leaves', async () => {
    await start()
    for await (const { data } of eventsOf(await world.post('Flood', undefined, sse))) {
      expect(data).to.have.length(16 * 1024)
      break
    }
    await waitFor(() => flood.ended)
    await waitFor(() => world.server.sessions.length === 0)
    await waitFor(async () => (await world.metric('isock_http_streams_open')) === 0)
  })

  it('hold their call back where the client reads slowly', async () => {
    await start()
    const raw = await world.raw()
    raw.socket.pause()
    raw.socket.write(
      `POST /actions/Flood HTTP/1.1\r\nHost: ${new URL(world.url).host}\r\nAccept: text/event-stream\r\n\r\n`,
    )
    await waitFor(() => flood.given > 10)
    let before = -1
    // Until nothing moves any more: buffers of the system, of Node and the window of the call are full.
    await waitFor(
      async () => {
        const isSame = flood.given === before
        before = flood.given
        await world.works()
        return isSame
      },
      { timeoutMs: 8_000 },
    )
    expect(flood.given * 16).to.be.below(32 * 1024)
    expect(flood.ended).to.equal(false)
    raw.socket.resume()
    const given = flood.given
    await waitFor(() => flood.given > given + 50, { timeoutMs: 8_000 })
  })

  it('are cut off where the client takes nothing for too long', async () => {
    await start({ maxStallMs: 100 })
    const raw = await world.raw()
    raw.socket.pause()
    raw.socket.write(
      `POST /actions/Flood HTTP/1.1\r\nHost: ${new URL(world.url).host}\r\nAccept: application/x-ndjson\r\n\r\n`,
    )
    await waitFor(() => flood.ended, { timeoutMs: 8_000 })
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('are bounded, those of channels with them', async () => {
    await start({ maxStreams: 2 })
    const open = [await world.post('Slow', undefined, sse), await world.fetch('/channels/News')]
    for (const ask of [
      () => world.post('Slow', undefined, sse),
      () => world.post('Slow', undefined),
      () => world.fetch('/channels/News'),
    ]) {
      const response = await ask()
      expect([response.status, response.headers.get('retry-after'), (await errorOf(response))['code']]).to.deep.equal([
        503,
        '1',
        'BUSY',
      ])
    }
    expect(await world.works()).to.equal(true)
    await open[0]?.body?.cancel()
    await waitFor(async () => (await world.metric('isock_http_streams_open')) === 1)
    const again = await world.post('Slow', undefined, sse)
    expect(again.status).to.equal(200)
    await again.body?.cancel()
    await open[1]?.body?.cancel()
  })
})
