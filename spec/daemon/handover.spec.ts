// A daemon is replaced while it is in use: no call fails, and the old process finishes what it began.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Client, type IsockError } from 'isock'
import type { BackgroundOptions } from 'isock/daemon'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { CompiledIsock } from './compiled-isock.ts'
import { DaemonWorld } from './daemon-world.ts'

const callers = 16
const restarts = 3

describe('a restart', function () {
  this.timeout(120_000)
  let isock: CompiledIsock
  let world: DaemonWorld
  let folder: string

  before(async () => {
    isock = await CompiledIsock.make()
  })

  beforeEach(() => {
    world = new DaemonWorld(isock)
    folder = mkdtempSync(join(tmpdir(), 'isock-handover-'))
  })

  afterEach(async () => {
    await world.close()
    rmSync(folder, { recursive: true, maxRetries: 20 })
  })

  const places: [string, (folder: string) => Partial<BackgroundOptions>][] = [
    ['TCP', () => ({})],
    ['a Unix socket', (at) => ({ path: join(at, 'app.sock') })],
    ['both', (at) => ({ port: 0, path: join(at, 'app.sock') })],
  ]
  for (const [where, options] of places) {
    longIt(`fails no call under load, over ${where}`, async () => {
      const daemon = await world.start(options(folder))
      const clients = daemon.addresses.map((address) => new Client(address))
      const answers = new Map<number, number>()
      const failures: string[] = []
      let isOver = false
      const keepCalling = async (client: Client): Promise<void> => {
        while (!isOver) {
          try {
            const pid = await client.runAction<number>('Pid')
            answers.set(pid, (answers.get(pid) ?? 0) + 1)
          } catch (error) {
            failures.push(String(error))
          }
        }
      }
      const load = clients.flatMap((client) => Array.from({ length: callers }, () => keepCalling(client)))
      const pids = [daemon.pid]
      await waitFor(() => answers.has(daemon.pid))
      for (let i = 0; i < restarts; i++) {
        const before = world.stateOf()
        await daemon.restart()
        pids.push(daemon.pid)
        await waitFor(() => answers.has(daemon.pid), { timeoutMs: 8_000, what: `an answer of restart ${i + 1}` })
        await world.gone(before)
        world.remember()
      }
      isOver = true
      await Promise.all(load)
      await Promise.all(clients.map((client) => client.close()))
      expect(failures).to.deep.equal([])
      expect([...answers.keys()].sort()).to.deep.equal([...pids].sort())
      await daemon.stop()
    })

    longIt(`takes new clients at the same place afterwards, over ${where}`, async () => {
      const daemon = await world.start(options(folder))
      const { addresses } = daemon
      for (let i = 0; i < 2; i++) {
        const before = world.stateOf()
        await daemon.restart()
        await world.gone(before)
      }
      await waitFor(() => world.remember().pid === daemon.pid)
      expect((await daemon.status()).state).to.equal('running')
      expect(daemon.addresses).to.deep.equal(addresses)
      for (const address of addresses) {
        await using client = new Client(address)
        expect(await client.runAction('Pid')).to.equal(daemon.pid)
      }
    })
  }

  longIt('is refused where it would lose a store in memory that is saved', async () => {
    process.env['SPEC_STORE'] = folder
    try {
      const daemon = await world.start({ module: isock.module('saved-store') })
      const { pid } = daemon
      await using client = new Client(daemon.address)
      await client.runAction('Count', 'a')
      const error = await daemon.restart().then(
        () => expect.fail('it did not reject'),
        (reason: IsockError) => reason,
      )
      expect([error.code, error.message]).to.deep.equal([
        'NOT_ALLOWED',
        `a restart would lose the rows in memory that belong to ${folder}: stop this daemon, and start it again`,
      ])
      expect(await client.runAction('Count', 'a'), 'it goes on').to.equal(pid)
      await daemon.stop()
      const next = await world.start({ module: isock.module('saved-store') })
      await using nextClient = new Client(next.address)
      expect(await nextClient.runAction('Counted')).to.equal(2)
    } finally {
      delete process.env['SPEC_STORE']
    }
  })

  longIt('loses no change of a store in a file, which both processes write for a while', async () => {
    process.env['SPEC_STORE'] = join(folder, 'store.db')
    try {
      const daemon = await world.start({ module: isock.module('store') })
      await using client = new Client(daemon.address)
      const pids = new Set<number>()
      const failures: string[] = []
      let isOver = false
      let counted = 0
      const keepCounting = async (name: string): Promise<void> => {
        while (!isOver) {
          try {
            pids.add(await client.runAction<number>('Count', name))
            counted++
          } catch (error) {
            failures.push(String(error))
          }
        }
      }
      const load = ['a', 'b', 'c', 'a'].map(keepCounting)
      for (let i = 0; i < restarts; i++) {
        await waitFor(() => pids.has(daemon.pid), { timeoutMs: 8_000, what: `a call of process ${i}` })
        const before = world.stateOf()
        await daemon.restart()
        await world.gone(before)
        world.remember()
      }
      await waitFor(() => pids.has(daemon.pid), { timeoutMs: 8_000, what: 'a call of the last process' })
      isOver = true
      await Promise.all(load)
      expect(failures).to.deep.equal([])
      expect(pids.size).to.equal(restarts + 1)
      expect(await client.runAction('Counted')).to.equal(counted)
      await daemon.stop()
    } finally {
      delete process.env['SPEC_STORE']
    }
  })

  longIt('lets the old process finish a call that takes longer', async () => {
    const daemon = await world.start()
    const { pid: oldPid } = daemon
    await using client = new Client(daemon.address)
    const slow = client.runAction('Slow', 1_500)
    await waitFor(async () => {
      const status = await daemon.status()
      return status.state === 'running' && status.calls === 1
    })
    await daemon.restart()
    expect(await client.runAction('Pid')).to.equal(daemon.pid)
    expect(await slow).to.equal(oldPid)
  })

  longIt('that fails leaves the old process in place', async () => {
    const daemon = await world
      .start({ module: [isock.module('work'), join(folder, 'changing.mjs')] })
      .catch((error: IsockError) => error.code)
    expect(daemon).to.equal('INVALID_OPTION')
    const { writeFileSync } = await import('node:fs')
    const changing = join(folder, 'changing.mjs')
    writeFileSync(changing, 'export const fine = true')
    const good = await world.start({ module: [isock.module('work'), changing] })
    const { pid } = good
    writeFileSync(changing, 'throw new TypeError("not any more")')
    const error = await good.restart().then(
      () => undefined,
      (thrown) => thrown as IsockError,
    )
    expect(error?.code).to.equal('MODULE_FAILED')
    expect(error?.message).to.include('TypeError: not any more')
    await using client = new Client(good.address)
    expect(await client.runAction('Pid')).to.equal(pid)
    writeFileSync(changing, 'export const fine = true')
    await good.restart()
    expect(await client.runAction('Pid')).to.equal(good.pid)
    expect(good.pid).to.not.equal(pid)
  })

  longIt('that several ask for at once is done by one of them at a time', async () => {
    const daemon = await world.start()
    const before = world.stateOf()
    const outcomes = await Promise.allSettled([world.find().restart(), world.find().restart(), world.find().restart()])
    expect(outcomes.some(({ status }) => status === 'fulfilled')).to.equal(true)
    await world.gone(before)
    await waitFor(async () => (await daemon.status()).state === 'running')
    await using client = new Client(daemon.address)
    expect(await client.runAction('Pid')).to.equal(daemon.pid)
    world.remember()
  })
})
