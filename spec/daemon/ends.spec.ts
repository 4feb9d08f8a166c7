// Everything that ends a daemon ends its process too, and with it the successor that it was starting.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Client, type IsockError } from 'isock'
import { type Daemon, Shutdown } from 'isock/daemon'
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // What waits for its parent to look has ended.
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('the end of a daemon', function () {
  this.timeout(120_000)
  let isock: CompiledIsock
  let world: DaemonWorld
  let folder: string
  let changing: string

  before(async () => {
    isock = await CompiledIsock.make()
  })

  beforeEach(() => {
    world = new DaemonWorld(isock)
    folder = mkdtempSync(join(tmpdir(), 'isock-end-'))
    changing = join(folder, 'changing.mjs')
    writeFileSync(changing, 'export const fine = true')
  })

  afterEach(async () => {
    if (existsSync(join(folder, 'pid'))) {
      const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
      if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    }
    await world.close()
    rmSync(folder, { recursive: true, maxRetries: 20 })
  })

  const start = (): Promise<Daemon> =>
    world.start({
      token,
      module: [isock.module('work'), isock.module('ends'), changing],
      path: join(folder, 'app.sock'),
    })

  /** A restart whose new process has told its pid, and loads until the file `go` is there. */
  const beginRestart = async (daemon: Daemon): Promise<{ error: Promise<IsockError>; pid: number }> => {
    const pidFile = join(folder, 'pid')
    writeFileSync(
      changing,
      `import { existsSync, renameSync, writeFileSync } from 'node:fs'
      writeFileSync(${JSON.stringify(`${pidFile}.new`)}, String(process.pid))
      renameSync(${JSON.stringify(`${pidFile}.new`)}, ${JSON.stringify(pidFile)})
      while (!existsSync(${JSON.stringify(join(folder, 'go'))})) await new Promise((resolve) => setTimeout(resolve, 5))`,
    )
    const error = rejection(daemon.restart())
    await waitFor(() => existsSync(pidFile), { timeoutMs: 8_000, what: 'the new process' })
    return { error, pid: Number(readFileSync(pidFile, 'utf8')) }
  }

  const expectNothingLeft = async (daemon: Daemon): Promise<void> => {
    await waitFor(async () => (await daemon.status()).state === 'stopped', { timeoutMs: 8_000, what: 'its end' })
    for (const path of [world.file('control.sock'), world.file('state.json'), join(folder, 'app.sock')])
      expect(existsSync(path), path).to.equal(false)
  }

  const ends: [string, (daemon: Daemon, client: Client) => PromiseLike<void>][] = [
    ['SIGTERM', async ({ pid }) => void process.kill(pid, 'SIGTERM')],
    ['a stop', () => world.find().stop()],
    ['a client', (_, client) => client.runAction(Shutdown, {})],
  ]
  for (const [what, end] of ends) {
    longIt(`by ${what} while it is replaced takes the new process back`, async () => {
      const daemon = await start()
      const state = world.stateOf()
      await using client = new Client(daemon.address, { token })
      await client.connect()
      const { error, pid } = await beginRestart(daemon)
      expect(isAlive(pid)).to.equal(true)
      await end(daemon, client)
      expect((await error).code).to.equal('SHUTTING_DOWN')
      await world.gone(state)
      await waitFor(() => !isAlive(pid), { timeoutMs: 8_000, what: 'the end of the new process' })
      await expectNothingLeft(daemon)
    })
  }

  longIt('by SIGTERM to the new process, before that has the name, leaves nothing behind', async () => {
    const daemon = await start()
    const state = world.stateOf()
    const { error, pid } = await beginRestart(daemon)
    // The old one may have handed over, or not.
    const outcome = error.catch(() => undefined)
    process.kill(daemon.pid, 'SIGSTOP')
    try {
      writeFileSync(join(folder, 'go'), '')
      const isListening = new RegExp(`"pid":${pid},.*"msg":"listening"`)
      await waitFor(() => isListening.test(readFileSync(world.file('daemon.log'), 'utf8')), { timeoutMs: 8_000 })
      process.kill(pid, 'SIGTERM')
      const isStopping = new RegExp(`"pid":${pid},.*"msg":"shut down"`)
      await waitFor(() => isStopping.test(readFileSync(world.file('daemon.log'), 'utf8')), { timeoutMs: 8_000 })
    } finally {
      process.kill(daemon.pid, 'SIGCONT')
    }
    await outcome
    await world.gone(state)
    await waitFor(() => !isAlive(pid), { timeoutMs: 8_000 })
    await expectNothingLeft(daemon)
  })

  longIt('that has begun when the new process serves takes it back, and lets calls finish', async () => {
    const daemon = await start()
    const state = world.stateOf()
    await using client = new Client(daemon.address, { token, retry: 0 })
    await client.connect()
    const { error, pid } = await beginRestart(daemon)
    // Begun when the new process is there: however long that took, it lasts until the end has begun.
    const slow = client.runAction<number>('Slow', 3_000)
    await client.runAction('EndServer')
    await waitFor(async () => (await daemon.status()).state === 'stopping', { timeoutMs: 2_900 })
    writeFileSync(join(folder, 'go'), '')
    expect((await error).code).to.equal('SHUTTING_DOWN')
    await waitFor(() => !isAlive(pid), { timeoutMs: 8_000, what: 'the end of the new process' })
    expect(await slow).to.equal(daemon.pid)
    await client.close()
    await world.gone(state)
    await expectNothingLeft(daemon)
  })

  longIt('is the end, whenever in a restart it comes', async () => {
    for (let delayMs = 0; delayMs < 800; delayMs += 130) {
      const daemon = await world.start({ name: `after-${delayMs}`, path: join(folder, 'app.sock') })
      const first = world.remember(daemon.name)
      const restart = world
        .find(daemon.name)
        .restart()
        .catch(() => undefined)
      // Not a wait for something: the moments differ on purpose.
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      await world.find(daemon.name).stop()
      const restarted = await restart
      expect((await daemon.status()).state, `after ${delayMs} ms`).to.equal('stopped')
      await world.gone(first)
      if (restarted !== undefined) await waitFor(() => !isAlive(restarted.pid), { timeoutMs: 5_000 })
    }
  })

  longIt('of its server, by its own code, is the end of its process', async () => {
    const daemon = await start()
    const state = world.stateOf()
    await using client = new Client(daemon.address, { token })
    await client.runAction('EndServer')
    await client.close()
    await world.gone(state)
    await expectNothingLeft(daemon)
    await (await start()).stop()
  })

  longIt('of its server, by a client of its service, keeps to the grace of the daemon', async () => {
    const daemon = await world.start({ module: isock.module('ends'), graceMs: 4_321 })
    const state = world.stateOf()
    await using client = new Client(daemon.address)
    await client.runAction('isock.services.initialize', { service: 'Counter', args: 1 })
    await client.runAction('isock.services.terminate', { service: 'Counter', shutdown: true })
    await client.close()
    await world.gone(state)
    await expectNothingLeft(daemon)
    // The daemon ends the server, and not the other way round.
    expect(readFileSync(world.file('daemon.log'), 'utf8')).to.match(
      /"graceMs":4321,"msg":"stopping".*"msg":"shut down"/s,
    )
  })

  longIt('does not come early by a path that cannot be kept', async () => {
    const path = join(folder, 'app.sock')
    const daemon = await world.start({ port: 0, path })
    const first = world.stateOf()
    await using client = new Client(daemon.address, { retry: 0 })
    const slow = client.runAction<number>('Slow', 1_500)
    await waitFor(async () => {
      const status = await daemon.status()
      return status.state === 'running' && status.calls === 1
    })
    const { pid } = daemon
    rmSync(path)
    await daemon.restart()
    expect(await slow).to.equal(pid)
    await world.gone(first)
    expect((await daemon.status()).state).to.equal('running')
    world.remember()
    expect(readFileSync(world.file('daemon.log'), 'utf8')).to.not.match(/uncaught/)
  })
  longIt('comes also where its server cannot be shut down, and does not disturb a successor', async () => {
    const daemon = await world.start({ module: [isock.module('work'), isock.module('faulty-end')] })
    const first = world.stateOf()
    await daemon.restart()
    await world.gone(first)
    await waitFor(() => world.remember().pid === daemon.pid)
    const second = world.stateOf()
    await daemon.stop()
    await world.gone(second)
    expect((await daemon.status()).state).to.equal('stopped')
    const log = readFileSync(world.file('daemon.log'), 'utf8')
    expect(log.match(/graceful shutdown failed/g)).to.have.length(2)
    expect(log).to.not.match(/uncaught/)
  })
})
