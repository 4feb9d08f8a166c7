// Clients behind proxies that speak the PROXY protocol: who they are is what proxies say that were named, and nobody else.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { http } from 'isock/http'
import { Action, Client, ClientError, type Context, Server, type ServerOptions } from '../../lib/index.ts'
import { listenWeb, type WebOptions } from '../../lib/web.ts'
import { makeCertificates } from '../setup/certificates.ts'
import { binaryOf, ipv4Body, ipv6Body, lineFor, tlv } from '../setup/proxy-headers.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'

class From extends Action {
  action(_data: undefined, { session }: Context) {
    const { address, isPrivate, description } = session.peer ?? {}
    return [address, isPrivate, description?.replace(/(127\.0\.0\.1):\d+/, '$1')]
  }
}

type Line = readonly [details: unknown, message: string]
const loopback = ['loopback']
const line = lineFor('203.0.113.7')

describe('A server behind proxies that speak the PROXY protocol', () => {
  const closers: (() => unknown)[] = []
  const lines: Line[] = []

  beforeEach(() => {
    lines.length = 0
  })

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  const note = (details: unknown, message: string): void => {
    if (message !== 'listening') lines.push([details, message])
  }
  const quiet = (): void => undefined

  function make(address: string | undefined, options: ServerOptions = {}): Server {
    const log = { debug: quiet, info: note, warn: note, error: note }
    const server = new Server({ ...(address === undefined ? {} : { address }), log, ...options }).addAction(new From())
    closers.push(() => server.shutdown({ graceMs: 0 }))
    return server
  }

  async function serve(address: string, options: ServerOptions = {}): Promise<Server> {
    return await make(address, options).listen()
  }

  async function serveWeb(web: Partial<WebOptions> = {}, options: ServerOptions = {}) {
    const server = make(undefined, options)
    const { url } = await listenWeb(server, { port: 0, hosts: 'any', gateways: [http()], ...web })
    return { server, url }
  }

  const portOf = (address: string | undefined): number => Number(/:(\d+)(\/|$)/.exec(address ?? '')?.[1])

  /** A proxy that begins each connection with this. Its port. */
  async function proxy(
    target: number,
    header: string | Buffer,
    writes: 'whole' | 'by bytes' = 'whole',
  ): Promise<number> {
    const sockets = new Set<Socket>()
    const server = createServer((near) => {
      const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one)
        one.on('error', quiet).on('close', () => other.destroy())
      }
      far.once('connect', async () => {
        if (writes === 'by bytes')
          for (const byte of Buffer.from(header as string))
            await new Promise((sent) => far.write(Buffer.of(byte), sent))
        else {
          // With what the client says first, in one piece.
          const [first] = await once(near, 'data')
          far.write(Buffer.concat([Buffer.from(header as string), first as Buffer]))
        }
        near.pipe(far).pipe(near)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    return (server.address() as { readonly port: number }).port
  }

  async function askBy(address: string, options: object = {}): Promise<unknown> {
    await using client = new Client(address, { retry: 0, backoff: { minMs: 1, maxMs: 10 }, ...options })
    return await client.runAction(From)
  }

  /** A connection of our own that begins with this. */
  function knock(address: string | undefined, bytes: string | Buffer = ''): Socket {
    const socket = connect(portOf(address), '127.0.0.1').on('error', quiet)
    closers.push(() => socket.destroy())
    if (bytes.length > 0) socket.write(bytes)
    return socket.resume()
  }

  const seen = ['203.0.113.7', false, '203.0.113.7:40000 by 127.0.0.1']

  it('sees the client that a header of either version names', async () => {
    const { addresses } = await serve('tcp://127.0.0.1:0', { proxyProtocol: loopback })
    for (const [header, expected] of [
      [line, seen],
      [binaryOf(0x21, 0x11, [...ipv4Body, ...tlv]), seen],
      [binaryOf(0x21, 0x21, ipv6Body), ['2001:db8::7', false, '[2001:db8::7]:40000 by 127.0.0.1']],
      ['PROXY UNKNOWN\r\n', ['127.0.0.1', true, '127.0.0.1']],
      [binaryOf(0x20, 0, []), ['127.0.0.1', true, '127.0.0.1']],
    ] as const) {
      const port = await proxy(portOf(addresses[0]), header)
      expect(await askBy(`tcp://127.0.0.1:${port}`), String(header)).to.deep.equal(expected)
    }
  })

  it('waits for a header that comes in pieces', async () => {
    const { addresses } = await serve('tcp://127.0.0.1:0', { proxyProtocol: loopback })
    for (const header of [line, binaryOf(0x21, 0x11, [...ipv4Body, ...tlv])]) {
      const port = await proxy(portOf(addresses[0]), header, 'by bytes')
      expect(await askBy(`tcp://127.0.0.1:${port}`)).to.deep.equal(seen)
    }
  })

  it('reads the header before the handshake of TLS', async function () {
    const certificates = makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
    const server = await serve('tls://127.0.0.1:0', { tls: certificates.server, proxyProtocol: loopback })
    const tls = { ca: certificates.ca, servername: 'localhost' }
    for (const writes of ['whole', 'by bytes'] as const) {
      const port = await proxy(portOf(server.addresses[0]), line, writes)
      expect(await askBy(`tls://127.0.0.1:${port}`, { tls })).to.deep.equal([seen[0], true, seen[2]])
    }
    await waitFor(() => server.usage.places['tlsHandshakes']?.taken === 0)
    expect(server.usage.places['proxyHeaders']?.taken).to.equal(0)
    const { port, fetched } = await webWithTls(certificates)
    expect(await fetched(await proxy(port, line))).to.contain('203.0.113.7')
  })

  async function webWithTls({ server: tls }: { readonly server: { readonly key: string; readonly cert: string } }) {
    const { request } = await import('node:https')
    const { url } = await serveWeb({ tls, proxyProtocol: loopback })
    const fetched = async (port: number): Promise<string> => {
      const asking = request({
        host: '127.0.0.1',
        port,
        path: '/actions/From',
        method: 'POST',
        agent: false,
        rejectUnauthorized: false,
      })
      const [answer] = await once(asking.end(), 'response')
      return (await answer.setEncoding('utf8').toArray()).join('')
    }
    return { port: portOf(url), fetched }
  }

  it('tells handshakes of TLS apart that claim one client', async function () {
    const certificates = makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
    const server = await serve('tls://127.0.0.1:0', { tls: certificates.server, proxyProtocol: loopback })
    const handshakes = (): unknown => server.usage.places['tlsHandshakes']?.taken
    const one = knock(server.addresses[0], line)
    await waitFor(() => handshakes() === 1)
    const other = knock(server.addresses[0], line)
    await waitFor(() => handshakes() === 2)
    const done = connectTls({ socket: one, rejectUnauthorized: false }).on('error', quiet)
    await once(done, 'secureConnect')
    other.destroy()
    await waitFor(() => handshakes() === 0)
    expect(done.closed).to.equal(false)
  })

  it('sees the clients of a web port, of requests and of WebSockets', async () => {
    const { url } = await serveWeb({ proxyProtocol: loopback })
    for (const writes of ['whole', 'by bytes'] as const) {
      const port = await proxy(portOf(url), line, writes)
      const answer = await fetch(`http://127.0.0.1:${port}/actions/From`, { method: 'POST' })
      expect(((await answer.json()) as unknown[])[0]).to.equal('203.0.113.7')
      expect(((await askBy(`ws://127.0.0.1:${port}`)) as unknown[])[0]).to.equal('203.0.113.7')
    }
  })

  it('reads no second header of a connection whose upgrade is not taken', async () => {
    const { url } = await serveWeb({ proxyProtocol: loopback })
    const socket = knock(
      url,
      'PROXY UNKNOWN\r\nGET /actions HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
    )
    const [answer] = await once(socket, 'data')
    expect(String(answer)).to.match(/^HTTP\/1.1 200/)
  })

  it('exempts from guards whom it trusts, and not because it trusts the proxy', async () => {
    const trust = ['127.0.0.1', '203.0.113.9']
    const { addresses } = await serve('tcp://127.0.0.1:0', { token: 'correct horse', trust, proxyProtocol: loopback })
    const ask = async (source: string): Promise<unknown> =>
      askBy(`tcp://127.0.0.1:${await proxy(portOf(addresses[0]), lineFor(source))}`).catch((error: Error) => error.name)
    expect(await ask('203.0.113.7')).to.equal('AuthError')
    expect(((await ask('203.0.113.9')) as unknown[])[0]).to.equal('203.0.113.9')
  })

  it('shares its places out by the clients', async () => {
    const limits = { maxUnauthenticatedLinks: 4 }
    const server = await serve('tcp://127.0.0.1:0', { proxyProtocol: loopback, limits })
    const first = knock(server.addresses[0], lineFor('203.0.113.1'))
    await waitFor(() => server.usage.places['unauthenticatedLinks']?.taken === 1)
    const crowd = Array.from({ length: 8 }, () => knock(server.addresses[0], lineFor('203.0.113.2')))
    await waitFor(() => crowd.filter(({ closed }) => closed).length === 5)
    expect(first.closed).to.equal(false)
  })

  it('closes a connection of a proxy without a header that can be read, and logs it', async () => {
    const { addresses } = await serve('tcp://127.0.0.1:0', { proxyProtocol: loopback })
    for (const bytes of ['GET / HTTP/1.1\r\n', `PROXY ${'x'.repeat(200)}`, binaryOf(0x21, 0x11, [], 60_000)]) {
      lines.length = 0
      await once(knock(addresses[0], bytes), 'close')
      await waitFor(() => lines.length === 1)
      expect(lines[0]?.[1]).to.contain('proxyProtocol')
      expect(lines[0]?.[0]).to.have.property('reason')
    }
    lines.length = 0
    const cut = knock(addresses[0], 'PROXY TCP4')
    cut.end()
    await once(cut, 'close')
    await waitFor(() => lines.length === 1)
    const error = await askBy(addresses[0] as string).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(Error)
  })

  it('says nothing about a proxy that only looks whether the port is open', async () => {
    const { addresses } = await serve('tcp://127.0.0.1:0', { proxyProtocol: loopback })
    const probe = knock(addresses[0])
    await once(probe, 'connect')
    probe.end()
    await once(probe, 'close')
    expect(lines).to.deep.equal([])
  })

  it('waits for a header as long as for a handshake, and for so many at a time', async () => {
    const limits = { handshakeTimeoutMs: 200, maxUnauthenticatedLinks: 2 }
    const server = await serve('tcp://127.0.0.1:0', { proxyProtocol: loopback, limits })
    const crowd = Array.from({ length: 5 }, () => knock(server.addresses[0], 'PROXY'))
    await waitFor(() => crowd.every(({ closed }) => closed))
    expect(lines.filter(([details]) => JSON.stringify(details).includes('200 ms')).length).to.equal(2)
    await waitFor(() => server.usage.places['proxyHeaders']?.taken === 0)
  })

  it('closes connections whose header has not come when it shuts down', async () => {
    const server = await serve('tcp://127.0.0.1:0', { proxyProtocol: loopback })
    const web = await listenWeb(server, { port: 0, proxyProtocol: loopback })
    const silent = [knock(server.addresses[0]), knock(web.url)]
    const taken = (): number =>
      Object.entries(server.usage.places).reduce(
        (sum, [name, { taken }]) => (name.startsWith('proxyHeaders') ? sum + taken : sum),
        0,
      )
    await waitFor(() => taken() === 2)
    await server.shutdown({ graceMs: 0 })
    await waitFor(() => silent.every(({ closed }) => closed))
  })

  it('does not look for headers of others, and refuses theirs', async () => {
    for (const options of [{}, { proxyProtocol: [] }, { proxyProtocol: ['10.0.0.0/8'] }]) {
      lines.length = 0
      const { addresses } = await serve('tcp://127.0.0.1:0', options)
      expect(await askBy(addresses[0] as string)).to.deep.equal(['127.0.0.1', true, '127.0.0.1'])
      for (const header of [line, binaryOf(0x21, 0x11, ipv4Body)]) {
        await once(knock(addresses[0], header), 'close')
        await waitFor(() => lines.some(([details]) => (details as { protocol?: unknown }).protocol === 'PROXY'))
        lines.length = 0
      }
    }
    const { url } = await serveWeb({ proxyProtocol: ['10.0.0.0/8'] })
    const port = await proxy(portOf(url), line)
    const answer = await fetch(`http://127.0.0.1:${port}/actions/From`, { method: 'POST' }).catch(
      (error: unknown) => error,
    )
    expect((answer as { status?: unknown }).status).to.equal(400)
  })

  it('refuses proxies that are no addresses, and all at a port that others reach', () => {
    for (const [options, message] of [
      [{ proxyProtocol: ['everyone'] }, 'option proxyProtocol'],
      [{ proxyProtocol: 'loopback' }, 'option proxyProtocol'],
      [{ proxyProtocol: false }, 'option proxyProtocol'],
      [{ address: 'tcp://0.0.0.0:0', proxyProtocol: true }, 'addresses of the proxies'],
      [{ address: 'unix:/tmp/isock-x.sock', proxyProtocol: loopback }, 'listenWeb({ proxyProtocol })'],
    ] as const) {
      const given = { address: 'tcp://127.0.0.1:0', ...options }
      expect(() => new Server(given as never), JSON.stringify(options)).to.throw(ClientError, message)
    }
    expect(() => make('tcp://127.0.0.1:0', { proxyProtocol: true })).not.to.throw()
  })

  it('reads no header at an HTTP server of the user, and says so', async () => {
    const server = make(undefined)
    const own = (await import('node:http')).createServer()
    const failure = await listenWeb(server, { server: own, proxyProtocol: loopback }).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(ClientError)
    expect((failure as Error).message).to.contain('together with server')
  })
})
