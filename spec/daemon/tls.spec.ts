// Daemons that speak TLS: their files, a restart with a renewed certificate, and what is said of files that are wrong.
import { X509Certificate } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { connect } from 'node:tls'
import { expect } from 'chai'
import { Client, type IsockError } from 'isock'
import { checkBackgroundOptions } from '../../lib/daemon/background-options.ts'
import { tlsOf } from '../../lib/modules/tls-files.ts'
import { type Certificates, makeCertificates } from '../setup/certificates.ts'
import { longIt } from '../setup/long.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'
import { CompiledIsock } from './compiled-isock.ts'
import { DaemonWorld } from './daemon-world.ts'

const callers = 16
const restarts = 3

describe('a daemon over TLS', function () {
  this.timeout(120_000)
  let isock: CompiledIsock
  let world: DaemonWorld
  let folder: string
  let made: Certificates

  before(async function () {
    made = makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
    isock = await CompiledIsock.make()
  })

  beforeEach(() => {
    world = new DaemonWorld(isock)
    folder = mkdtempSync(join(tmpdir(), 'isock-daemon-tls-'))
    for (const name of ['server', 'client', 'stranger'] as const) {
      writeFileSync(file(`${name}.key`), made[name].key, { mode: 0o600 })
      writeFileSync(file(`${name}.crt`), made[name].cert)
    }
    writeFileSync(file('ca.crt'), made.ca)
  })

  afterEach(async () => {
    await world.close()
    rmSync(folder, { recursive: true, maxRetries: 20 })
  })

  const file = (name: string): string => join(folder, name)
  const files = (): { tlsKey: string; tlsCert: string } => ({ tlsKey: file('server.key'), tlsCert: file('server.crt') })
  const errorOf = (promise: Promise<unknown>): Promise<IsockError> =>
    promise.then(
      () => expect.fail('it did not reject'),
      (error) => error as IsockError,
    )

  longIt('reads its files again on SIGHUP, and keeps what it has where they are wrong', async () => {
    const logFile = file('daemon.log')
    const daemon = await world.start({ ...files(), logFile })
    const { hostname, port } = new URL(daemon.address.replace('tls:', 'http:'))
    const shown = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
          resolve(String(socket.getPeerX509Certificate()?.fingerprint256))
          socket.destroy()
        })
        socket.on('error', reject)
      })
    const fingerprintOf = (name: 'server' | 'stranger'): string => new X509Certificate(made[name].cert).fingerprint256
    expect(await shown()).to.equal(fingerprintOf('server'))
    copyFileSync(file('stranger.key'), file('server.key'))
    process.kill(daemon.pid, 'SIGHUP')
    await waitFor(() => readFileSync(logFile, 'utf8').includes('certificate not reloaded; the former one stays'))
    expect(await shown()).to.equal(fingerprintOf('server'))
    copyFileSync(file('stranger.crt'), file('server.crt'))
    process.kill(daemon.pid, 'SIGHUP')
    await waitFor(async () => (await shown()) === fingerprintOf('stranger'))
  })

  it('reads its files again when they change, unless tlsWatch is false', () => {
    const { tlsKey: keyFile, tlsCert: certFile } = files()
    expect(tlsOf(files())).to.deep.equal({ keyFile, certFile })
    const given = { ...files(), tlsCa: file('ca.crt'), module: import.meta.filename }
    const { settings } = checkBackgroundOptions({ ...given, tlsWatch: false })
    expect(tlsOf(JSON.parse(JSON.stringify(settings)))).to.deep.equal({
      keyFile,
      certFile,
      caFile: file('ca.crt'),
      watchMs: false,
      requestCert: true,
      rejectUnauthorized: true,
    })
    expect(checkBackgroundOptions({ ...given, tlsWatch: true }).settings).to.not.have.property('tlsWatch')
    expect(() => checkBackgroundOptions({ ...given, tlsWatch: 'no' as never })).to.throw(
      'option tlsWatch: expected true',
    )
  })

  longIt(
    'fails no call when it is replaced under load, and has the certificate that is in its files then',
    async () => {
      const daemon = await world.start(files())
      expect(daemon.address).to.match(/^tls:\/\/127\.0\.0\.1:\d+$/)
      const client = new Client(daemon.address, { tls: { ca: made.ca } })
      const answers = new Set<number>()
      const failures: string[] = []
      let isOver = false
      const keepCalling = async (): Promise<void> => {
        while (!isOver) {
          try {
            answers.add(await client.runAction<number>('Pid'))
          } catch (error) {
            failures.push(String(error))
          }
        }
      }
      const load = Array.from({ length: callers }, keepCalling)
      await waitFor(() => answers.has(daemon.pid))
      const { address } = daemon
      for (let i = 0; i < restarts; i++) {
        const before = world.stateOf()
        await daemon.restart()
        await waitFor(() => answers.has(daemon.pid), { timeoutMs: 8_000, what: `an answer of restart ${i + 1}` })
        await world.gone(before)
        world.remember()
      }
      isOver = true
      await Promise.all(load)
      await client.close()
      expect(failures).to.deep.equal([])
      expect([daemon.address, answers.size]).to.deep.equal([address, restarts + 1])

      expect(await subjectOf(address)).to.include('CN=server')
      for (const end of ['key', 'crt']) copyFileSync(file(`client.${end}`), file(`server.${end}`))
      const before = world.stateOf()
      await daemon.restart()
      await world.gone(before)
      expect(await subjectOf(address)).to.include('CN=client')
    },
  )

  longIt('goes on as it was where the renewed files are wrong, and says which', async () => {
    const daemon = await world.start(files())
    const { pid, address } = daemon
    writeFileSync(file('server.crt'), made.stranger.cert)
    const error = await errorOf(daemon.restart())
    expect([error.code, error.message]).to.deep.equal([
      'INVALID_OPTION',
      `option tlsKey: ${file('server.key')} is not the key of the certificate in ${file('server.crt')}`,
    ])
    await using client = new Client(address, { tls: { ca: made.ca } })
    expect(await client.runAction('Pid')).to.equal(pid)
  })

  longIt('speaks it again when it crashed, from where it was started', async () => {
    const { tlsKey, tlsCert } = files()
    const here = process.cwd()
    const daemon = await world.start({
      tlsKey: relative(here, tlsKey),
      tlsCert: relative(here, tlsCert),
      cwd: join(here, 'spec'),
    })
    const state = world.stateOf()
    expect([state.settings.tlsKey, state.settings.tlsCert]).to.deep.equal([tlsKey, tlsCert])
    process.kill(daemon.pid, 'SIGKILL')
    await world.gone(state)
    await daemon.restart()
    world.remember()
    await using client = new Client(daemon.address, { tls: { ca: made.ca } })
    expect(await client.runAction('Pid')).to.equal(daemon.pid)
  })

  longIt('asks for a certificate where it is given an authority', async () => {
    const { address, pid } = await world.start({ ...files(), tlsCa: file('ca.crt') })
    const [anonymous, unknown, known] = [undefined, made.stranger, made.client].map(
      (certified) => new Client(address, { tls: { ca: made.ca, ...certified }, retry: 0 }),
    ) as [Client, Client, Client]
    try {
      for (const each of [anonymous, unknown])
        expect((await errorOf(Promise.resolve(each.runAction('Pid')))).code).to.equal('UNREACHABLE')
      expect(await known.runAction('Pid')).to.equal(pid)
    } finally {
      await Promise.all([anonymous, unknown, known].map((each) => each.close()))
    }
  })

  longIt('is not started with files that are wrong, and says which and why', async () => {
    writeFileSync(file('empty'), '')
    const { tlsKey, tlsCert } = files()
    const wrong: [object, RegExp][] = [
      [{ tlsKey }, /^TLS needs both option tlsKey and option tlsCert$/],
      [{ tlsCa: file('ca.crt') }, /^TLS needs both option tlsKey and option tlsCert$/],
      [{ tlsKey: file('none'), tlsCert }, /^option tlsKey: cannot read .*\/none: ENOENT/],
      [{ tlsKey: folder, tlsCert }, /^option tlsKey: cannot read .*: EISDIR/],
      [{ tlsKey: tlsCert, tlsCert }, /^option tlsKey: expected a private key in PEM without a passphrase in .*crt: /],
      [{ tlsKey, tlsCert: tlsKey }, /^option tlsCert: expected a certificate in PEM in .*server\.key: /],
      [
        { tlsKey: file('client.key'), tlsCert },
        /^option tlsKey: .* is not the key of the certificate in .*server\.crt$/,
      ],
      // Node takes it without a word.
      [{ tlsKey, tlsCert, tlsCa: file('empty') }, /^option tlsCa: expected a certificate in PEM in .*empty: /],
      [{ tlsKey: 7, tlsCert }, /^option tlsKey: expected a path, got 7$/],
      [{ tlsKey, tlsCert, path: file('a.sock') }, /^TLS needs a port, and only a path was given/],
    ]
    for (const [options, message] of wrong) {
      const error = await errorOf(world.start(options))
      expect([error.code, message.test(error.message)], error.message).to.deep.equal(['INVALID_OPTION', true])
    }
  })
})

/** Of the certificate that is shown there. */
function subjectOf(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(address.split(':').at(-1)), rejectUnauthorized: false })
    socket.on('error', reject).on('secureConnect', () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).subject)
      socket.destroy()
    })
  })
}
