// A client of the tracim daemon stays registered: at a daemon that came anew, and at one that has forgotten it.
import { closeSync, openSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { type DaemonEvent, localEventTypes, type RegisteredAgainData, type TracimDaemonClient } from 'isock/tracim'
import { Registration, type RegistrationOptions, socketAt } from '../../lib/tracim/registration.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { sendRaw, TracimWorld } from './tracim-world.ts'

const comment = { event_id: 3, event_type: 'content.created.comment', read: null, created: '', fields: { text: 'hi' } }
const often = { lookEveryMs: 10 }

describe('a registration is kept', () => {
  let world: TracimWorld

  beforeEach(() => {
    world = new TracimWorld()
  })

  afterEach(() => world.close())

  const reasonsOf = (client: TracimDaemonClient): string[] => {
    const reasons: string[] = []
    client.on(localEventTypes.registeredAgain, ({ data }: DaemonEvent) =>
      reasons.push((data as RegisteredAgainData).reason),
    )
    return reasons
  }

  describe('by the client', () => {
    it('at a daemon that came anew, of which it tells', async () => {
      let daemon = await world.daemon({ userId: '1' })
      const client = await world.client('client', often)
      const reasons = reasonsOf(client)
      await client.registerToMaster()
      const reader = client.events()
      for (const userId of ['2', '3']) {
        await daemon.close()
        const next = await world.daemon({ userId })
        daemon = next
        await waitFor(() => next.clients.length === 1 && client.userId === userId)
        const seen = new Promise((resolve) => client.on('content.created.comment', resolve))
        next.publish(comment)
        await seen
      }
      expect(reasons).to.deep.equal(['restarted', 'restarted'])
      const types: string[] = []
      while (types.filter((type) => type === localEventTypes.registeredAgain).length < 2)
        types.push((await reader.next()).value?.type as string)
    })

    it('at one that has forgotten it, and pings no more', async () => {
      const daemon = await world.daemon()
      const client = await world.client('client', { ...often, pingSilenceMs: 50 })
      const reasons = reasonsOf(client)
      await client.registerToMaster()
      const { clientSocketPath: path } = client
      await sendRaw(world.masterPath, JSON.stringify({ type: 'daemon_client_delete', path, data: null }))
      await waitFor(() => reasons.length === 1)
      expect([reasons, daemon.clients.map((each) => each.path)]).to.deep.equal([['forgotten'], [path]])
    })

    it('without a word where it is known all the time', async () => {
      const daemon = await world.daemon()
      const client = await world.client('client', { ...often, pingSilenceMs: 20 })
      const reasons = reasonsOf(client)
      let added = 0
      client.on('daemon_client_added', () => ++added)
      let asked = 0
      client.on('daemon_clients', () => ++asked)
      await client.registerToMaster()
      await waitFor(() => asked === 3)
      expect([added, reasons.length, daemon.clients.length]).to.deep.equal([1, 0, 1])
    })

    it('until it unregisters, or is closed; and not where that is turned off', async () => {
      const first = await world.daemon()
      const clock = new VirtualClock()
      const off = await world.client('off', { clock, keepRegistered: false })
      const left = await world.client('left', { clock })
      const kept = await world.client('kept', { clock })
      for (const each of [off, left, kept]) await each.registerToMaster()
      await left.unregisterFromMaster()
      await waitFor(() => clock.pendingCount === 1, { what: 'only one that looks' })
      await first.close()
      const second = await world.daemon()
      await clock.advance(1_000)
      await waitFor(() => second.clients.length > 0)
      await clock.advance(60_000)
      expect(second.clients.map(({ path }) => path)).to.deep.equal([kept.clientSocketPath])
      await kept.close()
      await waitFor(() => clock.pendingCount === 0)
    })

    it('and its close ends the attempts at once', async () => {
      const clock = new VirtualClock()
      const daemon = await world.daemon()
      const client = await world.client('client', { clock })
      await client.registerToMaster()
      await daemon.close()
      // It takes what is sent, and answers nothing.
      const mute = await world.rawClient('master.sock')
      await clock.advance(1_000)
      await waitFor(() => mute.types().includes('daemon_client_add'))
      // No time passes for it.
      await client.close()
      await waitFor(() => mute.types().includes('daemon_client_delete'))
      expect([clock.pendingCount, mute.types()]).to.deep.equal([0, ['daemon_client_add', 'daemon_client_delete']])
    })
  })

  describe('by itself', () => {
    const keep = (clock: VirtualClock, options: Partial<RegistrationOptions> = {}): Registration =>
      new Registration({
        masterSocketPath: world.masterPath,
        lookEveryMs: 1_000,
        pingSilenceMs: 150_000,
        log: world.log,
        clock,
        random: () => 1,
        register: () => Promise.resolve(),
        isKnown: () => Promise.resolve(true),
        onRegisteredAgain: () => undefined,
        ...options,
      })

    it('with waits that grow, up to a bound', async () => {
      const clock = new VirtualClock()
      const mute = await world.rawClient('master.sock')
      const atMs: number[] = []
      let isTaken = false
      let isTold = false
      const kept = keep(clock, {
        register: () => {
          atMs.push(clock.now())
          return isTaken ? Promise.resolve() : Promise.reject(new Error('not yet'))
        },
        onRegisteredAgain: () => {
          isTold = true
        },
      })
      kept.begin('another socket')
      await clock.advance(30_000)
      const waits = atMs.slice(1).map((at, i) => at - (atMs[i] as number))
      expect(waits.slice(0, 9)).to.deep.equal([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000])
      isTaken = true
      await clock.advance(5_000)
      const { length } = atMs
      await clock.advance(100_000)
      expect([isTold, atMs.length]).to.deep.equal([true, length])
      await kept.end()
      await mute.close()
    })

    it('waits while there is no daemon, and is not moved by a silence that cannot be explained', async () => {
      const clock = new VirtualClock()
      let asked = 0
      let registered = 0
      const kept = keep(clock, {
        register: async () => void ++registered,
        isKnown: () => {
          asked++
          return Promise.reject(new Error('no answer'))
        },
      })
      kept.begin('the socket of one that is gone')
      await clock.advance(600_000)
      expect([asked, registered]).to.deep.equal([0, 0])
      closeSync(openSync(world.masterPath, 'w'))
      await clock.advance(600_000)
      expect(registered, 'a file is no daemon').to.equal(0)
      rmSync(world.masterPath)
      const mute = await world.rawClient('master.sock')
      await clock.advance(1_000)
      expect(registered).to.equal(1)
      await clock.advance(320_000)
      expect([asked, registered]).to.deep.equal([2, 1])
      kept.heard()
      await clock.advance(149_000)
      expect(asked).to.equal(2)
      await kept.end()
      expect(clock.pendingCount).to.equal(0)
      await mute.close()
    })

    it('tells two sockets apart that have the number of one file', async () => {
      const link = world.path('link')
      symlinkSync(world.masterPath, link)
      const listenOnce = async (): Promise<string | undefined> => {
        const server = createServer()
        await new Promise<void>((resolve) => server.listen(world.masterPath, resolve))
        const socket = socketAt(world.masterPath)
        expect(socketAt(link), 'by a link to it').to.equal(socket)
        await new Promise((resolve) => server.close(resolve))
        return socket
      }
      const first = await listenOnce()
      expect(first).to.be.a('string')
      expect(socketAt(world.masterPath)).to.equal(undefined)
      // The time of a file goes on by some milliseconds at once.
      await waitFor(async () => (await listenOnce()) !== first)
    })
  })
})
