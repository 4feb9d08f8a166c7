// The right to end a daemon, and to see its sessions: clients with its token have it, by the action and through services; without a token no client has it,
// unless a module allows it.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Client, type ClientOptions, type IsockError } from 'isock'
import { isRunning } from '../../lib/daemon/process-identity.ts'
import { makeCertificates } from '../setup/certificates.ts'
import { longIt } from '../setup/long.ts'
import { skip } from '../setup/skip.ts'
import { CompiledIsock } from './compiled-isock.ts'
import { DaemonWorld } from './daemon-world.ts'

const token = 'a token of this spec, which is long'

describe('The right to end a daemon', function () {
  this.timeout(120_000)
  let isock: CompiledIsock
  let world: DaemonWorld
  const clients: Client[] = []

  before(async () => {
    isock = await CompiledIsock.make()
  })

  beforeEach(() => {
    world = new DaemonWorld(isock)
  })

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await world.close()
  })

  const clientOf = (address: string, options: ClientOptions = {}): Client => {
    const client = new Client(address, { retry: 0, ...options })
    clients.push(client)
    return client
  }
  /** What comes of it: '' where it was done. */
  const codeOf = (call: PromiseLike<unknown>): Promise<string> =>
    Promise.resolve(call).then(
      () => '',
      (error: IsockError) => error.code,
    )
  const end = (client: Client, service?: string): Promise<string> =>
    codeOf(
      service === undefined
        ? client.runAction('isock.shutdown', {})
        : client.runAction('isock.services.terminate', { service, shutdown: true }),
    )
  /** What comes of seeing its sessions, and the answers of one. */
  const see = async (client: Client): Promise<string[]> => [
    await codeOf(client.runAction('isock.sessions')),
    await codeOf(client.runAction('isock.answers', { session: 'none' })),
  ]
  const initialize = (client: Client, service: string): Promise<string> =>
    codeOf(client.runAction('isock.services.initialize', { service, args: 1 }))

  longIt('belongs to clients that show its token, through a service too, and to no others', async () => {
    const daemon = await world.start({ module: isock.module('counter'), token })
    const state = world.stateOf()
    const owner = clientOf(daemon.address, { token })
    expect(await initialize(owner, 'Counter')).to.equal('')
    for (const options of [{}, { token: 'another token, as long as it' }])
      for (const service of [undefined, 'Counter'])
        expect(await end(clientOf(daemon.address, options), service)).to.equal('UNAUTHENTICATED')
    expect(isRunning(state)).to.equal(true)
    expect(await end(owner, 'Counter')).to.equal('')
    await world.gone(state)
  })

  longIt('belongs to clients that show its token, by the action', async () => {
    const daemon = await world.start({ token })
    const state = world.stateOf()
    expect(await see(clientOf(daemon.address))).to.deep.equal(['UNAUTHENTICATED', 'UNAUTHENTICATED'])
    // This one exists, and the other is no session.
    expect(await see(clientOf(daemon.address, { token }))).to.deep.equal(['', 'BAD_REQUEST'])
    expect(await end(clientOf(daemon.address, { token }))).to.equal('')
    await world.gone(state)
  })

  longIt('does not hold for a service whose module forbids it, and its exit does not run', async () => {
    const daemon = await world.start({ module: isock.module('kept-alive'), token })
    const state = world.stateOf()
    const owner = clientOf(daemon.address, { token })
    for (const service of ['Kept', 'Silent', 'Exported']) expect(await initialize(owner, service)).to.equal('')
    expect(await end(owner, 'Kept')).to.equal('NOT_ALLOWED')
    expect(await codeOf(owner.runAction('isock.services.execute', { service: 'Kept', args: 1 }))).to.equal('')
    expect(isRunning(state)).to.equal(true)
    // Of this one its module says nothing.
    expect(await end(owner, 'Silent')).to.equal('')
    await world.gone(state)
  })

  longIt('belongs to nobody without a token, but through a service whose module allows it', async () => {
    const daemon = await world.start({ module: isock.module('kept-alive') })
    const state = world.stateOf()
    const anybody = clientOf(daemon.address)
    for (const service of ['Kept', 'Silent', 'Exported', 'Open'])
      expect(await initialize(anybody, service)).to.equal('')
    for (const service of [undefined, 'Kept', 'Silent', 'Exported'])
      expect(await end(anybody, service)).to.equal('NOT_ALLOWED')
    expect(await see(anybody)).to.deep.equal(['NOT_ALLOWED', 'NOT_ALLOWED'])
    expect(isRunning(state)).to.equal(true)
    expect(await end(anybody, 'Open')).to.equal('')
    await world.gone(state)
  })

  longIt('does not come with a client certificate', async function () {
    const made = makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
    const folder = mkdtempSync(join(tmpdir(), 'isock-who-'))
    const file = (name: string, text: string): string => {
      const path = join(folder, name)
      writeFileSync(path, text, { mode: 0o600 })
      chmodSync(path, 0o600)
      return path
    }
    try {
      const daemon = await world.start({
        tlsKey: file('key', made.server.key),
        tlsCert: file('cert', made.server.cert),
        tlsCa: file('ca', made.ca),
      })
      expect(await end(clientOf(daemon.address, { tls: { ca: made.ca, ...made.client } }))).to.equal('NOT_ALLOWED')
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 20 })
    }
  })
})
