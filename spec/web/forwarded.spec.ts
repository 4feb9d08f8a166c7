// Clients behind proxies: who they are is what proxies say that were named, and nobody else.
import { expect } from 'chai'
import { http } from 'isock/http'
import { namedAddresses } from '../../lib/core/server/named-addresses.ts'
import { clientOf } from '../../lib/features/web/forwarded.ts'
import { ClientError, type Context, TokenGuard, type Visitor } from '../../lib/index.ts'
import { ask, WebWorld } from './web-world.ts'

describe('A client behind proxies', () => {
  const isProxy = namedAddresses('trustProxy', ['10.0.0.0/8', 'loopback', '2001:db8::/32'])
  const asker = (nearest: string, forwarded?: string, proto?: string) =>
    clientOf(
      nearest,
      {
        ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
        ...(proto === undefined ? {} : { 'x-forwarded-proto': proto }),
      },
      isProxy,
    )

  it('is whom the last proxy that was named has seen', () => {
    for (const [nearest, forwarded, expected] of [
      ['203.0.113.7', undefined, '203.0.113.7'],
      ['203.0.113.7', '198.51.100.1', '203.0.113.7'],
      ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
      ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
      ['10.0.0.1', '127.0.0.1, 198.51.100.1', '198.51.100.1'],
      ['10.0.0.1', '127.0.0.1, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
      ['10.0.0.1', '198.51.100.9,198.51.100.1 ,  127.0.0.1', '198.51.100.1'],
      ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
      ['10.0.0.1', '127.0.0.1', '10.0.0.1'],
      ['10.0.0.1', '::1, 10.0.0.2', '10.0.0.2'],
      ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
      ['10.0.0.1', undefined, '10.0.0.1'],
      ['10.0.0.1', '', '10.0.0.1'],
      ['10.0.0.1', 'unknown', '10.0.0.1'],
      ['10.0.0.1', '198.51.100.1, localhost', '10.0.0.1'],
      ['10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
      ['10.0.0.1', '[2001:db9::1]:4711', '2001:db9::1'],
      ['2001:db8::1', '2001:db9::1', '2001:db9::1'],
    ] as const)
      expect(asker(nearest, forwarded).address, `${nearest} says ${forwarded}`).to.equal(expected)
  })

  it('came over TLS as the nearest proxy says, if it was named', () => {
    expect(asker('10.0.0.1', '198.51.100.1', 'https').isSecure).to.equal(true)
    expect(asker('10.0.0.1', '198.51.100.1', 'http, HTTPS').isSecure).to.equal(true)
    for (const proto of ['http', 'https, http', '', undefined])
      expect(asker('10.0.0.1', '198.51.100.1', proto).isSecure, proto).to.equal(false)
    expect(asker('203.0.113.7', '198.51.100.1', 'https').isSecure).to.equal(undefined)
  })

  describe('at a web port', () => {
    let world: WebWorld
    const forwarded = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' }

    beforeEach(() => {
      world = new WebWorld()
    })

    afterEach(() => world.close())

    const seen = async (options: { trustProxy?: string[] }): Promise<unknown[]> => {
      const { server, web } = await world.serve({ gateways: [http()], ...options })
      server.addActions({
        from: (_: unknown, { session }: Context) => [session.peer?.address, session.peer?.isPrivate],
      })
      const headers = { ...forwarded, 'content-type': 'application/json' }
      const answer = await fetch(`${web.url}/actions/from`, { method: 'POST', headers, body: 'null' })
      return (await answer.json()) as unknown[]
    }

    it('is seen where its proxy is named, and not where it is not', async () => {
      expect(await seen({ trustProxy: ['loopback'] })).to.deep.equal(['203.0.113.7', true])
      expect(await seen({ trustProxy: ['10.0.0.0/8'] })).to.deep.equal(['127.0.0.1', true])
      expect(await seen({})).to.deep.equal(['127.0.0.1', true])
    })

    it('is exempt from guards where it is trusted itself, and not because its proxy is', async () => {
      const visitors: Visitor[] = []
      class Door extends TokenGuard {
        override check(token: string | undefined, visitor: Visitor) {
          visitors.push(visitor)
          return super.check(token, visitor)
        }
      }
      const guards = [new Door('correct horse battery')]
      const { web } = await world.serve(
        { gateways: [http()], trustProxy: ['loopback'] },
        { guards, trust: ['127.0.0.1'] },
      )
      expect((await ask(web.url, '/actions', forwarded)).status).to.equal(401)
      expect((await ask(web.url, '/actions')).status).to.equal(200)
      expect((await ask(web.url, '/actions', { 'x-forwarded-for': '127.0.0.1, 203.0.113.7' })).status).to.equal(401)
    })

    it('keeps its token to itself in clear text, as its proxy says', async () => {
      const { web } = await world.serve(
        { gateways: [http()], trustProxy: ['loopback'] },
        { token: 'correct horse battery' },
      )
      const authorization = 'Bearer correct horse battery'
      expect((await ask(web.url, '/actions', { ...forwarded, authorization })).status).to.equal(200)
      const plain = { ...forwarded, 'x-forwarded-proto': 'http', authorization }
      expect((await ask(web.url, '/actions', plain)).status).to.equal(401)
    })

    it('refuses proxies that are no addresses', async () => {
      for (const trustProxy of [['everyone'], ['10.0.0.0/99'], true, '127.0.0.1', [5]]) {
        const failure = await world.serve({ trustProxy: trustProxy as never }).catch((error: unknown) => error)
        expect(failure, JSON.stringify(trustProxy)).to.be.instanceOf(ClientError)
        expect((failure as Error).message).to.contain('option trustProxy')
      }
    })
  })
})
