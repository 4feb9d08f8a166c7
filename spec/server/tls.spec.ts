// TLS: the server's certificate is checked, a client's certificate becomes an identity.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { Action, Client, ClientError, type Context, Server, ServerError, type ServerTls } from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { type Certificates, makeCertificates } from '../setup/certificates.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'

class WhoAmI extends Action {
  action(_data: undefined, { session }: Context) {
    return session.identity?.id
  }
}

describe('TLS', () => {
  let certificates: Certificates
  let server: Server | undefined

  before(function () {
    certificates = makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
  })

  afterEach(() => server?.shutdown())

  async function serve(tls: ServerTls): Promise<string> {
    server = await new Server('tls://localhost:0', { tls }).addAction(new WhoAmI()).listen()
    return server.addresses[0] as string
  }

  async function whoAmI(
    address: string,
    tls: ConstructorParameters<typeof Client>[1] & object,
  ): Promise<string | undefined> {
    await using client = new Client(address, { ...tls, retry: 0 })
    return await client.runAction(WhoAmI)
  }

  it('connects to a server whose certificate is vouched for', async () => {
    const address = await serve(certificates.server)
    expect(await whoAmI(address, { tls: { ca: certificates.ca } })).to.equal(undefined)
  })

  it('refuses a server that nobody vouches for', async () => {
    const address = await serve(certificates.stranger)
    const error = await whoAmI(address, { tls: { ca: certificates.ca } }).catch((reason: Error) => reason)
    expect(error).to.be.instanceOf(ClientError)
    expect((error as Error).message).to.match(
      /certificate.*; trust the authority that signed it by the option tls: \{ ca \}$/,
    )
  })

  it('refuses a server that is certified for another name', async () => {
    const address = await serve(certificates.server)
    const error = await whoAmI(address, { tls: { ca: certificates.ca, servername: 'example.org' } }).catch(
      (reason: Error) => reason,
    )
    expect((error as Error).message).to.contain('altnames')
  })

  describe('is renewed', () => {
    const shown = async (address: string): Promise<unknown> => {
      const { hostname, port } = new URL(address.replace(/^\w+:/, 'http:'))
      const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      const { subject } = socket.getPeerCertificate()
      socket.destroy()
      return (subject as { CN?: unknown }).CN
    }
    const nameOf = ({ cert }: { readonly cert: string }): string =>
      /CN=(.+)/.exec(new X509Certificate(cert).subject)?.[1] as string

    it('at all of its ports, for those who connect from then on, and cuts nobody off', async () => {
      const { server: first, stranger: second, ca } = certificates
      const own = await serve(first)
      const running = server as Server
      const web = await listenWeb(running, { port: 0, tls: { ...first } })
      const clear = await listenWeb(running, { port: 0 })
      await using client = new Client(own, { tls: { ca }, keepConnected: true })
      await client.runAction(WhoAmI)
      const { sessionId } = client
      running.reloadTls(second)
      for (const address of [own, web.address]) expect(await shown(address), address).to.equal(nameOf(second))
      await client.runAction(WhoAmI)
      expect(client.sessionId).to.equal(sessionId)
      expect(running.sessions).to.have.length(1)
      running.reloadTls(first)
      for (const address of [own, web.address]) expect(await shown(address), address).to.equal(nameOf(first))
      expect((await fetch(clear.url)).status).to.equal(404)
    })

    it('from what it was given, where that has changed', async () => {
      const tls = { ...certificates.server }
      const own = await serve(tls)
      Object.assign(tls, certificates.stranger)
      expect(await shown(own)).to.equal(nameOf(certificates.server))
      ;(server as Server).reloadTls()
      expect(await shown(own)).to.equal(nameOf(certificates.stranger))
    })

    it('nowhere, where it cannot be used at one of them or is none', async () => {
      const own = await serve(certificates.server)
      const running = server as Server
      for (const wrong of [
        { key: certificates.stranger.key },
        { cert: 'no certificate' },
        { cert: undefined },
        { certificate: certificates.stranger.cert },
        { ...certificates.stranger, ca: 'none' },
      ]) {
        const reload = (): void => running.reloadTls(wrong as never)
        expect(reload, JSON.stringify(Object.keys(wrong)))
          .to.throw(ClientError)
          .with.property('code', 'INVALID_OPTION')
        expect(await shown(own)).to.equal(nameOf(certificates.server))
      }
      const plain = new Server('localhost', 0)
      await plain.listen()
      expect(() => plain.reloadTls(certificates.server)).to.throw(
        ServerError,
        'no port of this server listens with TLS',
      )
      await plain.shutdown()
    })
  })

  it('says which part of it is wrong, where the server is made', () => {
    const { key } = certificates.server
    const { cert } = certificates.stranger
    expect(() => new Server({ port: 0, tls: { key } })).to.throw(ClientError, 'option tls: expected both key and cert')
    expect(() => new Server({ port: 0, tls: { key, cert: 'none' } })).to.throw(ClientError, 'option tls.cert')
    expect(() => new Server({ port: 0, tls: { key, cert } })).to.throw(ClientError, 'belong together')
  })

  it('needs a key where it listens with it, and none for saying who the clients of web ports are', () => {
    const tls: ServerTls = { identify: ({ commonName }) => ({ id: commonName }) }
    const expected = 'option tls: expected both key and cert'
    expect(() => new Server({ tls })).to.not.throw()
    expect(() => new Server({ address: 'tcp://127.0.0.1:0', tls })).to.not.throw()
    expect(() => new Server({ port: 0, tls })).to.throw(ClientError, expected)
    expect(() => new Server({ address: 'tls://localhost:0', tls })).to.throw(ClientError, expected)
    expect(() => new Server({ tls: { ...tls, key: certificates.server.key } })).to.throw(ClientError, expected)
    expect(() => new Server({ tls: null as unknown as ServerTls })).to.throw(ClientError, 'option tls')
  })

  it('takes what Node takes: lists, encrypted keys, and null for what is not given', () => {
    const { server: one, client: other } = certificates
    const passphrase = 'of a spec'
    const encrypted = createPrivateKey(other.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase,
    })
    const taken: unknown[] = [
      { key: [Buffer.from(one.key)], cert: [Buffer.from(one.cert + certificates.ca)] },
      { key: [{ pem: encrypted, passphrase }], cert: other.cert },
      { key: encrypted, cert: other.cert, passphrase },
      { ...one, ca: [certificates.ca, Buffer.from(certificates.stranger.cert)] },
      { ...one, passphrase: null, ca: null },
    ]
    for (const tls of taken) expect(() => new Server({ port: 0, tls: tls as ServerTls })).to.not.throw()
    const wrong = { key: encrypted, cert: other.cert, passphrase: 'of another' }
    expect(() => new Server({ port: 0, tls: wrong })).to.throw(ClientError, 'the right passphrase')
  })

  it('makes an identity of a client certificate', async () => {
    const identify: ServerTls['identify'] = ({ commonName, subject }) => ({ id: `${commonName} of ${subject['O']}` })
    const address = await serve({ ...certificates.server, ca: certificates.ca, requestCert: true, identify })
    expect(await whoAmI(address, { tls: { ca: certificates.ca, ...certificates.client } })).to.equal(
      'client of isock specs',
    )
  })

  it('refuses clients without a certificate where one is needed', async () => {
    const address = await serve({ ...certificates.server, ca: certificates.ca, requestCert: true })
    const error = await whoAmI(address, { tls: { ca: certificates.ca } }).catch((reason: Error) => reason)
    expect(error).to.be.instanceOf(Error)
  })

  it('takes no identity from a certificate that nobody vouches for', async () => {
    const address = await serve({
      ...certificates.server,
      ca: certificates.ca,
      requestCert: true,
      rejectUnauthorized: false,
    })
    expect(await whoAmI(address, { tls: { ca: certificates.ca, ...certificates.stranger } })).to.equal(undefined)
  })

  it('is not disturbed by clients that do not speak TLS', async () => {
    const address = await serve(certificates.server)
    const port = Number(new URL(address).port)
    await using plain = new Client('localhost', port, { retry: 0 })
    const error = await plain.runAction(WhoAmI).catch((reason: Error) => reason)
    expect(error).to.be.instanceOf(Error)
    expect(await whoAmI(address, { tls: { ca: certificates.ca } })).to.equal(undefined)
  })

  it('bounds the handshakes that are under way, and forgets those that end', async () => {
    server = await new Server('tls://localhost:0', { tls: certificates.server, limits: { maxUnauthenticatedLinks: 2 } })
      .addAction(new WhoAmI())
      .listen()
    const address = server.addresses[0] as string
    const port = Number(new URL(address).port)
    const silent: Socket[] = []
    for (let i = 0; i < 3; i++) {
      const socket = connect({ port, host: '127.0.0.1' })
      silent.push(socket)
      await once(socket, 'connect')
    }
    // The oldest silent one makes room.
    if (silent[0]?.closed !== true) await once(silent[0] as Socket, 'close')
    expect(silent.slice(1).map(({ destroyed }) => destroyed)).to.deep.equal([false, false])
    for (const socket of silent) socket.destroy()
    await waitFor(() =>
      whoAmI(address, { tls: { ca: certificates.ca } }).then(
        () => true,
        () => false,
      ),
    )
  })

  it('says that a certificate is missing', async () => {
    const keyless = new Server('tls://localhost:0')
    const error = await keyless.listen().catch((reason: Error) => reason)
    expect(error).to.be.instanceOf(ServerError)
    expect((error as Error).message).to.contain('tls: { key, cert }')
  })
})
