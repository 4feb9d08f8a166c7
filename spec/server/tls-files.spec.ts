// The TLS of ports that are given files: what is read, and that a certificate is renewed when its files change.

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import type { Logger } from '../../lib/core/base/log.ts'
import { watchTls } from '../../lib/core/link/tls-watch.ts'
import { Client, ClientError, Server, type ServerTls } from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { type Certificates, type Certified, makeCertificates } from '../setup/certificates.ts'
import { skip } from '../setup/skip.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'

describe('TLS that is given as files', () => {
  let made: Certificates
  let folder: string
  let warnings: string[]
  let servers: Server[]

  before(function () {
    made = makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
  })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isock-tls-files-'))
    warnings = []
    servers = []
  })

  afterEach(async () => {
    await Promise.all(servers.map((server) => server.shutdown()))
    rmSync(folder, { recursive: true, maxRetries: 20 })
  })

  const path = (...names: string[]): string => join(folder, ...names)
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: (fields: object) => void warnings.push(String((fields as { error?: Error }).error?.message)),
    error: () => {},
  } as never
  const files = (): { keyFile: string; certFile: string } => ({ keyFile: path('tls.key'), certFile: path('tls.crt') })
  const write = ({ key, cert }: Certified, where = folder): void => {
    mkdirSync(where, { recursive: true })
    writeFileSync(join(where, 'tls.key'), key, { mode: 0o600 })
    writeFileSync(join(where, 'tls.crt'), cert)
  }
  /** In one step, as tools that renew certificates should. */
  const replace = (name: string, content: string): void => {
    writeFileSync(path('aside'), content, { mode: 0o600 })
    renameSync(path('aside'), path(name))
  }
  const link = (target: string, name: string): void => {
    symlinkSync(target, path('aside'))
    renameSync(path('aside'), path(name))
  }
  const serve = async (tls: ServerTls): Promise<{ server: Server; address: string }> => {
    const server = new Server('tls://127.0.0.1:0', { tls, log })
    servers.push(server)
    await server.listen()
    return { server, address: server.addresses[0] as string }
  }
  const nameOf = ({ cert }: Certified): string => /CN=(.+)/.exec(new X509Certificate(cert).subject)?.[1] as string
  const shown = async (address: string): Promise<string> => {
    const { hostname, port } = new URL(address.replace(/^\w+:/, 'http:'))
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { subject } = socket.getPeerCertificate()
    socket.destroy()
    return String(subject.CN)
  }
  const shows = (address: string, which: Certified): Promise<unknown> =>
    waitFor(async () => (await shown(address)) === nameOf(which), { timeoutMs: 10_000, what: `it at ${address}` })

  it('is renewed at all of its ports when the files are replaced, and cuts nobody off', async () => {
    write(made.server)
    const tls = { ...files(), watchMs: 10 }
    const { server, address } = await serve(tls)
    const web = await listenWeb(server, { port: 0, tls: { ...tls, keyFile: pathToFileURL(tls.keyFile) } })
    expect([await shown(address), await shown(web.address)]).to.deep.equal([nameOf(made.server), nameOf(made.server)])
    await using client = new Client(address, { tls: { ca: made.ca }, keepConnected: true })
    await client.runAction('isock.ping', 1)
    const { sessionId } = client
    replace('tls.key', made.stranger.key)
    replace('tls.crt', made.stranger.cert)
    await shows(address, made.stranger)
    await shows(web.address, made.stranger)
    await client.runAction('isock.ping', 2)
    expect([client.sessionId, server.sessions.length]).to.deep.equal([sessionId, 1])
    await web.close()
    write(made.client)
    await shows(address, made.client)
  })

  it('is renewed when links lead to another version, as certbot makes them', async () => {
    write(made.server, path('archive', '1'))
    for (const name of ['tls.key', 'tls.crt']) link(path('archive', '1', name), name)
    const { address } = await serve({ ...files(), watchMs: 10 })
    write(made.client, path('archive', '2'))
    for (const name of ['tls.key', 'tls.crt']) link(path('archive', '2', name), name)
    await shows(address, made.client)
  })

  it('is renewed when a directory on the way is another one, as Kubernetes makes it', async () => {
    write(made.server, path('..2026_01'))
    link('..2026_01', '..data')
    for (const name of ['tls.key', 'tls.crt']) link(join('..data', name), name)
    const { address } = await serve({ ...files(), watchMs: 10 })
    await waitFor(async () => (await shown(address)) === nameOf(made.server))
    write(made.client, path('..2026_02'))
    link('..2026_02', '..data')
    rmSync(path('..2026_01'), { recursive: true })
    await shows(address, made.client)
  })

  it('stays as it was while only one of the files is new, or one is missing, and is renewed when both are there', async () => {
    write(made.server)
    const { address } = await serve({ ...files(), watchMs: 10 })
    replace('tls.key', made.client.key)
    await waitFor(() => warnings.length > 0)
    expect(warnings[0]).to.include('belong together').and.include(path('tls.crt'))
    expect(await shown(address)).to.equal(nameOf(made.server))
    unlinkSync(path('tls.crt'))
    await waitFor(() => warnings.length > 1)
    expect(warnings[1]).to.include('option tls.certFile: cannot read')
    expect(await shown(address)).to.equal(nameOf(made.server))
    writeFileSync(path('tls.crt'), made.client.cert.slice(0, 100))
    await waitFor(() => warnings.length > 2)
    expect(await shown(address)).to.equal(nameOf(made.server))
    writeFileSync(path('tls.crt'), made.client.cert)
    await shows(address, made.client)
    expect(warnings).to.have.length(3)
  })

  it('is not renewed by itself with watchMs: false, but by reloadTls()', async () => {
    write(made.server)
    const still = await serve({ ...files(), watchMs: false })
    const watching = await serve({ ...files(), watchMs: 10 })
    write(made.client)
    await shows(watching.address, made.client)
    expect(await shown(still.address)).to.equal(nameOf(made.server))
    still.server.reloadTls()
    expect(await shown(still.address)).to.equal(nameOf(made.client))
    still.server.reloadTls(made.stranger)
    expect(await shown(still.address)).to.equal(nameOf(made.stranger))
  })

  it('asks for the certificates of the authority in its file', async () => {
    write(made.server)
    writeFileSync(path('ca.crt'), made.ca)
    const clients = { caFile: path('ca.crt'), requestCert: true, rejectUnauthorized: true }
    const { address } = await serve({ ...files(), ...clients })
    await using known = new Client(address, { tls: { ca: made.ca, ...made.client }, retry: 0 })
    await known.runAction('isock.ping', 1)
    await using stranger = new Client(address, { tls: { ca: made.ca, ...made.stranger }, retry: 0 })
    expect(await stranger.runAction('isock.ping', 1).outcome()).to.have.property('ok', false)
  })

  it('is refused where a file is wrong, by the name of the part, and quotes no key', () => {
    write(made.server)
    const { key, cert } = made.server
    const wrong: [object, RegExp][] = [
      [{ keyFile: path('tls.key') }, /^option tls: expected both key and cert; read from .*tls\.key$/],
      [{ ...files(), certFile: path('none') }, /^option tls\.certFile: cannot read .*none: ENOENT/],
      [{ ...files(), keyFile: path('tls.crt') }, /^option tls\.key: .*read from /],
      [{ ...files(), key }, /^option tls\.keyFile: expected none beside key/],
      [{ keyFile: key, certFile: path('tls.crt') }, /^option tls\.keyFile: expected a path, not a file's content/],
      [{ ...files(), keyFile: 7 }, /^option tls\.keyFile: expected the path of a PEM file$/],
      [{ ...files(), caFile: undefined }, /caFile/],
      [{ ...files(), watchMs: 0 }, /^option tls\.watchMs: expected false, or at least 10 milliseconds, got 0$/],
      [{ key, cert, watchMs: 100 }, /^option tls\.watchMs: expected none without keyFile, certFile or caFile/],
      [{ ...files(), keyfile: 'a' }, /keyfile.*keyFile/],
    ]
    for (const [tls, message] of wrong) {
      const make = (): unknown => new Server('tls://127.0.0.1:0', { tls })
      expect(make).to.throw(ClientError, message).with.property('code', 'INVALID_OPTION')
      expect(make, 'the key').to.not.throw(key.slice(40, 80))
    }
  })

  it('is not looked at any more when its port is closed, or does not open', async () => {
    write(made.server)
    const clock = new VirtualClock()
    const server = new Server('tls://127.0.0.1:0', { tls: files(), log, clock })
    servers.push(server)
    await server.listen()
    const before = clock.pendingCount
    const web = await listenWeb(server, { port: 0, tls: files() })
    expect(clock.pendingCount).to.be.above(before)
    const taken = Number(new URL(web.url).port)
    await listenWeb(server, { port: taken, tls: files() }).then(
      () => expect.fail('the port is taken'),
      () => undefined,
    )
    const second = new Server(`tls://127.0.0.1:${taken}`, { tls: files(), log, clock })
    servers.push(second)
    await second.listen().then(
      () => expect.fail('the port is taken'),
      () => undefined,
    )
    await clock.until(web.close())
    expect(clock.pendingCount).to.equal(before)
    await clock.until(server.shutdown())
    expect(clock.pendingCount).to.equal(0)
  })

  it('is looked at until the watch is closed, and not at all where there are no files', async () => {
    write(made.server)
    const clock = new VirtualClock()
    let renewals = 0
    let isUsable = true
    const renew = (): void => {
      if (!isUsable) throw new Error('not usable')
      renewals++
    }
    const options = { clock, log, renew }
    for (const tls of [undefined, made.server, { ...files(), watchMs: false as const }])
      expect(watchTls(tls, options)).to.equal(undefined)
    expect(clock.pendingCount).to.equal(0)
    const watch = watchTls({ ...files(), watchMs: 1_000 }, options)
    expect(clock.pendingCount).to.equal(1)
    write(made.client)
    /** The look itself is the file system's, and takes its time. */
    const look = async (): Promise<void> => {
      await clock.advance(1_000)
      await waitFor(() => clock.pendingCount === 1)
    }
    await look()
    expect(renewals, 'before the files have stayed as they are').to.equal(0)
    await look()
    expect(renewals).to.equal(1)
    await look()
    expect(renewals, 'without another change').to.equal(1)
    isUsable = false
    write(made.server)
    for (let i = 0; i < 4; i++) await look()
    expect(warnings, 'logged once').to.deep.equal(['not usable'])
    isUsable = true
    await look()
    expect(renewals, 'tried again').to.equal(2)
    watch?.close()
    watch?.close()
    expect(clock.pendingCount).to.equal(0)
  })
})
