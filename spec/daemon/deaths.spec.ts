// Daemons that were killed, stopped or restarted with their machine, and what a start or stop makes of what they left.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { Client, type IsockError } from 'isock'
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

describe('a daemon that dies', function () {
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

  longIt('by SIGKILL is told from one that was stopped, and started again as it was', async () => {
    const daemon = await world.start({ graceMs: 1_234 })
    const state = world.stateOf()
    process.kill(daemon.pid, 'SIGKILL')
    await world.gone(state)
    expect(await daemon.status()).to.deep.equal({ state: 'crashed', name: 'default', pid: state.pid })
    const error = await rejection(daemon.stop())
    expect([error.code, error.message.includes('it has crashed')]).to.deep.equal(['NOT_RUNNING', true])
    expect(existsSync(world.file('control.sock')), 'a stale socket is there').to.equal(true)
    await daemon.restart()
    expect(daemon.pid).to.not.equal(state.pid)
    expect(world.remember().settings).to.deep.equal(state.settings)
    expect((await daemon.status()).state).to.equal('running')
  })

  longIt('by SIGKILL leaves nothing that a new start minds', async () => {
    const first = await world.start()
    const state = world.stateOf()
    process.kill(first.pid, 'SIGKILL')
    await world.gone(state)
    const second = await world.start()
    await using client = new Client(second.address)
    expect(await client.runAction('Pid')).to.equal(second.pid)
  })

  longIt('by an error of its code says so in its log', async () => {
    const daemon = await world.start()
    const state = world.stateOf()
    await using client = new Client(daemon.address, { retry: 0 })
    await Promise.resolve(client.runAction('Crash')).catch(() => undefined)
    await client.close()
    await world.gone(state)
    expect((await daemon.status()).state).to.equal('crashed')
    const lines: string[] = []
    for await (const line of daemon.logs()) lines.push(line)
    const last = JSON.parse(lines.at(-1) as string)
    expect([last.level, last.err.message]).to.deep.equal(['fatal', 'crashed on purpose'])
  })

  longIt('with its machine is replaced, whoever has its pid now, and a lock that is left falls', async () => {
    const daemon = await world.start()
    const state = world.stateOf()
    process.kill(daemon.pid, 'SIGKILL')
    await world.gone(state)
    // The same pid and start time, after another boot.
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1e6)'], { stdio: 'ignore' })
    const died = once(stranger, 'exit')
    try {
      world.forgeState({ pid: stranger.pid as number, bootId: '00000000-0000-0000-0000-000000000000' })
      mkdirSync(world.file('lock'))
      utimesSync(world.file('lock'), 1, 1)
      expect((await rejection(daemon.stop())).code).to.equal('NOT_RUNNING')
      expect((await daemon.status()).state).to.equal('crashed')
      const next = await world.start()
      expect((await next.status()).state).to.equal('running')
      expect(stranger.exitCode ?? stranger.signalCode, 'the stranger lives').to.equal(null)
    } finally {
      stranger.kill('SIGKILL')
      await died
    }
  })

  longIt('and whose pid another process got since is not taken for that one', async function () {
    if (process.platform !== 'linux') skip(this, 'start times are read from /proc')
    const daemon = await world.start()
    const state = world.stateOf()
    process.kill(daemon.pid, 'SIGKILL')
    await world.gone(state)
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1e6)'], { stdio: 'ignore' })
    const died = once(stranger, 'exit')
    try {
      world.forgeState({ pid: stranger.pid as number })
      expect((await rejection(daemon.stop({ graceMs: 0 }))).code).to.equal('NOT_RUNNING')
      await world.start()
      expect(stranger.exitCode ?? stranger.signalCode).to.equal(null)
    } finally {
      stranger.kill('SIGKILL')
      await died
    }
  })

  longIt("is not replaced where nobody knows whether its pid is another one's, until its user says so", async () => {
    const daemon = await world.start()
    const state = world.stateOf()
    process.kill(daemon.pid, 'SIGKILL')
    await world.gone(state)
    world.forgeState({ pid: process.pid, startTime: undefined, bootId: undefined } as never)
    const file = world.file('state.json')
    const errors = await Promise.all([daemon.stop(), daemon.restart(), world.start()].map(rejection))
    for (const { code, message } of errors) {
      expect(code).to.equal('NO_RESPONSE')
      expect(message).to.include(`process ${process.pid} may be stopped`)
      expect(message.endsWith(`; if that is now another program, remove ${file}`), message).to.equal(true)
    }
    rmSync(file)
    await world.start()
  })

  longIt('not in time is not killed where nobody knows whether its pid still is its own', async () => {
    const daemon = await world.start({ module: [isock.module('work'), isock.module('stubborn')] })
    const state = world.stateOf()
    world.forgeState({ startTime: undefined, bootId: undefined } as never)
    const error = await rejection(daemon.stop({ graceMs: 0 }))
    expect(error.code).to.equal('NO_RESPONSE')
    expect(error.message).to.include('is not killed, because this system cannot tell')
    expect(isRunning(state)).to.equal(true)
  })

  longIt('not, but is stopped by SIGSTOP, is neither replaced nor signalled', async () => {
    const daemon = await world.start()
    const state = world.stateOf()
    process.kill(daemon.pid, 'SIGSTOP')
    const [status, ...errors] = await Promise.all([
      daemon.status(),
      rejection(world.start()),
      rejection(world.start({ reuse: true })),
      rejection(daemon.stop({ graceMs: 0 })),
      rejection(daemon.restart()),
    ])
    expect(status).to.deep.equal({ state: 'silent', name: 'default', pid: daemon.pid })
    expect(errors.map(({ code }) => code)).to.deep.equal(Array(4).fill('NO_RESPONSE'))
    expect(errors[0]?.message).to.include(`process ${daemon.pid} may be stopped (kill -CONT)`)
    expect(isRunning(state)).to.equal(true)
    process.kill(daemon.pid, 'SIGCONT')
    await waitFor(async () => (await daemon.status()).state === 'running', { timeoutMs: 5_000 })
    await daemon.stop()
  })

  longIt('not, but has more callers in line than it may have, is silent, and is not replaced', async function () {
    if (process.platform !== 'linux') skip(this, 'elsewhere a line that is full keeps callers waiting')
    const daemon = await world.start()
    process.kill(daemon.pid, 'SIGSTOP')
    const sockets: Socket[] = []
    let isFull = false
    try {
      // The system refuses those that are more than the line may have, with EAGAIN.
      while (!isFull && sockets.length < 5_000) {
        const socket = connect({ path: world.file('control.sock') })
        socket.on('error', () => {
          isFull = true
        })
        sockets.push(socket)
        await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()))
      }
      expect(isFull).to.equal(true)
      expect((await daemon.status()).state).to.equal('silent')
      expect((await rejection(world.start())).code).to.equal('NO_RESPONSE')
    } finally {
      for (const socket of sockets) socket.destroy()
      process.kill(daemon.pid, 'SIGCONT')
    }
  })

  longIt('not when it is asked is killed, as it has confirmed that it is the one', async () => {
    const daemon = await world.start({ module: [isock.module('work'), isock.module('stubborn')] })
    const state = world.stateOf()
    await daemon.stop({ graceMs: 0 })
    expect(isRunning(state)).to.equal(false)
  })

  longIt('not when another one was meant, nor of a request that cannot be read', async () => {
    const daemon = await world.start()
    await using control = new Client(`unix:${world.file('control.sock')}`, { retry: 0 })
    const { nonce } = world.stateOf()
    const requests = [
      undefined,
      null,
      7,
      'x',
      {},
      { nonce: '' },
      { nonce: 7 },
      { nonce: 'another' },
      { nonce: [nonce] },
    ]
    for (const request of requests) {
      for (const action of ['daemon.stop', 'daemon.handOver']) {
        const error = await rejection(control.runAction(action, request))
        expect(error.code, `${action} ${JSON.stringify(request)}`).to.equal('BAD_REQUEST')
      }
    }
    for (const graceMs of ['soon', -1, 0.5, {}, Number.POSITIVE_INFINITY, 2 ** 31]) {
      expect((await rejection(control.runAction('daemon.stop', { nonce, graceMs }))).code).to.equal('BAD_REQUEST')
    }
    expect((await rejection(daemon.stop({ graceMs: Number.POSITIVE_INFINITY }))).code).to.equal('INVALID_OPTION')
    expect((await daemon.status()).state).to.equal('running')
  })

  longIt('not of a state file that was damaged', async () => {
    const daemon = await world.start()
    world.remember()
    for (const text of ['', '{', 'null', '7', '{"version":1}', '{"version":1,"pid":-1}']) {
      writeFileSync(world.file('state.json'), text)
      expect((await daemon.status()).state, text).to.equal('running')
    }
    expect((await rejection(world.start())).code).to.equal('ALREADY_RUNNING')
    await daemon.stop()
  })

  longIt('is not started again by a state file that no daemon has written', async () => {
    const daemon = await world.start()
    const state = world.stateOf()
    process.kill(daemon.pid, 'SIGKILL')
    await world.gone(state)
    // null is what JSON makes of Infinity.
    const wrong = [
      { graceMs: null },
      { startTimeoutMs: 2 ** 31 },
      { logMaxBytes: 0 },
      { modules: [7] },
      { cwd: 7 },
      { tlsKey: 7 },
    ]
    for (const each of wrong) {
      world.forgeState({ settings: { ...state.settings, ...each } as never })
      expect((await rejection(daemon.restart())).code, JSON.stringify(each)).to.equal('NOT_RUNNING')
    }
    world.forgeState({ settings: state.settings })
    await daemon.restart()
    world.remember()
  })

  longIt('not of a full disk', async function () {
    if (!existsSync('/dev/full')) skip(this, 'there is no /dev/full')
    const daemon = await world.start({ logFile: '/dev/full' })
    await using client = new Client(daemon.address)
    for (let i = 0; i < 20; i++) await client.runAction('Print', 'x'.repeat(10_000))
    expect(await client.runAction('Pid')).to.equal(daemon.pid)
    expect((await daemon.status()).state).to.equal('running')
    await daemon.stop()
  })

  longIt('not of what its modules print, which is logged', async () => {
    const daemon = await world.start()
    await using client = new Client(daemon.address)
    await client.runAction('Print', 'two\nlines \u001b[2J \u009b2J')
    await daemon.stop()
    const text = readFileSync(world.file('daemon.log'), 'utf8')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(text).to.not.match(/[\0-\x09\x0b-\x1f\x7f-\x9f]/)
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { stream?: string; msg: string })
    const printed = lines.filter(({ stream }) => stream === 'stdout').map(({ msg }) => msg)
    expect(printed).to.deep.equal(['two', 'lines \u001b[2J \u009b2J'])
  })
})
