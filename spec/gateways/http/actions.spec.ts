// POST /actions/<name>, as a client has it that is nothing but fetch: data in, results out, errors by their status.

import { expect } from 'chai'
import { Action, ActionError, AuthError, BusyError, type Context, Guard, RemoteError, ServerError } from 'isock'
import { SuperJSON } from 'superjson'
import { z } from 'zod'
import {
  AmbiguousError,
  ConflictError,
  InvalidDataError,
  NotFoundError,
  StoreUnavailableError,
} from '../../../lib/data.ts'

import { waitFor } from '../../setup/wait-for.ts'
import { errorOf, HttpWorld, OutOfStock, type WorldOptions } from './http-world.ts'

class Describe extends Action<unknown, string> {
  override action(data: unknown) {
    if (data instanceof Date) return `Date ${data.toISOString()}`
    if (data instanceof Map) return `Map ${JSON.stringify([...data])}`
    if (data instanceof Uint8Array) return `bytes ${[...data].join()}`
    return `${typeof data} ${JSON.stringify(data)}`
  }
}
class Rich extends Action {
  override action() {
    return { at: new Date(0), tags: new Set(['a']), big: 5n, file: Buffer.from('hi'), not: Number.NaN, of: undefined }
  }
}
class Bytes extends Action {
  override action() {
    return Buffer.from([1, 2, 255])
  }
}
class Order extends Action<{ item: string; quantity: number }, string> {
  static override input = z.object({ item: z.string(), quantity: z.number().int() })
  static override description = 'Orders things'
  override action({ item, quantity }: { item: string; quantity: number }) {
    if (item === 'shoes') throw new OutOfStock(quantity - 1)
    return `${quantity} ${item}`
  }
}
class Throws extends Action<string, never> {
  override action(what: string): never {
    if (what === 'plain') throw new TypeError('a bug')
    if (what === 'cause') throw new Error('outer', { cause: new Error('inner secret') })
    if (what === 'value') throw { odd: 1 }
    if (what === 'code') throw Object.assign(new Error('mine'), { code: 'UNKNOWN_ACTION' })
    if (what === 'action') throw new ActionError('mine', { code: 'UNKNOWN_ACTION' })
    if (what === 'busy') throw new BusyError('full')
    if (what === 'auth') throw new AuthError('not you')
    if (what === 'remote')
      throw new RemoteError({ name: 'Far', message: 'away', code: 'UNAUTHENTICATED', data: { a: 1n } })
    throw new ServerError('broken', { code: 'INTERNAL' })
  }
}
class WaitForEver extends Action<unknown, never> {
  static readonly running = new Set<string>()
  static readonly ended: string[] = []
  override async action(name: unknown, { signal }: Context): Promise<never> {
    WaitForEver.running.add(String(name))
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    WaitForEver.ended.push(String(name))
    throw signal.reason
  }
}
class Login extends Guard<{ user: string }> {
  override check(credential: { user: string } | undefined) {
    return credential?.user === 'ada' ? { id: 'ada' } : false
  }
}
class WhoAmI extends Action<undefined, unknown> {
  override action(_data: undefined, { session }: Context) {
    return session.identity?.id ?? session.peer?.transport
  }
}

