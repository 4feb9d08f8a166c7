// Metadata of calls: over every kind of link, within its limits, from headers of gateways.
import { encode } from '@msgpack/msgpack'
import { expect } from 'chai'
import { ProtocolError } from '../../lib/core/base/errors.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Context, type Metadata, type RunOptions } from '../../lib/index.ts'
import { HttpWorld } from '../gateways/http/http-world.ts'
import { IgorWorld } from '../gateways/igor/igor-world.ts'
import { LexiconsWorld } from '../gateways/lexicons/lexicons-world.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { Served, serverLinks } from '../setup/server-links.ts'
import { failureOf, World } from '../setup/world.ts'
import { readSessionBody } from '../wire/frame-bytes.ts'

class Told extends Action<undefined, Record<string, string>> {
  static override idempotent = true
  static override cacheControl = 'public, max-age=60'

  override action(_data: undefined, { metadata }: Context): Record<string, string> {
    return { ...metadata }
  }
}

/** Passes on what it got, with a key more, where it is asked to. */
class Outer extends Action<boolean, Record<string, string>> {
  override async action(passesOn: boolean, { client, metadata }: Context): Promise<Record<string, string>> {
    return client.runAction(Told, undefined, passesOn ? { metadata: { ...metadata, hop: '1' } } : {})
  }
}

const given = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tenant: 'Zürich, 東京' }

