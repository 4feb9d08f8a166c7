// A daemon that crashed is started again: by one of many that want it, with its token or not at all.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Client, type IsockError } from 'isock'
import type { BackgroundOptions, Daemon } from 'isock/daemon'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { CompiledIsock } from './compiled-isock.ts'
import { DaemonWorld } from './daemon-world.ts'

const token = 'a secret of this spec'

const rejection = (promise: PromiseLike<unknown>): Promise<IsockError> =>
  Promise.resolve(promise).then(
    () => Promise.reject(new Error('it did not reject')),
    (error) => error as IsockError,
  )

describe('a daemon that crashed', function () {
  this.timeout(120_000)
  let isock: CompiledIsock
  let world: DaemonWorld

  before(async () => {
    isock = await CompiledIsock.make()
  })

  beforeEach(() => {
    world = new DaemonWorld(isock)
  })

  afterEach(async () => {
    delete process.env['ISOCK_TOKEN']
    await world.close()
  })

  const crashed = async (options: Partial<BackgroundOptions> = {}): Promise<Daemon> => {
    const daemon = await world.start(options)
    await crash(daemon)
    return daemon
  }

  const crash = async (daemon: Daemon): Promise<void> => {
    const state = world.stateOf()
    process.kill(daemon.pid, 'SIGKILL')
    await world.gone(state)
  }

  const expectGuarded = async (daemon: Daemon): Promise<void> => {
    await using stranger = new Client(daemon.address, { token: 'another secret', retry: 0 })
    expect((await rejection(stranger.runAction('Pid'))).code).to.equal('UNAUTHENTICATED')
    await using client = new Client(daemon.address, { token })
    expect(await client.runAction('Pid')).to.equal(daemon.pid)
    expect(readFileSync(world.file('state.json'), 'utf8')).to.not.include('secret')
  }

  longIt('and had its token from ISOCK_TOKEN does not come back without one', async () => {
    process.env['ISOCK_TOKEN'] = token
    const daemon = await crashed()
    expect(world.stateOf().tokenOrigin).to.equal('environment')
    delete process.env['ISOCK_TOKEN']
    const error = await rejection(daemon.restart())
    expect(error.code).to.equal('NOT_RUNNING')
    expect(error.message).to.include('its token came from ISOCK_TOKEN, which is not set here')
    expect((await daemon.status()).state).to.equal('crashed')
    const command = await world.command('restart').ended
    expect([command.code, command.stderr.includes('ISOCK_TOKEN')]).to.deep.equal([3, true])
    process.env['ISOCK_TOKEN'] = token
    await daemon.restart()
    world.remember()
    await expectGuarded(daemon)
    delete process.env['ISOCK_TOKEN']
    // One that runs has it still.
    const before = world.stateOf()
    await daemon.restart()
    await world.gone(before)
    await expectGuarded(daemon)
    expect(world.remember().tokenOrigin).to.equal('environment')
  })

  longIt('and was given its token has to be given it again, and takes no other for it', async () => {
    const daemon = await crashed({ token })
    process.env['ISOCK_TOKEN'] = 'for another server'
    expect((await rejection(daemon.restart())).message).to.include('restart({ token })')
    expect((await rejection(daemon.restart({ token: 'short' }))).code).to.equal('INVALID_OPTION')
    await daemon.restart({ token })
    expect(world.remember().tokenOrigin).to.equal('option')
    await expectGuarded(daemon)
  })

  longIt('and had its token from a file has it again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isock-again-'))
    try {
      const tokenFile = join(folder, 'token')
      writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 })
      const daemon = await crashed({ tokenFile })
      await daemon.restart()
      expect(world.remember().tokenOrigin).to.equal('file')
      await expectGuarded(daemon)
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 20 })
    }
  })

  longIt('is started again once, however many want it at once', async () => {
    const daemon = await crashed()
    const { pid: first } = daemon
    const all = await Promise.all(Array.from({ length: 5 }, () => world.find().restart()))
    expect(new Set(all.map(({ pid }) => pid)).size).to.equal(1)
    expect(world.remember().pid).to.equal(all[0]?.pid)
    expect((await daemon.status()).state).to.equal('running')
    // The first was killed, perhaps before its line was on the disk.
    const pids = (): number[] =>
      readFileSync(world.file('daemon.log'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { msg: string; pid: number })
        .flatMap(({ msg, pid }) => (msg === 'started' && pid !== first ? pid : []))
    await waitFor(() => pids().length > 0)
    expect(pids()).to.deep.equal([all[0]?.pid])
  })

  longIt('stays one that crashed when it cannot be started again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isock-again-'))
    try {
      const module = join(folder, 'changing.mjs')
      writeFileSync(module, 'export const fine = true')
      const daemon = await crashed({ module: [isock.module('work'), module] })
      writeFileSync(module, 'throw new TypeError("not any more")')
      expect((await rejection(daemon.restart())).code).to.equal('MODULE_FAILED')
      expect((await daemon.status()).state).to.equal('crashed')
      expect(existsSync(world.file('state.json'))).to.equal(true)
      writeFileSync(module, 'export const fine = true')
      await daemon.restart()
      world.remember()
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 20 })
    }
  })

  longIt('and was to end with its starter does not end with the command that starts it again', async () => {
    const starter = world.starter({ exitWithParent: true })
    await starter.printed(/^started/m)
    const daemon = world.find()
    await daemon.status()
    await crash(daemon)
    expect(await world.command('restart').ended).to.include({ code: 0, stderr: '' })
    const state = world.remember()
    expect(state.settings.exitWithParent).to.equal(false)
    expect(await daemon.status()).to.include({ state: 'running', pid: state.pid })
  })
})
