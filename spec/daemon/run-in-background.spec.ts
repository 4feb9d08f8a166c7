// Starting daemons, from this process and others, and what is told when that fails.

import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Client, type IsockError } from 'isock'
import { type BackgroundOptions, findDaemon, listDaemons, runInBackground, Shutdown } from 'isock/daemon'
import { isRunning } from '../../lib/daemon/process-identity.ts'
import { longIt } from '../setup/long.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'
import { CompiledIsock } from './compiled-isock.ts'
import { DaemonWorld } from './daemon-world.ts'

const rejection = (promise: PromiseLike<unknown>): Promise<IsockError> =>
  Promise.resolve(promise).then(
    () => Promise.reject(new Error('it did not reject')),
    (error) => error as IsockError,
  )

describe('runInBackground', function () {
  this.timeout(120_000)
  let isock: CompiledIsock
  let world: DaemonWorld

  before(async () => {
    isock = await CompiledIsock.make()
  })

  beforeEach(() => {
    world = new DaemonWorld(isock)
  })

  afterEach(() => world.close())

  longIt('resolves when the daemon listens, and gives its pid and address', async () => {
    const daemon = await world.start({ name: 'app' })
    expect(daemon.name).to.equal('app')
    expect(daemon.pid).to.not.equal(process.pid)
    expect(daemon.address).to.match(/^tcp:\/\/127\.0\.0\.1:\d+$/)
    await using client = new Client(daemon.address)
    expect(await client.runAction('Pid')).to.equal(daemon.pid)
    expect(await client.runAction('fromSetup')).to.equal('set up')
    expect(await daemon.status()).to.include({ state: 'running', pid: daemon.pid, calls: 2, sessions: 1 })
    const state = world.stateOf('app')
    await daemon.stop()
    expect(isRunning(state)).to.equal(false)
    expect(await daemon.status()).to.deep.equal({ state: 'stopped', name: 'app' })
    expect(existsSync(world.file('control.sock', 'app'))).to.equal(false)
    expect(listDaemons({ stateDir: world.stateDir }).map(({ name }) => name)).to.deep.equal(['app'])
    expect(findDaemon('other', { stateDir: world.stateDir })).to.equal(undefined)
    expect((await rejection(daemon.stop())).code).to.equal('NOT_RUNNING')
  })

  longIt('lets running calls finish when it is stopped, for as long as it is told', async () => {
    const daemon = await world.start()
    await using client = new Client(daemon.address)
    const call = client.runAction('Slow', 300)
    await waitFor(async () => {
      const status = await daemon.status()
      return status.state === 'running' && status.calls === 1
    })
    await daemon.stop({ graceMs: 5_000 })
    expect(await call).to.equal(daemon.pid)
  })

  longIt('listens at a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isock-path-'))
    const path = join(folder, 'app.sock')
    const daemon = await world.start({ path })
    expect(daemon.addresses).to.deep.equal([`unix:${path}`])
    await using client = new Client(daemon.address)
    expect(await client.runAction('Pid')).to.equal(daemon.pid)
    await client.close()
    await daemon.stop()
    expect(readdirSync(folder)).to.deep.equal([])
    rmSync(folder, { recursive: true, maxRetries: 20 })
  })

  describe('rejects, and leaves nothing behind,', () => {
    const failing: [string, string, Partial<BackgroundOptions>, string, RegExp][] = [
      ['when a module throws', 'broken', {}, 'MODULE_FAILED', /RangeError: broken on purpose/],
      ['when the process ends', 'exits', {}, 'START_FAILED', /ended with exit code 3/],
      ['when it takes too long', 'hangs', { startTimeoutMs: 1_000 }, 'START_FAILED', /did not listen within 1000 ms/],
    ]
    for (const [when, module, options, code, message] of failing) {
      longIt(when, async () => {
        const error = await rejection(world.start({ ...options, module: isock.module(module) }))
        expect(error.code).to.equal(code)
        expect(error.message).to.match(message)
        expect(existsSync(world.file('state.json'))).to.equal(false)
        expect((await world.find().status()).state).to.equal('stopped')
      })
    }

    it('when the port is taken', async () => {
      const other = createServer().listen(0, '127.0.0.1')
      await once(other, 'listening')
      const { port } = other.address() as { port: number }
      const error = await rejection(world.start({ port }))
      other.close()
      expect(error.code).to.equal('ADDRESS_IN_USE')
      expect(error.message).to.include(`tcp://127.0.0.1:${port} is in use`)
    })
  })

  it('refuses wrong options before it starts anything', async () => {
    const open = join(world.stateDir, 'token')
    writeFileSync(open, 'a token that others can read', { mode: 0o644 })
    const wrong: [string, object][] = [
      ['module', { module: [] }],
      ['module', { module: 7 }],
      ['there is no module', { module: 'nowhere.js' }],
      ['name', { name: '../up' }],
      ['name', { name: '' }],
      ['port', { port: 70_000 }],
      ['logLevel', { logLevel: 'loud' }],
      ['logFiles', { logFiles: 0 }],
      ['logMaxBytes', { logMaxBytes: -1 }],
      ['graceMs', { graceMs: -1 }],
      ['startTimeoutMs', { startTimeoutMs: 0 }],
      ['logMaxBytes', { logMaxBytes: Number.POSITIVE_INFINITY }],
      ['graceMs', { graceMs: Number.POSITIVE_INFINITY }],
      ['graceMs', { graceMs: 2 ** 31 }],
      ['startTimeoutMs', { startTimeoutMs: Number.POSITIVE_INFINITY }],
      ['startTimeoutMs', { startTimeoutMs: 2 ** 31 }],
      ['token', { token: 'short' }],
      ['secret file', { tokenFile: open }],
    ]
    for (const [what, options] of wrong) {
      const all = { module: isock.module('work'), stateDir: world.stateDir, ...options } as BackgroundOptions
      const error = await rejection(runInBackground(all))
      expect(error.code, what).to.equal('INVALID_OPTION')
      expect(error.message).to.include(what)
    }
    expect(listDaemons({ stateDir: world.stateDir })).to.deep.equal([])
  })

  longIt('starts one daemon of a name, and gives that one to who may reuse it', async () => {
    const first = await world.start({ name: 'one' })
    const error = await rejection(world.start({ name: 'one' }))
    expect(error.code).to.equal('ALREADY_RUNNING')
    expect(error.message).to.include(`is already running as process ${first.pid}, at ${first.address}`)
    const again = await world.start({ name: 'one', reuse: true })
    expect([again.pid, again.address]).to.deep.equal([first.pid, first.address])
  })

  longIt('starts one daemon when 50 starts come at once, from five processes', async () => {
    const starters = Array.from({ length: 5 }, () => world.starter({ count: 10, reuse: true }))
    await Promise.all(starters.map((starter) => starter.printed(/^done$/m, 'stdout', 25_000)))
    world.remember()
    const lines = starters.flatMap(({ stdout }) => stdout.trim().split('\n')).filter((line) => line !== 'done')
    expect(lines).to.have.length(50)
    expect(new Set(lines)).to.deep.equal(new Set([`started ${world.stateOf().pid}`]))
    const starts = readFileSync(world.file('daemon.log'), 'utf8').match(/"msg":"started"/g)
    expect(starts).to.have.length(1)
  })

  longIt('makes a process that outlives the one that started it, killed though it was', async () => {
    const starter = world.starter()
    const [, pid] = await starter.printed(/^started (\d+)$/m)
    const state = world.remember()
    starter.kill('SIGKILL')
    await starter.ended
    await using client = new Client(state.addresses[0] as string)
    expect(await client.runAction('Pid')).to.equal(Number(pid))
  })

  longIt('with exitWithParent, makes one that ends with it, also when it was replaced meanwhile', async () => {
    const starter = world.starter({ exitWithParent: true })
    await starter.printed(/^started/m)
    const first = world.remember()
    await world.find().restart()
    await world.gone(first)
    const second = await waitFor(() => {
      const state = world.remember()
      return state.pid !== first.pid && state
    })
    expect(isRunning(second)).to.equal(true)
    starter.kill('SIGKILL')
    await starter.ended
    await world.gone(second)
    await waitFor(() => !existsSync(world.file('state.json')))
  })

  longIt('keeps a token out of the command line, the state file and the log', async function () {
    if (process.platform !== 'linux') skip(this, 'the command line of a process is read from /proc')
    const token = 'a secret of this spec'
    const daemon = await world.start({ token, logLevel: 'TRACE' })
    await using client = new Client(daemon.address, { token })
    expect(await client.runAction('Pid')).to.equal(daemon.pid)
    await using stranger = new Client(daemon.address, { token: 'another secret', retry: 0 })
    expect((await rejection(stranger.runAction('Pid'))).code).to.equal('UNAUTHENTICATED')
    for (const file of [
      `/proc/${daemon.pid}/cmdline`,
      `/proc/${daemon.pid}/environ`,
      world.file('state.json'),
      world.file('daemon.log'),
    ]) {
      expect(readFileSync(file, 'utf8'), file).to.not.include('secret')
    }
    await daemon.restart()
    expect(await client.runAction('Pid'), 'the successor has the token').to.equal(daemon.pid)
    expect(readFileSync(world.file('state.json'), 'utf8')).to.not.include('secret')
  })

  longIt('lets clients end it that showed a token, and no others', async () => {
    const token = 'a secret of this spec'
    const [open, guarded] = [await world.start({ name: 'open' }), await world.start({ name: 'guarded', token })]
    const state = world.stateOf('guarded')
    await using stranger = new Client(open.address)
    const refusal = await rejection(stranger.runAction(Shutdown))
    expect([refusal.code, refusal.notStarted]).to.deep.equal(['NOT_ALLOWED', true])
    await using client = new Client(guarded.address, { token })
    for (const data of [{ graceMs: 'now' }, { graceMs: -1 }, { graceMs: {} }, { graceMs: Number.POSITIVE_INFINITY }]) {
      expect((await rejection(client.runAction('isock.shutdown', data))).code).to.equal('BAD_REQUEST')
    }
    await client.runAction(Shutdown, { graceMs: 1_000 })
    await world.gone(state)
    expect((await open.status()).state).to.equal('running')
  })
  longIt('leaves no process behind when the one that starts it ends before it listens', async () => {
    const starter = world.starter({ module: isock.module('hangs') })
    await waitFor(
      async () => existsSync(world.file('control.sock')) && (await world.find().status()).state === 'starting',
      {
        timeoutMs: 8_000,
      },
    )
    starter.kill('SIGKILL')
    await starter.ended
    await waitFor(async () => (await world.find().status()).state === 'stopped', { timeoutMs: 8_000 })
    expect(existsSync(world.file('control.sock'))).to.equal(false)
    expect((await world.start()).pid).to.be.greaterThan(0)
  })
})
