// Actions that change nothing, called by GET: their data in the query, their answers for caches.
import { request } from 'node:http'
import { expect } from 'chai'
import { Action, type Context } from 'isock'
import { ask } from '../../web/web-world.ts'
import { HttpWorld, type WorldOptions } from './http-world.ts'

let runs = 0

class Price extends Action<unknown, unknown> {
  static override idempotent = true
  static override cacheControl = 'public, max-age=60, s-maxage=600'
  override action(data: unknown) {
    runs++
    return { asked: data }
  }
}
class Picture extends Action<undefined, Uint8Array> {
  static override idempotent = true
  static override cacheControl = 'no-cache'
  override action() {
    return Uint8Array.of(1, 2, 3)
  }
}
class Empty extends Action<undefined, Uint8Array> {
  static override idempotent = true
  static override cacheControl = 'no-cache'
  override action() {
    return new Uint8Array()
  }
}
class Nothing extends Action<undefined, void> {
  static override idempotent = true
  static override cacheControl = 'no-cache'
  override action() {}
}
class Broken extends Action<undefined, never> {
  static override idempotent = true
  static override cacheControl = 'max-age=60'
  override action(): never {
    throw new RangeError('on purpose')
  }
}
class Count extends Action<unknown, void, number> {
  static override idempotent = true
  static override cacheControl = 'no-cache'
  override async *action() {
    yield 1
  }
}
class Emits extends Action<unknown, void, number> {
  static override idempotent = true
  static override cacheControl = 'no-cache'
  override async action(_data: unknown, context: Context<number>) {
    await context.emit(1)
  }
}
/** May run twice, and changes something: it sets. */
class Sets extends Action<unknown, void> {
  static override idempotent = true
  override action() {
    runs++
  }
}
class Adds extends Action<unknown, void> {
  static override cacheControl = 'no-cache'
  override action() {
    runs++
  }
}
class Garbled extends Action<unknown, void> {
  static override idempotent = true
  static override cacheControl = 'no-cache\r\nx: y'
  override action() {
    runs++
  }
}