describe('metadata', () => {
  for (const link of serverLinks) {
    describe(`over ${link.name}`, () => {
      let served: Served

      beforeEach(async function () {
        if (link.missing !== undefined) this.skip()
        served = await Served.over(link)
        served.server.addAction(new Told()).addAction(new Outer())
      })

      afterEach(() => served?.close())

      it('reaches the handler, and nobody else', async () => {
        const client = await served.client()
        expect(await client.runAction(Told, undefined, { metadata: given })).to.deep.equal(given)
        expect(await client.runAction(Told)).to.deep.equal({})
      })

      it('is passed on where a handler does so', async () => {
        const client = await served.client()
        client.addAction(new Told())
        expect(await client.runAction(Outer, true, { metadata: given })).to.deep.equal({ ...given, hop: '1' })
        expect(await client.runAction(Outer, false, { metadata: given })).to.deep.equal({})
      })
    })
  }

  describe('of a client', () => {
    let world: World

    beforeEach(async () => {
      world = new World()
      await world.serve([new Told()])
    })

    afterEach(() => world.close())

    const told = (metadata: Metadata | undefined, options: RunOptions): Promise<unknown> =>
      world.clock.until(Promise.resolve(world.client(metadata && { metadata }).runAction(Told, undefined, options)))

    it('comes with each call, whose own keys come first', async () => {
      expect(await told({ tenant: 'a', locale: 'fr' }, {})).to.deep.equal({ tenant: 'a', locale: 'fr' })
      const own = { metadata: { locale: 'de' } }
      expect(await told({ tenant: 'a', locale: 'fr' }, own)).to.deep.equal({ tenant: 'a', locale: 'de' })
    })

    it('is a copy: changes after the call are not sent', async () => {
      const metadata = { tenant: 'a' }
      const call = world.client().runAction(Told, undefined, { metadata })
      metadata.tenant = 'b'
      expect(await world.clock.until(Promise.resolve(call))).to.deep.equal({ tenant: 'a' })
    })

    it('may have the largest size, in bytes, and not one more', async () => {
      const most = { a: 'é'.repeat((8_192 - 2) / 2), b: '' }
      expect(await told(most, {})).to.deep.equal(most)
      const keys = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, 'v']))
      expect(await told(keys, {})).to.deep.equal(keys)
      const proto = JSON.parse('{ "__proto__": "x" }')
      expect(Object.entries((await told(proto, {})) as object)).to.deep.equal([['__proto__', 'x']])
    })

    for (const [what, metadata, message] of [
      ['no object', 'x', 'option metadata: expected an object of texts, got "x"'],
      ['values that are no texts', { a: 1 }, 'option metadata.a: expected a text, got 1'],
      ['other keys', { 'A b': '' }, 'keys of 1 to 128 characters of a-z, 0-9, "-", "_" and ".", got "A b"'],
      ['long keys', { ['a'.repeat(129)]: '' }, 'keys of 1 to 128 characters'],
      ['more keys', Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])), 'at most 64 keys, got 65'],
      ['more bytes', { a: 'é'.repeat(4_096) }, 'at most 8192 bytes, got 8193'],
    ] as const) {
      it(`is refused as ${what}, and nothing is sent`, async () => {
        const error = await failureOf(world.client().runAction(Told, undefined, { metadata: metadata as never }))
        expect(error).to.include({ code: 'INVALID_OPTION', notStarted: true })
        expect(error.message).to.contain(message)
        expect(() => world.client({ metadata: metadata as never })).to.throw(message)
      })
    }

    it('of client and call together is bounded likewise', async () => {
      const error = await failureOf(
        world.client({ metadata: { a: 'x'.repeat(5_000) } }).runAction(Told, undefined, {
          metadata: { b: 'x'.repeat(5_000) },
        }),
      )
      expect(error).to.include({ code: 'INVALID_OPTION', notStarted: true })
    })

    for (const [what, texts, message] of [
      ['a key of other characters', ['A b', ''], 'a metadata key that is not of'],
      ['a long key', ['a'.repeat(129), ''], 'a text of 129 bytes'],
      ['a key without value', ['a'], 'metadata of 1 texts'],
      ['too many keys', Array.from({ length: 130 }, (_, i) => `k${i}`), 'metadata of 130 texts'],
      ['too many bytes', ['a', 'x'.repeat(8_193)], 'a text of 8193 bytes'],
      ['too many bytes in all', ['a', 'x'.repeat(5_000), 'b', 'x'.repeat(5_000)], 'a text of 5000 bytes'],
      ['a number', ['a', 1], 'a text'],
    ] as const) {
      it(`is no frame with ${what}`, () => {
        const body = encode([Kind.Call, 1_024, 0, 1, null, 0, texts, null])
        expect(() => readSessionBody(body)).to.throw(ProtocolError, message)
      })
    }

    it('counts among the bytes of the calls that run at once', async () => {
      await world.serve([new Told()], { limits: { maxInFlightBytes: 8_000, maxRunningCalls: 1 } }, 'small')
      const peer = await FramePeer.enter(world, ['Told'])
      await peer.call(1_024, { metadata: given })
      expect(peer.results).to.deep.equal([[1_024, given]])
    })
  })

  describe('in headers', () => {
    const headers = { traceparent: given.traceparent, 'isock-meta-tenant': 'a' }
    const metadata = { traceparent: given.traceparent, tenant: 'a' }

    it('of HTTP, by POST and by GET, which caches then keep apart', async () => {
      const world = new HttpWorld()
      world.server.addAction(new Told())
      await world.start()
      try {
        expect(await (await world.post('Told', undefined, headers, { body: null })).json()).to.deep.equal(metadata)
        const read = await world.fetch('/actions/Told?data', { headers })
        expect(await read.json()).to.deep.equal(metadata)
        expect(read.headers.get('vary')).to.contain('isock-meta-tenant')
      } finally {
        await world.close()
      }
    })

    it('of HTTP is refused where it is no metadata', async () => {
      const world = await new HttpWorld().start()
      try {
        const response = await world.post('Echo', 1, { 'isock-meta-a': 'x'.repeat(9_000) })
        expect(response.status).to.equal(400)
        expect(await response.text()).to.contain('at most 8192 bytes')
      } finally {
        await world.close()
      }
    })

    it('of the request that opened the connection of an Igor client', async () => {
      const world = new IgorWorld()
      try {
        await world.start((server) => void server.addAction(new Told()))
        const client = await world.client({ headers })
        expect((await client.run('Told'))[0]?.data).to.deep.equal(metadata)
        const refused = world.client({ headers: { 'isock-meta-a!': 'x' } }).catch((error: Error) => error.message)
        expect(await refused).to.contain('400')
      } finally {
        await world.close()
      }
    })

    it('of the request that opened the connection of a lexicons client', async () => {
      const world = await new LexiconsWorld().begin({ replies: 'all' })
      try {
        world.server.addAction(new Told())
        const client = await world.client(headers)
        client.send({ Told: {} })
        await client.waitForEntries(1)
        expect(client.entries).to.deep.equal([{ Told: metadata }])
      } finally {
        await world.close()
      }
    })
  })
})
