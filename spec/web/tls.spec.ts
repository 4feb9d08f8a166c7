// A web port with TLS: what it is given is checked, and a client's certificate is an identity whatever protocol it speaks.

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request } from 'node:https'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { expect } from 'chai'
import { http } from 'isock/http'
import { igor } from 'isock/igor'
import { lexicons } from 'isock/lexicons'
import { WebSocket } from 'ws'
import { visitOf } from '../../lib/features/web/visit.ts'
import { Action, ClientError, type Context, type Identity, Server, type ServerOptions } from '../../lib/index.ts'
import { listenWeb, type WebOptions } from '../../lib/web.ts'
import { type Certificates, makeCertificates } from '../setup/certificates.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'
import { WebWorld } from './web-world.ts'

interface Seen {
  readonly identity: Identity | undefined
  readonly certificate: unknown
  readonly isPrivate: boolean | undefined
}

describe('A web port with TLS', () => {
  let certificates: Certificates
  let world: WebWorld

  before(function () {
    certificates = makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
  })

  beforeEach(() => {
    world = new WebWorld()
  })

  afterEach(() => world.close())

  describe('asks clients for certificates, and', () => {
    let server: Server
    let seen: Seen[]
    let tls: ServerOptions['tls'] & object

    class Look extends Action {
      action(_data: unknown, { session }: Context) {
        const { identity, peer } = session
        seen.push({ identity, certificate: peer?.certificate, isPrivate: peer?.isPrivate })
        return null
      }
    }

    beforeEach(() => {
      seen = []
      tls = { ...certificates.server, ca: certificates.ca, requestCert: true, rejectUnauthorized: false }
    })

    /** The way of each protocol: of isock at 'tls://' first. */
    async function serve(identify?: (typeof tls)['identify']): Promise<((shown: object) => Promise<unknown>)[]> {
      const given = identify === undefined ? tls : { ...tls, identify }
      server = new Server('tls://localhost:0', { tls: given }).addAction(new Look())
      world.later(() => server.shutdown({ graceMs: 500 }))
      await server.listen()
      const web = await listenWeb(server, { port: 0, tls, gateways: [http(), igor(), lexicons()] })
      const users = createServer(tls).listen(0, '127.0.0.1')
      await once(users, 'listening')
      world.later(() => users.close())
      await listenWeb(server, { server: users, gateways: [http()], path: '/other' })
      const { port: usersPort } = users.address() as AddressInfo
      const isock = async (address: string, shown: object): Promise<unknown> => {
        const client = world.client(address, { tls: { ca: certificates.ca, ...shown } })
        return client.runAction(Look).outcome()
      }
      return [
        (shown) => isock(server.addresses[0] as string, shown),
        (shown) => isock(web.address, shown),
        (shown) => post(web.url, shown),
        (shown) => post(`https://127.0.0.1:${usersPort}`, shown),
        (shown) => say(`${web.url}/igor`, shown, { streamId: 'a', action: 'Look', data: null }),
        (shown) => say(`${web.url}/lexicons`, shown, [{ Look: {} }]),
      ]
    }

    async function post(url: string, shown: object): Promise<void> {
      const headers = { 'content-type': 'application/json' }
      const asking = request(`${url}/actions/Look`, {
        method: 'POST',
        headers,
        agent: false,
        ca: certificates.ca,
        ...shown,
      })
      asking.end('{}')
      const [response] = await once(asking, 'response')
      await text(response)
    }

    async function say(url: string, shown: object, message: unknown): Promise<void> {
      const before = seen.length
      const socket = new WebSocket(url.replace('http', 'ws'), { ca: certificates.ca, ...shown })
      world.later(() => socket.terminate())
      await once(socket, 'open')
      socket.send(JSON.stringify(message))
      await waitFor(() => seen.length > before, { what: `an answer of ${url}` })
    }

    it('shows actions the same client, whatever protocol it speaks', async () => {
      for (const run of await serve()) await run(certificates.client)
      expect(seen).to.have.length(6)
      const [first] = seen as [Seen]
      expect(first.certificate).to.include({ commonName: 'client' })
      expect(first.certificate).to.have.nested.property('subject.O', 'isock specs')
      expect(first.identity?.id).to.match(/^certificate:/)
      for (const other of seen) expect(other).to.deep.equal(first)
    })

    it('takes a request whose connection has ended for one of nobody', async () => {
      const visits: unknown[] = []
      const users = createServer(tls, (asked) => {
        expect(visitOf(asked, 'http')).to.have.nested.property('peer.certificate.commonName', 'client')
        asked.socket.destroy()
        visits.push(visitOf(asked, 'http'))
      }).listen(0, '127.0.0.1')
      await once(users, 'listening')
      world.later(() => users.close())
      await post(`https://127.0.0.1:${(users.address() as AddressInfo).port}`, certificates.client).catch(
        () => undefined,
      )
      expect(visits).to.have.length(1)
      expect(visits[0]).to.have.property('peer').that.does.not.have.property('certificate')
    })

    it('takes nothing from a certificate that a connection shows later, and nobody vouches for', async () => {
      const visits: unknown[] = []
      const users = createServer(tls, (asked, response) => {
        const socket = asked.socket as TLSSocket
        // As Node does after the second handshake: `authorized` stays.
        socket.authorizationError = 'DEPTH_ZERO_SELF_SIGNED_CERT' as unknown as Error
        expect(socket.authorized).to.equal(true)
        visits.push(visitOf(asked, 'http'))
        response.end()
      }).listen(0, '127.0.0.1')
      await once(users, 'listening')
      world.later(() => users.close())
      await post(`https://127.0.0.1:${(users.address() as AddressInfo).port}`, certificates.client)
      expect(visits).to.have.length(1)
      expect(visits[0]).to.have.property('peer').that.does.not.have.property('certificate')
    })

    it('lets the server say who that is', async () => {
      const runs = await serve(({ commonName, subject }) => ({ id: `${commonName} of ${subject['O']}` }))
      for (const run of runs) await run(certificates.client)
      expect(seen.map(({ identity }) => identity?.id)).to.deep.equal(Array(6).fill('client of isock specs'))
    })

    it('takes no identity from one that nobody vouches for, or from none', async () => {
      const runs = await serve()
      for (const shown of [certificates.stranger, {}]) for (const run of runs) await run(shown)
      expect(seen).to.deep.equal(Array(12).fill({ identity: undefined, certificate: undefined, isPrivate: true }))
    })

    it('keeps the outcomes of idempotency keys apart by it', async () => {
      let runs = 0
      const { web, server: serving } = await world.serve({ tls, gateways: [http()] })
      serving.addActions({ Next: () => ++runs })
      const next = async (shown: object): Promise<string> => {
        const headers = { 'content-type': 'application/json', 'idempotency-key': '"one"' }
        const ca = certificates.ca
        const asking = request(`${web.url}/actions/Next`, { method: 'POST', headers, agent: false, ca, ...shown })
        asking.end('{}')
        const [response] = await once(asking, 'response')
        return text(response)
      }
      expect(await next(certificates.client)).to.equal('1')
      expect(await next(certificates.client)).to.equal('1')
      expect(await next(certificates.server)).to.equal('2')
    })
  })

  it('refuses clients without a certificate where one is needed', async () => {
    const tls = { ...certificates.server, ca: certificates.ca, requestCert: true }
    const { web } = await world.serve({ tls })
    const outcome = async (shown: object): Promise<boolean> =>
      (
        await world
          .client(web.address, { tls: { ca: certificates.ca, ...shown } })
          .runAction('Echo', 1)
          .outcome()
      ).ok
    expect([await outcome(certificates.client), await outcome({})]).to.deep.equal([true, false])
  })

  it('says which part of tls is wrong, and how, and quotes none', async () => {
    const { server: good, stranger } = certificates
    const pem = 'as PEM: a file'
    const wrong: [unknown, string, string][] = [
      ['./server.key', 'option tls:', 'key and cert'],
      [null, 'option tls:', 'key and cert'],
      [{}, 'option tls:', 'both key and cert'],
      [{ key: good.key }, 'option tls:', 'both key and cert'],
      [{ ...good, key: '' }, 'option tls:', 'both key and cert'],
      [{ ...good, cert: [] }, 'option tls:', 'both key and cert'],
      [{ ...good, key: './server.key' }, 'option tls.key:', pem],
      [{ ...good, key: 1234 }, 'option tls.key:', pem],
      [{ ...good, cert: './server.crt' }, 'option tls.cert:', pem],
      [{ ...good, cert: {} }, 'option tls.cert:', pem],
      [{ key: stranger.key, cert: good.cert }, 'option tls:', 'belong together'],
      [{ ...good, passphrase: 1234 }, 'option tls.passphrase:', 'a string'],
      [{ ...good, ca: './ca.crt' }, 'option tls.ca:', pem],
      [{ ...good, ca: 1234 }, 'option tls.ca:', pem],
      [{ ...good, ca: new X509Certificate(certificates.ca).raw }, 'option tls.ca:', pem],
      [{ ...good, minVersion: 'TLSv9' }, 'option tls:', 'TLSv9'],
    ]
    const server = new Server()
    world.later(() => server.shutdown())
    for (const [tls, name, what] of wrong) {
      const error = await listenWeb(server, { port: 0, tls } as WebOptions).catch((reason: Error) => reason)
      const { message, code } = error as ClientError
      expect(error, message).to.be.instanceOf(ClientError)
      expect(code, message).to.equal('INVALID_OPTION')
      expect(message).to.contain(name).and.to.contain(what)
      expect(message).to.not.contain('./').and.to.not.contain('1234')
    }
    expect(server.addresses).to.deep.equal([])
  })

  it('leaves no connection whose handshake ends after the port', async () => {
    const { web } = await world.serve({ tls: certificates.server })
    const raw: Socket = connectTcp(Number(new URL(web.url).port), '127.0.0.1')
    world.later(() => raw.destroy())
    await once(raw, 'connect')
    // Whoever connects after it is served: so it was taken.
    await world.client(web.address, { tls: { ca: certificates.ca } }).runAction('Echo', 1)
    await web.close(0)
    const late = connectTls({ socket: raw, ca: certificates.ca, servername: 'localhost' })
    late.on('error', () => undefined).resume()
    late.write('GET / HTTP/1.1\r\nHost: localhost\r\n')
    await once(late, 'close')
  })
})