describe('HTTP: an action called by GET', () => {
  let world: HttpWorld

  beforeEach(() => {
    runs = 0
  })

  afterEach(() => world.close())

  async function start(options: WorldOptions = {}): Promise<void> {
    world = new HttpWorld(options)
    for (const Each of [Price, Picture, Empty, Nothing, Broken, Count, Emits, Sets, Adds, Garbled])
      world.server.addAction(new Each())
    await world.start()
  }

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => world.fetch(path, { headers })
  const asked = async (query: string): Promise<unknown> => {
    const answer = await get(`/actions/Price?${query}`)
    return answer.status === 200 ? ((await answer.json()) as { asked?: unknown }).asked : answer.status
  }
  const codeOf = async (answer: Response): Promise<unknown[]> => [
    answer.status,
    ((await answer.json()) as { error: { code: unknown } }).error.code,
  ]

  it('has its data as JSON, or as fields that are texts', async () => {
    await start()
    const json = (value: unknown): string => `data=${encodeURIComponent(JSON.stringify(value))}`
    expect(await asked(json({ a: 2, b: ['x', null] }))).to.deep.equal({ a: 2, b: ['x', null] })
    expect(await asked(json(0))).to.equal(0)
    expect(await asked(json({ json: 'x', meta: { values: ['Date'] } }))).to.be.a('number')
    expect(await asked('data')).to.equal(undefined)
    expect(await asked('data=')).to.equal(undefined)
    expect(await asked('name=ada%20l&n=42&tag=x&tag=y&none')).to.deep.equal({
      name: 'ada l',
      n: '42',
      tag: ['x', 'y'],
      none: '',
    })
    expect(await asked('__proto__=x')).to.deep.equal(JSON.parse('{"__proto__":"x"}'))
  })

  it('is refused for data that cannot be read, before it runs', async () => {
    await start()
    for (const query of ['data={', 'data=1&data=2', 'data=1&x=2', `data=${'['.repeat(100)}`, 'data=undefined'])
      expect(await asked(query), query).to.equal(400)
    const withBody = await new Promise<number | undefined>((resolve, reject) => {
      const asking = request(`${world.url}/actions/Price?data=1`, { headers: { 'content-length': '2' } }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode))
      })
      asking.on('error', reject).end('{}')
    })
    expect(withBody).to.equal(400)
    expect((await get('/actions/Price?data=1', { 'idempotency-key': 'k' })).status).to.equal(400)
    expect(runs).to.equal(0)
  })

  for (const [what, headers, body, status] of [
    ['a length of 0', { 'content-length': '0' }, '', 200],
    ['a length of 1', { 'content-length': '1' }, '1', 400],
    ['a body in chunks', { 'transfer-encoding': 'chunked' }, '1', 400],
    ['no byte in chunks', { 'transfer-encoding': 'chunked' }, '', 400],
  ] as const)
    it(`is ${status === 200 ? 'answered' : 'refused, and told to use POST,'} with ${what}`, async () => {
      await start()
      const [got, text] = await new Promise<[number | undefined, string]>((resolve, reject) => {
        const asking = request(`${world.url}/actions/Price?data=1`, { headers }, (answer) => {
          let all = ''
          answer.on('data', (chunk) => {
            all += chunk
          })
          answer.on('end', () => resolve([answer.statusCode, all]))
        })
        asking.on('error', reject).end(body)
      })
      expect(got).to.equal(status)
      expect(runs).to.equal(status === 200 ? 1 : 0)
      if (status === 400) expect(text).to.include('use POST for a body')
    })

  it('has a query of a bounded length', async () => {
    await start({ http: { maxQueryBytes: 100 } })
    expect(await asked(`x=${'y'.repeat(98)}`)).to.deep.equal({ x: 'y'.repeat(98) })
    expect(await codeOf(await get(`/actions/Price?x=${'y'.repeat(99)}`))).to.deep.equal([414, 'TOO_LARGE'])
    expect(await asked(`x=${'%20'.repeat(34)}`)).to.equal(414)
    expect(runs).to.equal(1)
  })

  it('is one that declares that it may run again, and what to tell caches', async () => {
    await start()
    for (const name of ['Echo', 'Sets', 'Adds', 'Garbled', 'Count']) {
      const answer = await get(`/actions/${name}?data`)
      expect(answer.headers.get('allow'), name).to.equal('POST')
      expect(answer.headers.get('cache-control')).to.equal('no-store')
      expect(await codeOf(answer), name).to.deep.equal([405, 'METHOD_NOT_ALLOWED'])
    }
    expect(runs).to.equal(0)
    for (const name of ['Prices', 'isock.actions', 'isock.actions.json'])
      expect(await codeOf(await get(`/actions/${name}?data`)), name).to.deep.equal([404, 'UNKNOWN_ACTION'])
  })

  it('is told of, where there is no query', async () => {
    await start()
    expect(await (await get('/actions/Price')).json()).to.deep.equal({
      name: 'Price',
      kind: 'action',
      cacheControl: Price.cacheControl,
    })
    for (const name of ['Sets', 'Adds', 'Garbled', 'Count'])
      expect(await (await get(`/actions/${name}`)).json(), name).not.to.have.property('cacheControl')
    expect(runs).to.equal(0)
  })

  it('is answered with what caches need, and with 304 where they have it', async () => {
    await start()
    const first = await get('/actions/Price?data=1')
    const etag = first.headers.get('etag') ?? ''
    expect(etag).to.match(/^"[\w-]{43}"$/)
    expect(first.headers.get('cache-control')).to.equal(Price.cacheControl)
    expect(first.headers.get('vary')?.split(', ')).to.have.members([
      'Origin',
      'Accept',
      'Authorization',
      'Isock-Credentials',
    ])
    const asOne = await get('/actions/Price?data=1', { 'isock-meta-tenant': 'a', traceparent: 'x', 'isock-other': 'b' })
    expect(asOne.headers.get('vary')?.split(', ')).to.have.members([
      'Origin',
      'Accept',
      'Authorization',
      'Isock-Credentials',
      'isock-meta-tenant',
    ])
    expect((await get('/actions/Price?data=1')).headers.get('etag')).to.equal(etag)
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask(world.url, '/actions/Price?data=1', { 'if-none-match': known })
      expect([again.status, again.body, again.headers.etag], known).to.deep.equal([304, '', etag])
      expect(again.headers['cache-control']).to.equal(Price.cacheControl)
      expect(again.headers['content-length']).to.equal(undefined)
    }
    for (const known of ['"other"', etag.slice(1, -1), ''])
      expect((await ask(world.url, '/actions/Price?data=1', { 'if-none-match': known })).status, known).to.equal(200)
    expect((await get('/actions/Price?data=2', { 'if-none-match': etag })).status).to.equal(200)
    const rich = { accept: 'application/json; format=superjson', 'if-none-match': etag }
    expect((await get('/actions/Price?data=1', rich)).status).to.equal(200)
  })

  it('is answered by HEAD with the same headers and no body', async () => {
    await start()
    const whole = await get('/actions/Price?data=1')
    const head = await world.fetch('/actions/Price?data=1', { method: 'HEAD' })
    for (const name of ['etag', 'cache-control', 'vary', 'content-length', 'content-type'])
      expect(head.headers.get(name), name).to.equal(whole.headers.get(name))
    expect([head.status, await head.text()]).to.deep.equal([200, ''])
    expect((await world.fetch('/actions/Sets?data', { method: 'HEAD' })).status).to.equal(405)
  })

  it('is answered with bytes, or nothing, and tells caches of both', async () => {
    await start()
    const picture = await get('/actions/Picture?data')
    expect([...new Uint8Array(await picture.arrayBuffer())]).to.deep.equal([1, 2, 3])
    const asJson = await get('/actions/Picture?data', { accept: 'application/json' })
    expect(asJson.headers.get('etag')).not.to.equal(picture.headers.get('etag'))
    const nothing = await get('/actions/Nothing?data')
    expect([nothing.status, nothing.headers.get('cache-control')]).to.deep.equal([204, 'no-cache'])
    expect((await get('/actions/Empty?data')).headers.get('etag')).not.to.equal(nothing.headers.get('etag'))
    const again = await get('/actions/Nothing?data', { 'if-none-match': nothing.headers.get('etag') ?? '' })
    expect(again.status).to.equal(304)
  })

  it('keeps errors out of caches', async () => {
    await start()
    const answer = await get('/actions/Broken?data', { 'if-none-match': '*' })
    expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('etag')]).to.deep.equal([
      500,
      'no-store',
      null,
    ])
  })

  it('gives no stream', async () => {
    await start()
    for (const accept of ['text/event-stream', 'application/x-ndjson'])
      expect((await get('/actions/Price?data', { accept })).status, accept).to.equal(406)
    expect(runs).to.equal(0)
    expect((await get('/actions/Emits?data')).status).to.equal(406)
  })

  it('is for the client alone where a server asks for credentials, or some are shown', async () => {
    await start({ server: { token: 'correct horse' } })
    expect(await codeOf(await get('/actions/Price?data=1'))).to.deep.equal([401, 'UNAUTHENTICATED'])
    expect(await codeOf(await get('/actions/Sets?data'))).to.deep.equal([401, 'UNAUTHENTICATED'])
    const answer = await get('/actions/Price?data=1', { authorization: 'Bearer correct horse' })
    expect(answer.headers.get('cache-control')).to.equal('private, max-age=60')
    await world.close()
    await start({ server: { token: 'correct horse', trust: ['127.0.0.1'] } })
    expect((await get('/actions/Price?data=1')).headers.get('cache-control')).to.equal('private, max-age=60')
    await world.close()
    await start()
    for (const headers of [{ authorization: 'Bearer x' }, { 'isock-credentials': '{"Login":1}' }])
      expect((await get('/actions/Price?data=1', headers)).headers.get('cache-control')).to.equal('private, max-age=60')
  })

  it('is refused for pages of other origins, as every call', async () => {
    await start()
    expect((await ask(world.url, '/actions/Price?data', { origin: 'https://evil.example' })).status).to.equal(403)
    const embedded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
    expect((await ask(world.url, '/actions/Price?data', embedded)).status).to.equal(403)
    expect((await ask(world.url, '/actions/Price?data', { host: 'evil.example' })).status).to.equal(403)
    expect(runs).to.equal(0)
  })
})