describe('actions over HTTP', () => {
  let world: HttpWorld

  const start = (options: WorldOptions = {}): Promise<HttpWorld> => {
    world = new HttpWorld(options)
    for (const action of [
      new Describe(),
      new Rich(),
      new Bytes(),
      new Order(),
      new Throws(),
      new WaitForEver(),
      new WhoAmI(),
    ])
      world.server.addAction(action)
    return world.start()
  }

  afterEach(() => world.close())

  describe('data and results', () => {
    beforeEach(() => start())

    it('are JSON', async () => {
      const response = await world.post('Echo', { a: [1, 'ü', null, true] })
      expect(response.status).to.equal(200)
      expect(response.headers.get('content-type')).to.equal('application/json; charset=utf-8')
      expect(response.headers.get('cache-control')).to.equal('no-store')
      expect(await response.json()).to.deep.equal({ a: [1, 'ü', null, true] })
    })

    it('may be nothing', async () => {
      const response = await world.fetch('/actions/Describe', { method: 'POST' })
      expect(await response.json()).to.equal('undefined undefined')
      const nothing = await world.fetch('/actions/Echo', { method: 'POST' })
      expect([nothing.status, await nothing.text()]).to.deep.equal([204, ''])
      expect(await (await world.post('Echo', null)).text()).to.equal('null')
    })

    it('are plain JSON where a value is richer than that', async () => {
      const response = await world.post('Rich', undefined)
      expect(await response.json()).to.deep.equal({
        at: '1970-01-01T00:00:00.000Z',
        tags: ['a'],
        big: '5',
        file: 'aGk=',
        not: null,
      })
    })

    it('are superjson where the request was, as the library itself reads and writes it', async () => {
      const superjson = new SuperJSON()
      const data = superjson.serialize({ at: new Date(5), tags: new Map([['a', 1n]]) })
      const response = await world.post('Echo', data)
      const answer = (await response.json()) as ReturnType<typeof superjson.serialize>
      expect(superjson.deserialize(answer)).to.deep.equal({ at: new Date(5), tags: new Map([['a', 1n]]) })
      expect(await (await world.post('Describe', superjson.serialize(new Date(5)))).json()).to.deep.equal({
        json: 'Date 1970-01-01T00:00:00.005Z',
      })
      const rich = await world.post('Rich', undefined, { accept: 'application/json; format=superjson' })
      const value = superjson.deserialize<Record<string, unknown>>((await rich.json()) as never)
      expect(value).to.deep.equal({
        at: new Date(0),
        tags: new Set(['a']),
        big: 5n,
        file: new Uint8Array([104, 105]),
        not: Number.NaN,
        of: undefined,
      })
    })

    it('are superjson only where they say so', async () => {
      const mine = { json: 1, meta: { author: 'ada' } }
      expect(await (await world.post('Echo', mine)).json()).to.deep.equal(mine)
      const lookalike = { json: '1970-01-01T00:00:00.000Z', meta: { values: ['Date'], v: 1 } }
      const plain = { 'content-type': 'application/json; format=plain' }
      expect(await (await world.post('Describe', lookalike, plain)).json()).to.equal(
        `object ${JSON.stringify(lookalike)}`,
      )
      const bare = await world.post('Describe', { json: [1] }, { 'content-type': 'application/json;format=superjson' })
      expect(await bare.json()).to.deep.equal({ json: 'object [1]' })
    })

    it('are bytes', async () => {
      const headers = { 'content-type': 'application/octet-stream' }
      const init = { body: new Uint8Array([1, 2, 255]) }
      expect(await (await world.post('Describe', undefined, headers, init)).json()).to.equal('bytes 1,2,255')
      const response = await world.post('Echo', undefined, headers, init)
      expect(response.headers.get('content-type')).to.equal('application/octet-stream')
      expect([...new Uint8Array(await response.arrayBuffer())]).to.deep.equal([1, 2, 255])
      const asJson = await world.post('Bytes', undefined, { accept: 'application/json' })
      expect(await asJson.json()).to.equal('AQL/')
    })

    it('keep fields of any name', async () => {
      const text = '{"__proto__":{"admin":true},"constructor":{"prototype":1}}'
      const response = await world.post('Echo', undefined, {}, { body: text })
      expect(await response.text()).to.equal(text)
      expect(({} as { admin?: unknown }).admin).to.equal(undefined)
    })

    it('are of the action that the path names, whatever its name is', async () => {
      world.server.addActions({ 'a/b ü%': (data: unknown) => ({ data }) })
      expect(await (await world.post('a/b ü%', 1)).json()).to.deep.equal({ data: 1 })
    })

    it('leave no session behind', async () => {
      await Promise.all(Array.from({ length: 20 }, () => world.works()))
      await waitFor(() => world.server.sessions.length === 0)
    })
  })

  describe('errors', () => {
    const statusOf = ({ name, message }: { name: string; message: string }): number | undefined => {
      if (name === 'Far') throw new Error('a bug of statusOf')
      if (message === 'a bug') return 200
      if (message === 'outer') return 410
      return name === 'OutOfStock' ? 409 : undefined
    }
    beforeEach(() => start({ http: { statusOf } }))

    it('have the issues of a validation', async () => {
      const response = await world.post('Order', { item: 5, quantity: 1 })
      const { name, code, issues, notStarted } = await errorOf(response)
      expect({ status: response.status, name, code, notStarted }).to.deep.equal({
        status: 400,
        name: 'ValidationError',
        code: 'INVALID_INPUT',
        notStarted: true,
      })
      expect((issues as { path: unknown }[])[0]?.path).to.deep.equal(['item'])
    })

    it("have the status that statusOf gives, and the error's own fields", async () => {
      const response = await world.post('Order', { item: 'shoes', quantity: 3 })
      expect(response.status).to.equal(409)
      expect(await errorOf(response)).to.deep.equal({
        name: 'OutOfStock',
        code: 'ACTION_ERROR',
        message: 'only 2 left',
        data: { left: 2 },
      })
    })

    it('of a store have a status each', async () => {
      const errors = [
        new NotFoundError('no such note', 'Note'),
        new ConflictError('taken', { model: 'Note', field: 'text' }),
        new AmbiguousError('two match', 'Note', 2),
        new InvalidDataError('no number', { field: 'stars' }),
        new StoreUnavailableError('the store is unreachable'),
      ]
      world.server.addActions({
        store: (index: number): never => {
          throw errors[index]
        },
      })
      const seen: unknown[] = []
      for (const index of errors.keys()) {
        const response = await world.post('store', index)
        seen.push([response.status, (await errorOf(response))['code']])
      }
      expect(seen).to.deep.equal([
        [404, 'NOT_FOUND'],
        [409, 'CONFLICT'],
        [400, 'AMBIGUOUS'],
        [400, 'INVALID_DATA'],
        [503, 'STORE_UNAVAILABLE'],
      ])
    })

    const thrown: readonly [string, number, Record<string, unknown>][] = [
      ['action', 500, { name: 'ActionError', code: 'UNKNOWN_ACTION', message: 'mine' }],
      ['busy', 503, { name: 'BusyError', code: 'BUSY', message: 'full' }],
      ['auth', 403, { name: 'AuthError', code: 'UNAUTHENTICATED', message: 'not you' }],
    ]
    for (const [what, status, error] of thrown) {
      it(`that an action throws (${what}) are ${status}, without a stack`, async () => {
        const response = await world.post('Throws', what)
        expect({ status: response.status, error: await errorOf(response) }).to.deep.equal({ status, error })
        expect(response.headers.get('retry-after')).to.equal(status === 503 ? '1' : null)
      })
    }

    it('that nobody declared have the status that statusOf gives, and nothing else', async () => {
      const response = await world.post('Throws', 'cause')
      const { name, code, data } = await errorOf(response)
      expect([response.status, name, code]).to.deep.equal([410, 'ServerError', 'INTERNAL'])
      expect(Object.keys(data as object)).to.deep.equal(['errorId'])
    })

    for (const what of ['plain', 'value', 'code', 'remote', 'server']) {
      it(`that nobody declared (${what}) are 500 and an id, and nothing else`, async () => {
        const response = await world.post('Throws', what)
        const { data, message, ...error } = await errorOf(response)
        expect([response.status, error]).to.deep.equal([500, { name: 'ServerError', code: 'INTERNAL' }])
        const { errorId, ...more } = data as { readonly errorId: string }
        expect(more).to.deep.equal({})
        expect(errorId).to.match(/^[\da-f]{8}/)
        expect(message).to.equal(`the server failed; its log has the details of error ${errorId}`)
      })
    }

    it('that are deadlines are 504', async () => {
      const response = await world.post('WaitForEver', 'late', { 'isock-timeout-ms': '50' })
      expect([response.status, (await errorOf(response))['code']]).to.deep.equal([504, 'DEADLINE_EXCEEDED'])
      await waitFor(() => WaitForEver.ended.includes('late'))
    })

    const bad: readonly [string, number, string, () => Promise<Response>][] = [
      ['an action that there is not', 404, 'UNKNOWN_ACTION', () => world.post('Nothing', 1)],
      ["isock's own actions", 404, 'UNKNOWN_ACTION', () => world.post('isock.ping', undefined)],
      ['a name that is too long', 404, 'UNKNOWN_ACTION', () => world.post('x'.repeat(600), 1)],
      ['a name that is no UTF-8', 404, 'UNKNOWN_PATH', () => world.fetch('/actions/%ff', { method: 'POST' })],
      ['no name', 405, 'METHOD_NOT_ALLOWED', () => world.fetch('/actions/', { method: 'POST' })],
      ['more than a name', 404, 'UNKNOWN_PATH', () => world.fetch('/actions/Echo/x', { method: 'POST' })],
      [
        'a method that is none of the path',
        405,
        'METHOD_NOT_ALLOWED',
        () => world.fetch('/actions/Echo', { method: 'DELETE' }),
      ],
      ['no JSON', 400, 'BAD_REQUEST', () => world.post('Echo', undefined, {}, { body: '{"a":' })],
      [
        'no UTF-8',
        400,
        'BAD_REQUEST',
        () => world.post('Echo', undefined, {}, { body: new Uint8Array([0x22, 0xff, 0x22]) }),
      ],
      [
        'JSON that is too deep',
        400,
        'BAD_REQUEST',
        () => world.post('Echo', undefined, {}, { body: '['.repeat(100) + ']'.repeat(100) }),
      ],
      [
        'a form',
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        () => world.post('Echo', 1, { 'content-type': 'application/x-www-form-urlencoded' }),
      ],
      [
        'another charset',
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        () => world.post('Echo', 1, { 'content-type': 'application/json; charset=latin1' }),
      ],
      [
        'another format',
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        () => world.post('Echo', 1, { 'content-type': 'application/json; format=yaml' }),
      ],
      [
        'a body that is packed',
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        () => world.post('Echo', 1, { 'content-encoding': 'gzip' }),
      ],
      [
        'a client that takes pictures only',
        406,
        'NOT_ACCEPTABLE',
        () => world.post('Echo', 1, { accept: 'image/png, application/json;q=0' }),
      ],
      ['a time that is none', 400, 'BAD_REQUEST', () => world.post('Echo', 1, { 'isock-timeout-ms': '-5' })],
      ['another way to log in', 400, 'BAD_REQUEST', () => world.post('Echo', 1, { authorization: 'Basic YTpi' })],
      [
        'credentials that are no JSON',
        400,
        'BAD_REQUEST',
        () => world.post('Echo', 1, { 'isock-credentials': 'nonsense' }),
      ],
      [
        'credentials that are no object',
        400,
        'BAD_REQUEST',
        () => world.post('Echo', 1, { 'isock-credentials': '[1]' }),
      ],
      [
        'credentials that are too large',
        431,
        'TOO_LARGE',
        () => world.post('Echo', 1, { 'isock-credentials': JSON.stringify({ a: 'x'.repeat(6_000) }) }),
      ],
    ]
    for (const [name, status, code, ask] of bad) {
      it(`tell of ${name}: ${status}`, async () => {
        const response = await ask()
        const error = await errorOf(response)
        expect([response.status, error['code']]).to.deep.equal([status, code])
        expect(error['message']).to.be.a('string').with.length.above(5)
        expect(await world.works()).to.equal(true)
      })
    }

    it('name the methods of a path', async () => {
      const response = await world.fetch('/actions/Echo', { method: 'PUT' })
      expect(response.headers.get('allow')).to.equal('GET, HEAD, POST')
    })

    const hostileMeta: readonly [string, unknown][] = [
      ['a path through the prototype', { values: { then: ['Date'] }, v: 1 }],
      ['a typed array that is none', { values: [['typed-array', 'Uint8Array']], v: 1 }],
      ['references that grow', { values: {}, referentialEqualities: { a: ['b'] }, v: 1 }],
      ['a regular expression', { values: ['regexp'], v: 1 }],
      ['a class', { values: [['class', 'Server']], v: 1 }],
      ['another version', { values: ['Date'], v: 7 }],
      ['bytes that are not there', { values: [['custom', 'bytes']], v: 1 }],
    ]
    for (const [name, meta] of hostileMeta) {
      it(`tell of superjson with ${name}`, async () => {
        const response = await world.post('Echo', { json: ['Uint8Array', 0], meta })
        expect([response.status, (await errorOf(response))['code']]).to.deep.equal([400, 'BAD_REQUEST'])
      })
    }

    it('of a client that left end its call, and count as 499', async () => {
      const abort = new AbortController()
      const asked = world.post('WaitForEver', 'left', {}, { signal: abort.signal }).catch(() => undefined)
      await waitFor(() => WaitForEver.running.has('left'))
      abort.abort()
      await asked
      await waitFor(() => WaitForEver.ended.includes('left'))
      await waitFor(async () => (await world.metric('isock_http_requests_total{route="action",status="499"}')) === 1)
      await waitFor(() => world.server.sessions.length === 0)
    })
  })

  describe('guards', () => {
    it('are asked with the token of Authorization, for every request', async () => {
      await start({ server: { token: 'open-sesame' } })
      const refused = await world.post('Echo', 1)
      expect([refused.status, refused.headers.get('www-authenticate')]).to.deep.equal([401, 'Bearer realm="isock"'])
      expect((await errorOf(refused))['code']).to.equal('UNAUTHENTICATED')
      expect((await world.post('Echo', 1, { authorization: 'Bearer wrong-sesame' })).status).to.equal(401)
      expect(await world.works({ authorization: 'Bearer open-sesame' })).to.equal(true)
      expect((await world.post('Echo', 1)).status).to.equal(401)
      expect((await world.fetch('/actions')).status).to.equal(401)
      expect((await world.fetch('/actions/Echo')).status).to.equal(401)
      expect((await world.fetch('/channels/News')).status).to.equal(401)
      expect((await world.fetch('/actions', { headers: { authorization: 'bearer open-sesame' } })).status).to.equal(200)
      expect((await world.fetch('/health/live')).status).to.equal(200)
    })

    it('are never told of what stands in the URL', async () => {
      await start({ server: { token: 'open-sesame' } })
      const response = await world.fetch('/actions/Echo?token=open-sesame&authorization=Bearer%20open-sesame', {
        method: 'POST',
      })
      expect(response.status).to.equal(401)
    })

    it('are told of their credentials by a header of JSON', async () => {
      await start({ server: { guards: [new Login()] } })
      const headers = { 'isock-credentials': '{"Login":{"user":"ada"}}' }
      expect(await (await world.post('WhoAmI', undefined, headers)).json()).to.equal('ada')
      expect(
        (await world.post('WhoAmI', undefined, { 'isock-credentials': '{"Login":{"user":"eve"}}' })).status,
      ).to.equal(401)
      const hostile = [
        '{"constructor":{"user":"ada"},"toString":1}',
        '{"__proto__":{"Login":{"user":"ada"}}}',
        `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
      ]
      const statuses = await Promise.all(
        hostile.map(async (header) => (await world.post('WhoAmI', undefined, { 'isock-credentials': header })).status),
      )
      expect(statuses).to.deep.equal([401, 400, 400])
    })

    it('see a peer that came by HTTP', async () => {
      await start()
      expect(await (await world.post('WhoAmI', undefined)).json()).to.equal('http')
    })

    it('are asked before a byte of the body is read', async () => {
      await start({ server: { token: 'open-sesame' } })
      const raw = await world.raw(
        'POST /actions/Echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n',
      )
      // The mere name of a host without its port is none that is served.
      expect(await raw.answered()).to.equal(403)
      const { host } = new URL(world.url)
      const waiting = await world.raw(
        `POST /actions/Echo HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`,
      )
      expect(await waiting.answered()).to.equal(401)
    })
  })

  it('are below a path of their own, if so wanted', async () => {
    await start({ http: { path: '/api/v1' } })
    expect((await world.fetch('/api/v1/actions/Echo', { method: 'POST' })).status).to.equal(204)
    expect((await world.fetch('/api/v1/health/live')).status).to.equal(200)
    for (const path of ['/actions/Echo', '/api/v1', '/api/v1x/actions/Echo', '/health/live'])
      expect((await world.fetch(path, { method: 'POST' })).status, path).to.equal(404)
  })
})
