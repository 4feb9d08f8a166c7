// The daemon's side of the protocol, byte for byte as its document has it, against clients without any library.
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { Channel } from 'isock'
import { createHarness } from 'isock/testing'
import { TracimDaemon } from 'isock/tracim'
import { longIt } from '../setup/long.ts'
import { skip } from '../setup/skip.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { sendRaw, TracimWorld } from './tracim-world.ts'

describe('the tracim daemon', () => {
  let world: TracimWorld

  beforeEach(() => {
    world = new TracimWorld()
  })

  afterEach(() => world.close())

  const refusal = (pattern: RegExp) =>
    waitFor(() => world.reasons.find((reason) => pattern.test(reason)), { what: `${pattern} in the log` })

  describe('answers', () => {
    it('a registration with the account, and tells all clients', async () => {
      const daemon = await world.daemon()
      const [one, two] = [await world.rawClient('one'), await world.rawClient('two')]
      await one.register()
      await waitFor(() => one.received.length === 2)
      expect(one.received).to.deep.equal([
        { type: 'daemon_account_info', path: world.masterPath, data: { user_id: '42' } },
        { type: 'daemon_client_added', path: world.masterPath, data: { path: one.path, pid: '7' } },
      ])
      await two.register()
      await waitFor(() => one.received.length === 3)
      expect(one.received[2]).to.deep.include({ type: 'daemon_client_added', data: { path: two.path, pid: '7' } })
      expect(daemon.clients).to.deep.equal([
        { path: one.path, pid: '7' },
        { path: two.path, pid: '7' },
      ])
    })

    it('the names that the document has, and a pid that is a number', async () => {
      const daemon = await world.daemon()
      const one = await world.rawClient('one')
      await one.send('client_add', { path: one.path, pid: 999 })
      await waitFor(() => one.received.length === 2)
      expect(daemon.clients).to.deep.equal([{ path: one.path, pid: '999' }])
      await one.send('client_delete', { path: one.path, pid: 999 })
      await waitFor(() => one.received.length === 3)
      expect(one.received[2]).to.deep.equal({
        type: 'daemon_ack',
        path: world.masterPath,
        data: { type: 'daemon_client_delete' },
      })
      expect(daemon.clients).to.deep.equal([])
    })

    it('an unregistration with an ack, and tells the others', async () => {
      await world.daemon()
      const [one, two] = [await world.rawClient('one'), await world.rawClient('two')]
      await one.register()
      await two.register()
      await waitFor(() => one.received.length === 3 && two.received.length === 2)
      await one.send('daemon_client_delete', { path: one.path, pid: '7' })
      await waitFor(() => one.received.length === 4 && two.received.length === 3)
      expect(one.received[3]?.type).to.equal('daemon_ack')
      expect(two.received[2]).to.deep.include({ type: 'daemon_client_deleted', data: { path: one.path, pid: '7' } })
    })

    it('pings, and questions for the account and the clients, of those too that are not registered', async () => {
      await world.daemon()
      const [one, two] = [await world.rawClient('one'), await world.rawClient('two')]
      await two.register()
      await waitFor(() => two.received.length === 2)
      for (const type of ['daemon_ping', 'daemon_get_account_info', 'daemon_get_clients', 'daemon_pong']) {
        const before = one.received.length
        await one.send(type)
        await waitFor(() => one.received.length > before, { what: `the answer to ${type}` })
      }
      expect(one.received.map(({ type, data }) => [type, data])).to.deep.equal([
        ['daemon_pong', null],
        ['daemon_account_info', { user_id: '42' }],
        ['daemon_clients', [{ path: two.path, pid: '7' }]],
        ['daemon_ack', { type: 'daemon_pong' }],
      ])
    })

    it('a request without a Tracim, with a status that says so', async () => {
      await world.daemon()
      const one = await world.rawClient('one')
      await one.send('daemon_do_request', { method: 'GET', endpoint: '/users', body: null })
      await waitFor(() => one.received.length === 1)
      const { type, data } = one.received[0]!
      expect(type).to.equal('daemon_request_result')
      expect(data.request).to.deep.equal({ method: 'GET', endpoint: '/users', body: null })
      expect(data.status).to.equal('502 Bad Gateway')
      expect(Buffer.from(data.data, 'base64').toString()).to.include('no Tracim')
    })
  })

  it('passes events on to all, as JSON text, in order', async () => {
    const daemon = await world.daemon()
    const clients = [await world.rawClient('one'), await world.rawClient('two')]
    for (const client of clients) await client.register()
    await waitFor(() => clients.every(({ received }) => received.length >= 2))
    for (let id = 1; id <= 50; id++)
      daemon.publish({ event_id: id, event_type: 'user.created', read: null, created: '', fields: {} })
    for (const { received } of clients) {
      const events = () => received.filter(({ type }) => type === 'daemon_tracim_event')
      await waitFor(() => events().length === 50)
      expect(events().map(({ data }) => JSON.parse(data).event_id)).to.deep.equal(
        [...Array(50).keys()].map((i) => i + 1),
      )
    }
  })

  it('takes its events from any async iterable', async () => {
    let go: (() => void) | undefined
    const registered = new Promise<void>((resolve) => {
      go = resolve
    })
    async function* items() {
      await registered
      yield { event_id: 9, event_type: 'content.created.comment', fields: { a: 1 } }
      yield 'anything'
      yield 1n // has no JSON: left out
      yield { no: 'type' }
      await new Promise(() => undefined) // never ends, and must not keep the daemon from closing
    }
    const daemon = await world.daemon({ source: items() })
    const one = await world.rawClient('one')
    await one.register()
    await waitFor(() => one.received.length === 2)
    go?.()
    await waitFor(() => one.received.length === 5)
    const events = one.received.slice(2).map(({ data }) => JSON.parse(data))
    expect(events[0]).to.deep.include({ event_id: 9, event_type: 'content.created.comment', fields: { a: 1 } })
    expect(events[1]).to.deep.include({ event_type: 'message', fields: 'anything' })
    expect(events[2]).to.deep.include({ event_type: 'message', fields: { no: 'type' } })
    await daemon.close()
  })

  it('takes its events from a channel', async () => {
    class News extends Channel<{ title: string }> {
      override canPublish() {
        return true
      }
    }
    await using harness = await createHarness()
    harness.server.addChannel(new News())
    const subscription = harness.client.subscribe(News)
    await subscription.ready
    await world.daemon({
      source: subscription,
      toEvent: (item) => ({ event_id: 1, event_type: 'news', read: null, created: '', fields: item }),
    })
    const one = await world.rawClient('one')
    await one.register()
    await waitFor(() => one.received.length === 2)
    await harness.client.publish(News, { title: 'isock' })
    await waitFor(() => one.received.length === 3)
    expect(JSON.parse(one.received[2]?.data)).to.deep.include({ event_type: 'news', fields: { title: 'isock' } })
  })

  it('goes on without a source that fails', async () => {
    async function* broken(): AsyncGenerator<never> {
      throw new Error('broken source')
    }
    await world.daemon({ source: broken() })
    await waitFor(() => world.lines.some(({ message }) => message.includes('without it')))
    const one = await world.rawClient('one')
    await one.send('daemon_ping')
    await waitFor(() => one.received.length === 1)
  })

  describe('keeps alive', () => {
    it('who answers its pings, and unregisters who does not by the next one', async () => {
      const clock = new VirtualClock()
      const daemon = await world.daemon({ clock })
      const [lively, silent] = [await world.rawClient('lively'), await world.rawClient('silent')]
      await lively.register()
      await silent.register()
      await waitFor(() => daemon.clients.length === 2 && lively.received.length === 3 && silent.received.length === 2)
      await clock.advance(60_000)
      await waitFor(() => lively.types().includes('daemon_ping') && silent.types().includes('daemon_ping'))
      expect(lively.received.at(-1)).to.deep.equal({ type: 'daemon_ping', path: world.masterPath, data: null })
      await lively.send('daemon_pong')
      await waitFor(() => lively.types().includes('daemon_ack'))
      expect(daemon.clients).to.have.length(2)
      await clock.advance(60_000)
      expect(daemon.clients.map(({ path }) => path)).to.deep.equal([lively.path])
      await waitFor(() => lively.types().includes('daemon_client_deleted'))
      expect(await refusal(/did not answer/)).to.be.a('string')
    })

    it('nobody whose socket is gone, and tells the others', async () => {
      const daemon = await world.daemon()
      const [one, dead, removed] = [
        await world.rawClient('one'),
        await world.rawClient('dead'),
        await world.rawClient('removed'),
      ]
      for (const client of [one, dead, removed]) await client.register()
      await waitFor(() => one.received.length === 4)
      await dead.close()
      rmSync(removed.path)
      daemon.publish('{"event_type":"a"}')
      await waitFor(() => daemon.clients.length === 1)
      await waitFor(() => one.types().filter((type) => type === 'daemon_client_deleted').length === 2)
      expect(world.lines.filter(({ message }) => message === 'client dropped')).to.have.length(2)
    })

    it('nobody who takes no event in time; and the others do not wait', async () => {
      const clock = new VirtualClock()
      const daemon = await world.daemon({ clock, maxDeliveries: 2 })
      const stuckPath = world.path('stuck')
      const held: Socket[] = []
      const stuck = createServer({ pauseOnConnect: true }, (socket) => {
        held.push(socket.on('error', () => undefined))
      })
      await new Promise<void>((resolve) => stuck.listen(stuckPath, resolve))
      const one = await world.rawClient('one')
      await sendRaw(
        world.masterPath,
        JSON.stringify({ type: 'client_add', path: stuckPath, data: { path: stuckPath, pid: '1' } }),
      )
      await one.register()
      await waitFor(() => one.received.length === 2)
      // More than the kernel keeps for a reader that does not read.
      daemon.publish(JSON.stringify({ event_type: 'large', fields: 'x'.repeat(2_000_000) }))
      daemon.publish('{"event_type":"small"}')
      await waitFor(() => one.received.length === 4)
      expect(daemon.clients).to.have.length(2)
      await clock.advance(5_000)
      await waitFor(() => daemon.clients.length === 1)
      expect(await refusal(/accepted no event within 5000 ms/)).to.be.a('string')
      for (const socket of held) socket.destroy()
      await new Promise((resolve) => {
        stuck.close(resolve)
      })
    })

    it('nobody for whom too many events wait', async () => {
      const daemon = await world.daemon({ maxQueuedEvents: 10 })
      const one = await world.rawClient('one')
      await one.register()
      await waitFor(() => one.received.length === 2)
      for (let i = 0; i < 20; i++) daemon.publish('{"event_type":"a"}')
      await waitFor(() => daemon.clients.length === 0)
      expect(await refusal(/10 events are already queued/)).to.be.a('string')
    })
  })

  it('keeps nobody for whom too many bytes wait, and delivers a single event of any size', async () => {
    const daemon = await world.daemon({ maxQueuedBytes: 1_000 })
    const one = await world.rawClient('one')
    await one.register()
    await waitFor(() => one.received.length === 2)
    const large = JSON.stringify({ event_type: 'a', fields: 'x'.repeat(5_000) })
    daemon.publish(large)
    await waitFor(() => one.received.length === 3)
    daemon.publish(large)
    daemon.publish(large)
    await waitFor(() => daemon.clients.length === 0)
    expect(await refusal(/bytes are already queued/)).to.be.a('string')
  })

  it('replaces the entry of a path that registers again', async () => {
    const daemon = await world.daemon()
    const one = await world.rawClient('one')
    await one.register()
    await one.send('daemon_client_add', { path: one.path, pid: '8' })
    await waitFor(() => one.received.length === 4)
    expect(daemon.clients).to.deep.equal([{ path: one.path, pid: '8' }])
    daemon.publish('{"event_type":"a"}')
    await waitFor(() => one.received.length === 5)
    expect(one.types().filter((type) => type === 'daemon_tracim_event')).to.have.length(1)
  })

  longIt('serves 1 000 clients', async function () {
    this.timeout(120_000)
    const daemon = await world.daemon({ announceClients: false })
    const clients = await Promise.all([...Array(1_000).keys()].map((i) => world.rawClient(`c${i}`)))
    for (const client of clients) await client.register()
    await waitFor(() => clients.every(({ received }) => received.length === 1), { timeoutMs: 20_000 })
    expect(daemon.clients).to.have.length(1_000)
    for (const dead of clients.slice(0, 100)) await dead.close()
    const startedAt = performance.now()
    for (let id = 1; id <= 5; id++) daemon.publish(JSON.stringify({ event_type: 'a', event_id: id }))
    const living = clients.slice(100)
    await waitFor(() => living.every(({ received }) => received.length === 6), { timeoutMs: 20_000 })
    if (process.env['SHOW_FIGURES']) console.log(`4500 deliveries: ${(performance.now() - startedAt).toFixed(0)} ms`)
    expect(daemon.clients).to.have.length(900)
    for (const { received } of living)
      expect(received.slice(1).map(({ data }) => JSON.parse(data).event_id)).to.deep.equal([1, 2, 3, 4, 5])
  })

  describe('at its socket', () => {
    const document = (type: string, path: string, data: unknown = null) => JSON.stringify({ type, path, data })

    it('takes a document in any number of chunks, of any size up to the bound', async () => {
      await world.daemon({ maxDocumentBytes: 300_000 })
      const one = await world.rawClient('one')
      const text = document('daemon_ping', one.path, 'ä'.repeat(100_000))
      await sendRaw(
        world.masterPath,
        ...Buffer.from(text).reduce<Buffer[]>((chunks, _byte, i, all) => {
          if (i % 999 === 0) chunks.push(all.subarray(i, i + 999))
          return chunks
        }, []),
      )
      await waitFor(() => one.received.length === 1)
      await sendRaw(world.masterPath, document('daemon_ping', one.path, 'x'.repeat(300_000))).catch(() => undefined)
      expect(await refusal(/more than 300000 bytes/)).to.be.a('string')
      expect(one.received).to.have.length(1)
    })

    it('cuts who does not come to an end in time, and serves others meanwhile', async () => {
      const clock = new VirtualClock()
      await world.daemon({ clock })
      const one = await world.rawClient('one')
      const slow = connect({ path: world.masterPath })
      slow.write('{"type":')
      const closed = new Promise((resolve) => slow.once('close', resolve))
      await one.send('daemon_ping')
      await waitFor(() => one.received.length === 1)
      await clock.advance(10_000)
      await closed
      expect(await refusal(/no complete document within 10000 ms/)).to.be.a('string')
    })

    it('takes so many bytes at once of all together', async () => {
      await world.daemon({ maxBufferedBytes: 1_000 })
      const [idle, second] = [connect({ path: world.masterPath }), connect({ path: world.masterPath })]
      for (const socket of [idle, second]) socket.on('error', () => undefined)
      const cut = Promise.race([idle, second].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
      idle.write('x'.repeat(900))
      second.write('x'.repeat(900))
      await cut
      expect(await refusal(/more than 1000 bytes are arriving/)).to.be.a('string')
      for (const socket of [idle, second]) socket.destroy()
      const one = await world.rawClient('one')
      await one.send('daemon_ping')
      await waitFor(() => one.received.length === 1)
    })

    it('closes connections above the bound', async () => {
      await world.daemon({ maxConnections: 2 })
      const idle = [1, 2].map(() => connect({ path: world.masterPath }))
      const third = connect({ path: world.masterPath })
      third.on('error', () => undefined)
      await new Promise((resolve) => third.once('close', resolve))
      expect(await refusal(/more than 2 connections/)).to.be.a('string')
      for (const socket of idle) socket.destroy()
    })

    it('says nothing of connections that say nothing', async () => {
      await world.daemon()
      await sendRaw(world.masterPath)
      const one = await world.rawClient('one')
      await one.send('daemon_ping')
      await waitFor(() => one.received.length === 1)
      expect(world.reasons).to.deep.equal([])
    })

    const client = (path: unknown, data: unknown = { path, pid: '1' }) =>
      JSON.stringify({ type: 'client_add', path, data })
    const garbage: Record<string, [string | Uint8Array, RegExp]> = {
      'no JSON': ['}{', /something else/],
      'no UTF-8': [new Uint8Array([0x22, 0xff, 0x22]), /UTF-8/],
      'half a document': ['{"type":"daemon_ping","path":"/a', /something else/],
      'an array': ['[]', /expected a JSON object/],
      null: ['null', /expected a JSON object/],
      'no type': ['{"path":"/a"}', /type: expected/],
      'an endless type': [JSON.stringify({ type: 'x'.repeat(201), path: '/a' }), /type: expected/],
      'no path': ['{"type":"daemon_ping"}', /path: expected/],
      'a relative path': [client('a.sock'), /absolute/],
      'a path with a null character': [client('/tmp/a\0b'), /null character/],
      'a path that is too long': [client(`/${'a'.repeat(107)}`), /at most 107 bytes/],
      'a path where nothing is': [client('/nonexistent/a.sock'), /there is no/],
      'deep nesting': [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, /expected a JSON object/],
    }
    for (const [name, [bytes, reason]] of Object.entries(garbage)) {
      it(`refuses ${name}`, async () => {
        const daemon = await world.daemon()
        await sendRaw(world.masterPath, bytes)
        expect(await refusal(reason)).to.be.a('string')
        expect(daemon.clients).to.deep.equal([])
      })
    }

    it('takes a document as soon as it is whole, of a writer that keeps its connection', async () => {
      const clock = new VirtualClock()
      await world.daemon({ clock })
      const one = await world.rawClient('one')
      const writer = connect({ path: world.masterPath, allowHalfOpen: true })
      const [ended, closed] = ['end', 'close'].map((event) => new Promise((resolve) => writer.once(event, resolve)))
      writer.on('error', () => undefined).resume()
      const text = ` ${document('daemon_ping', one.path, { text: '}"\\\\"[\u00e4', list: [[], {}] })}`
      for (const byte of Buffer.from(text)) writer.write(Buffer.of(byte))
      await waitFor(() => one.received.length === 1)
      expect(one.types()).to.deep.equal(['daemon_pong'])
      await ended
      // What comes behind it is not read, and harms nobody.
      writer.write('\n')
      writer.write(document('daemon_get_clients', one.path))
      await one.send('daemon_get_account_info')
      await waitFor(() => one.received.length === 2)
      expect(one.types()).to.deep.equal(['daemon_pong', 'daemon_account_info'])
      await clock.advance(1_000)
      await waitFor(() => writer.closed || !writer.write('x'), { what: 'the connection to be cut' })
      await closed
      expect(world.reasons).to.deep.equal([])
    })

    it('takes the first of two documents that come at once', async () => {
      await world.daemon()
      const one = await world.rawClient('one')
      await sendRaw(world.masterPath, document('daemon_ping', one.path) + document('daemon_get_clients', one.path))
      await one.send('daemon_get_account_info')
      await waitFor(() => one.received.length === 2)
      expect(one.types()).to.deep.equal(['daemon_pong', 'daemon_account_info'])
    })

    it('forgets the bytes of a document that was taken, while its writer stays', async () => {
      await world.daemon({ maxBufferedBytes: 1_000, clock: new VirtualClock() })
      const one = await world.rawClient('one')
      const text = document('daemon_ping', one.path, 'x'.repeat(800))
      const writers = [1, 2, 3].map(() => connect({ path: world.masterPath, allowHalfOpen: true }))
      for (const [index, writer] of writers.entries()) {
        writer.write(text)
        await waitFor(() => one.received.length === index + 1)
      }
      expect(world.reasons).to.deep.equal([])
      for (const writer of writers) writer.destroy()
      // And no more than these: the bound holds as before.
      const late = [1, 2].map(() => connect({ path: world.masterPath }).on('error', () => undefined))
      for (const writer of late) writer.write('x'.repeat(900))
      expect(await refusal(/more than 1000 bytes are arriving/)).to.be.a('string')
      for (const writer of late) writer.destroy()
    })

    it('acknowledges types that it does not know, and answers no acknowledgement', async () => {
      await world.daemon()
      const one = await world.rawClient('one')
      for (const type of ['daemon_nonsense', '__proto__', 'daemon_ack', 'daemon_tracim_event'])
        await one.send(type, { any: 'thing' })
      await waitFor(() => one.received.length === 3)
      await one.send('daemon_ping')
      await waitFor(() => one.received.length === 4)
      expect(one.received.map(({ type, path, data }) => [type, path, data])).to.deep.equal([
        ['daemon_ack', world.masterPath, { type: 'daemon_nonsense' }],
        ['daemon_ack', world.masterPath, { type: '__proto__' }],
        ['daemon_ack', world.masterPath, { type: 'daemon_tracim_event' }],
        ['daemon_pong', world.masterPath, null],
      ])
    })

    it('refuses data that does not fit', async () => {
      const daemon = await world.daemon()
      const one = await world.rawClient('one')
      const cases: [string, unknown, RegExp][] = [
        ['client_add', null, /expected { path, pid }/],
        ['client_add', { path: '/other', pid: '1' }, /the same as path/],
        ['client_add', { path: one.path, pid: 'x' }, /pid: expected/],
        ['client_add', { path: one.path, pid: '1'.repeat(21) }, /pid: expected/],
        ['client_add', { path: one.path, pid: {} }, /pid: expected/],
      ]
      for (const [type, data, reason] of cases) {
        world.lines.length = 0
        await one.send(type, data)
        expect(await refusal(reason)).to.be.a('string')
      }
      expect(daemon.clients).to.deep.equal([])
    })

    it('connects to nothing but sockets of the same user, and not to itself', async () => {
      await world.daemon()
      const one = await world.rawClient('one')
      writeFileSync(world.path('file'), '')
      symlinkSync(one.path, world.path('link'))
      const cases: [string, RegExp][] = [
        [world.path('file'), /is not a socket/],
        [world.path('link'), /is not a socket/],
        [world.folder, /is not a socket/],
        [world.masterPath, /received this event/],
        [`${world.folder}/./master.sock`, /received this event/],
      ]
      for (const [path, reason] of cases) {
        world.lines.length = 0
        await sendRaw(world.masterPath, document('daemon_ping', path))
        expect(await refusal(reason)).to.be.a('string')
      }
      expect(one.received).to.deep.equal([])
    })

    it('connects to no socket of another user', async function () {
      if (process.getuid?.() !== 0) skip(this, 'only root can give a socket away')
      await world.daemon()
      const one = await world.rawClient('one')
      chownSync(one.path, 65_534, 65_534)
      await one.send('daemon_ping')
      expect(await refusal(/belongs to another user/)).to.be.a('string')
      expect(one.received).to.deep.equal([])
    })

    it('refuses more clients than it may have', async () => {
      const daemon = await world.daemon({ maxClients: 1 })
      const [one, two] = [await world.rawClient('one'), await world.rawClient('two')]
      await one.register()
      await waitFor(() => one.received.length === 2)
      await two.register()
      expect(await refusal(/1 clients are already registered/)).to.be.a('string')
      expect(daemon.clients).to.have.length(1)
    })

    it('listens for its user only, and leaves nothing behind', async () => {
      const daemon = await world.daemon()
      expect(statSync(world.masterPath).mode & 0o777).to.equal(0o600)
      await daemon.close()
      expect(lstatSync(world.masterPath, { throwIfNoEntry: false })).to.equal(undefined)
    })

    const listenError = (socketPath: string, options = {}) =>
      new TracimDaemon({ socketPath, ...options }).listen().then(
        () => undefined,
        (error) => error,
      )

    it('refuses a shared directory, links, relative paths, and a path that is served', async () => {
      const shared = join(world.folder, 'shared')
      mkdirSync(shared)
      chmodSync(shared, 0o755)
      expect((await listenError(join(shared, 'm.sock'))).message).to.include('chmod 700')
      symlinkSync(join(world.folder, 'elsewhere.sock'), world.path('link'))
      expect((await listenError(world.path('link'))).message).to.include('symbolic link')
      const real = join(world.folder, 'real')
      mkdirSync(real, { mode: 0o700 })
      symlinkSync(real, join(world.folder, 'linked'))
      expect((await listenError(join(world.folder, 'linked', 'm.sock'))).message).to.include('symbolic link')
      expect((await listenError('m.sock')).message).to.include('absolute')
      await world.daemon()
      expect((await listenError(world.masterPath)).code).to.equal('ADDRESS_IN_USE')
      await using allowed = new TracimDaemon({ socketPath: join(shared, 'm.sock'), allowSharedDirectory: true })
      await allowed.listen()
    })
  })

  it('names a wrong option', () => {
    const make = (options: object) => () => new TracimDaemon({ socketPath: '/a', ...options })
    expect(make({ socketPath: '' })).to.throw('option socketPath')
    expect(make({ pingIntervalMs: 0 })).to.throw('option pingIntervalMs')
    expect(make({ maxClients: -1 })).to.throw('option maxClients')
    expect(make({ maxDocumentBytes: 'x' })).to.throw('option maxDocumentBytes')
  })
})
