// The client of `isock/tracim` against the daemon, and what it does with events that are none.
import { existsSync } from 'node:fs'
import { expect } from 'chai'
import {
  type DaemonEvent,
  daemonEventTypes,
  type ErrorData,
  localEventTypes,
  TracimDaemonClient,
  tracimEventOf,
} from 'isock/tracim'
import { startScript } from '../setup/run-script.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { sendRaw, TracimWorld } from './tracim-world.ts'

const comment = { event_id: 3, event_type: 'content.created.comment', read: null, created: '', fields: { text: 'hi' } }
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

describe('the tracim daemon client', () => {
  let world: TracimWorld

  beforeEach(() => {
    world = new TracimWorld()
  })

  afterEach(() => world.close())

  it('registers, asks, unregisters', async () => {
    const daemon = await world.daemon()
    const client = await world.client()
    await client.registerToMaster()
    expect(client.userId).to.equal('42')
    expect(await client.getClients()).to.deep.equal([{ path: client.clientSocketPath, pid: String(process.pid) }])
    expect(await client.getAccountInfo()).to.equal('42')
    await client.ping()
    const { statusCode, status, body } = await client.doRequest('GET', '/users')
    expect([statusCode, status]).to.deep.equal([502, '502 Bad Gateway'])
    expect(body.toString()).to.include('no Tracim')
    await client.unregisterFromMaster()
    expect(daemon.clients).to.deep.equal([])
  })

  it('calls the handler of every event, of its type, and of the type that Tracim gave it', async () => {
    const daemon = await world.daemon()
    const client = await world.client()
    const calls: [string, string][] = []
    const note = (name: string) => (event: DaemonEvent) => calls.push([name, event.type])
    client.on(localEventTypes.generic, note('generic'))
    client.on(localEventTypes.error, note('error'))
    for (const type of Object.values(daemonEventTypes)) client.on(type, note('typed'))
    client.on('content.created.comment', (event, from) => {
      expect(from).to.equal(client)
      expect(tracimEventOf(event)).to.deep.equal(comment)
      calls.push(['comment', event.type])
    })
    await client.registerToMaster()
    daemon.publish(comment)
    daemon.publish({ ...comment, event_type: 'user.created' })
    daemon.publish({ ...comment, event_type: 'custom_error' }) // no name of ours
    await waitFor(() => calls.length === 11)
    const both = (type: string) => [
      ['generic', type],
      ['typed', type],
    ]
    expect(calls).to.deep.equal([
      ...both('daemon_account_info'),
      ...both('daemon_client_added'),
      ...both('daemon_tracim_event'),
      ['comment', 'daemon_tracim_event'],
      ...both('daemon_tracim_event'),
      ...both('daemon_tracim_event'),
    ])
  })

  it('answers pings by default, while a handler is slow; and not when that was replaced', async () => {
    const clock = new VirtualClock()
    const daemon = await world.daemon({ clock })
    const [slow, replaced] = [await world.client('slow'), await world.client('replaced')]
    let finish: (() => void) | undefined
    slow.on(
      'daemon_client_added',
      () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    )
    let pings = 0
    replaced.on('daemon_ping', () => ++pings)
    let pongs = 0
    slow.on('daemon_ack', () => ++pongs)
    await slow.registerToMaster()
    await replaced.registerToMaster()
    const reader = slow.events()
    await clock.advance(60_000)
    for (let event = await reader.next(); event.value?.type !== 'daemon_ack'; ) event = await reader.next()
    await waitFor(() => pings === 1)
    await clock.advance(60_000)
    expect(daemon.clients.map(({ path }) => path)).to.deep.equal([slow.clientSocketPath])
    finish?.()
  })

  it('tells the error handler what a handler throws, and goes on', async () => {
    const daemon = await world.daemon()
    const client = await world.client()
    const errors: unknown[] = []
    client.on(localEventTypes.error, ({ data }) => {
      errors.push((data as ErrorData).error)
      const second = new Error('and so does the handler of errors')
      if (errors.length % 2 === 0) return Promise.reject(second)
      throw second
    })
    client.on(localEventTypes.generic, () => {
      throw new Error('thrown')
    })
    client.on('user.created', async () => {
      throw new Error('rejected')
    })
    let count = 0
    client.on('daemon_tracim_event', () => ++count)
    await client.registerToMaster()
    daemon.publish({ ...comment, event_type: 'user.created' })
    daemon.publish('no JSON')
    daemon.publish(comment)
    await waitFor(() => count === 3)
    const messages = errors.map((error) => (error as Error).message)
    expect(messages.filter((message) => message === 'thrown')).to.have.length(5)
    expect(messages).to.include('rejected')
    expect(errors.some((error) => error instanceof SyntaxError)).to.equal(true)
    expect(world.lines.some(({ message }) => message.includes('error handler failed'))).to.equal(true)
  })

  it('iterates over events, and ends with the client', async () => {
    const daemon = await world.daemon()
    const client = await world.client()
    const types: string[] = []
    const done = (async () => {
      for await (const { type } of client.events()) {
        types.push(type)
        if (types.length === 4) break
      }
    })()
    const rest = client.events()
    await client.registerToMaster()
    daemon.publish(comment)
    daemon.publish(comment)
    await done
    expect(types.slice(2)).to.deep.equal(['daemon_tracim_event', 'daemon_tracim_event'])
    await client.close()
    let count = 0
    for await (const _ of rest) count++
    expect(count).to.equal(4)
    expect(await client.events().next()).to.deep.equal({ done: true, value: undefined })
  })

  it('fails a reader that lags too far behind, after what it has', async () => {
    const daemon = await world.daemon()
    const client = await world.client('client', { maxQueuedEvents: 3 })
    const reader = client.events()
    await client.registerToMaster()
    for (let i = 0; i < 5; i++) daemon.publish(comment)
    let seen = 0
    client.on('daemon_tracim_event', () => ++seen)
    await waitFor(() => seen === 5)
    for (let i = 0; i < 3; i++) expect((await reader.next()).done).to.equal(false)
    expect((await caught(reader.next())).code).to.equal('ITEMS_DISCARDED')
    expect((await reader.next()).done).to.equal(true)
  })

  it('bounds what waits in bytes too, and takes a single event of any size', async () => {
    const daemon = await world.daemon()
    const client = await world.client('client', { maxQueuedBytes: 1_000 })
    const added = new Promise((resolve) => client.on('daemon_client_added', resolve))
    await client.registerToMaster()
    await added
    const reader = client.events()
    let seen = 0
    client.on('daemon_tracim_event', () => ++seen)
    const large = { ...comment, fields: 'x'.repeat(5_000) }
    daemon.publish(large)
    await waitFor(() => seen === 1)
    expect((await reader.next()).value?.type).to.equal('daemon_tracim_event')
    daemon.publish(large)
    daemon.publish(large)
    await waitFor(() => seen === 3)
    expect((await reader.next()).done).to.equal(false)
    expect((await caught(reader.next())).code).to.equal('ITEMS_DISCARDED')
  })

  it('leaves out events that its handlers are too slow for, and says so', async () => {
    const daemon = await world.daemon()
    const client = await world.client('client', { maxQueuedEvents: 3 })
    const errors: string[] = []
    client.on(localEventTypes.error, ({ data }) => errors.push(((data as ErrorData).error as Error).message))
    let finish: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    client.on('daemon_tracim_event', () => held)
    await client.registerToMaster()
    for (let i = 0; i < 6; i++) daemon.publish(comment)
    await waitFor(() => errors.length === 2)
    expect(errors[0]).to.include('3 events are queued for the handlers')
    finish?.()
  })

  it('tells the error handler of garbage, and goes on', async () => {
    await world.daemon()
    const client = await world.client('client', { maxDocumentBytes: 1_000 })
    const errors: string[] = []
    client.on(localEventTypes.error, ({ data }) => errors.push(((data as ErrorData).error as Error).message))
    await sendRaw(client.clientSocketPath, 'garbage')
    await sendRaw(client.clientSocketPath, '[1]')
    await sendRaw(client.clientSocketPath, 'x'.repeat(100_000)).catch(() => undefined)
    await waitFor(() => errors.length === 3)
    await client.ping()
  })

  it('believes no account that another tells', async () => {
    await world.daemon()
    const client = await world.client()
    const forged = { type: 'daemon_account_info', path: world.path('other'), data: { user_id: '666' } }
    await sendRaw(client.clientSocketPath, JSON.stringify(forged))
    await client.ping()
    expect(client.userId).to.equal('')
  })

  describe('names', () => {
    it('a daemon that is not there, or does not answer', async () => {
      const client = await world.client('client', { answerTimeoutMs: 50 })
      const error = await caught(client.registerToMaster())
      expect([error.code, error.notStarted]).to.deep.equal(['UNREACHABLE', true])
      expect(error.message).to.include(world.masterPath).and.include('start the daemon')
      const mute = await world.rawClient('master.sock')
      expect(mute.path).to.equal(world.masterPath)
      expect((await caught(client.ping())).code).to.equal('NO_RESPONSE')
      const asked = caught(client.ping())
      await client.close()
      expect((await asked).code).to.equal('CLOSED')
    })

    it('wrong use and wrong options', async () => {
      const paths = { masterSocketPath: world.masterPath, clientSocketPath: world.path('a') }
      expect(() => new TracimDaemonClient({ ...paths, clientSocketPath: '' })).to.throw('option clientSocketPath')
      expect(() => new TracimDaemonClient({ ...paths, clientSocketPath: world.masterPath })).to.throw('another path')
      expect(() => new TracimDaemonClient({ ...paths, maxQueuedEvents: 0 })).to.throw('option maxQueuedEvents')
      const client = new TracimDaemonClient(paths)
      expect((await caught(client.registerToMaster())).message).to.include('createClientSocket()')
      await client.close()
      expect((await caught(client.createClientSocket())).message).to.include('create another client')
      await world.client('taken')
      expect((await caught(world.client('taken'))).code).to.equal('ADDRESS_IN_USE')
    })
  })

  it('unregisters and removes its socket when it is closed, twice too', async () => {
    const daemon = await world.daemon()
    const client = await world.client()
    await client.registerToMaster()
    const listening = client.listenToEvents()
    await Promise.all([client.close(), client.close()])
    await listening
    expect(existsSync(client.clientSocketPath)).to.equal(false)
    await waitFor(() => daemon.clients.length === 0)
    expect(process.listeners('SIGTERM').length + process.listeners('exit').length).to.be.below(10)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`closes on ${signal}, and lets its process end of it`, async function () {
      this.timeout(120_000)
      const daemon = await world.daemon()
      const path = world.path('child')
      const child = startScript('spec/tracim/listening-client.ts', { args: [world.masterPath, path] })
      await child.printed(/registered/)
      child.kill(signal)
      expect((await child.ended).signal).to.equal(signal)
      await waitFor(() => daemon.clients.length === 0)
      expect(existsSync(path)).to.equal(false)
      expect(world.reasons).to.deep.equal([])
    })
  }

  it('removes its socket when its process exits', async function () {
    this.timeout(120_000)
    await world.daemon()
    const path = world.path('child')
    const child = startScript('spec/tracim/listening-client.ts', { args: [world.masterPath, path, 'exit'] })
    expect((await child.ended).code).to.equal(3)
    expect(existsSync(path)).to.equal(false)
  })
})
