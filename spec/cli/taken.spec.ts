// Nothing says that it serves before it does: where an address cannot be had, a command prints the reason and nothing else.
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { CompiledIsock } from '../daemon/compiled-isock.ts'
import { DaemonWorld } from '../daemon/daemon-world.ts'
import { freePort } from '../processes/processes.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'

describe('an address that is taken', function () {
  this.timeout(120_000)
  let isock: CompiledIsock
  let world: DaemonWorld
  let folder: string
  let holder: Server
  let taken: string

  before(async () => {
    isock = await CompiledIsock.make()
  })

  beforeEach(async () => {
    world = new DaemonWorld(isock)
    folder = mkdtempSync(join(tmpdir(), 'isock-taken-'))
    holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    taken = String((holder.address() as { port: number }).port)
  })

  afterEach(async () => {
    await world.close()
    holder.close()
    rmSync(folder, { recursive: true, maxRetries: 20 })
  })

  const inUse = (port: string): string =>
    `isock: tcp://127.0.0.1:${port} is in use; stop what listens there, or use another port\n`

  /** Ends with the reason alone. */
  async function fails(...args: string[]): Promise<void> {
    const silent = args[0] === 'start' ? [] : ['--log-level', 'warn']
    const { code, stdout, stderr } = await world.command(...args, ...silent).ended
    expect({ code, stdout, stderr }).to.deep.equal({ code: 1, stdout: '', stderr: inUse(taken) })
  }

  longIt('keeps each command from saying that it serves', async () => {
    await fails('serve', isock.module('work'), '--port', taken)
    await fails('server', '127.0.0.1', taken, isock.module('counter'))
    await fails('start', isock.module('work'), '--port', taken)
    expect((await world.command('status').ended).stdout).to.not.include('running')
  })

  longIt('keeps it from saying so where it is one of several, and leaves nothing of the others', async () => {
    const path = join(folder, 'isock.sock')
    for (const command of ['serve', 'start']) {
      await fails(command, isock.module('work'), '--port', taken, '--path', path)
      expect(existsSync(path)).to.equal(false)
    }
    const server = createServer().listen(path)
    await once(server, 'listening')
    try {
      const port = String(await freePort())
      const { code, stdout, stderr } = await world.command(
        'serve',
        isock.module('work'),
        '--port',
        port,
        '--path',
        path,
      ).ended
      expect([code, stdout]).to.deep.equal([1, ''])
      expect(stderr).to.include(`${path} is in use`)
    } finally {
      server.close()
    }
  })

  longIt('keeps it from saying so where it is a port for browsers, or the one beside it', async () => {
    const free = String(await freePort())
    const places = [
      { web: taken, port: free },
      { web: free, port: taken },
    ]
    for (const { web, port } of places) {
      process.env['SPEC_WEB_PORT'] = web
      try {
        const server = await world.command('server', '127.0.0.1', port, isock.module('web'), '--log-level', 'warn')
          .ended
        const start = await world.command('start', isock.module('web'), '--port', port).ended
        for (const { code, stdout, stderr } of [server, start]) {
          expect([code, stdout], stderr).to.deep.equal([1, ''])
          expect(stderr).to.match(new RegExp(`^isock: .*:${taken} is in use`))
        }
      } finally {
        delete process.env['SPEC_WEB_PORT']
      }
    }
  })

  it('is no matter of a free one: what it serves is said with where', async () => {
    const serving = world.command('serve', isock.module('work'), '--port', '0')
    await serving.printed(/^serving .*Pid.*\nlistening at tcp:\/\/127\.0\.0\.1:\d+\n$/m)
  })

  longIt('a daemon that loads its modules is "starting", not "running"', async () => {
    const start = world.command('start', isock.module('hangs'))
    const look = async () => (existsSync(world.file('control.sock')) ? world.find().status() : undefined)
    await waitFor(async () => (await look())?.state === 'starting', { timeoutMs: 8_000 })
    const { code, stdout } = await world.command('status', 'default').ended
    expect(code).to.equal(3)
    expect(stdout).to.match(/^default +starting +\d+ .* -$/m)
    start.kill('SIGINT')
    await start.ended
    await waitFor(async () => (await look())?.state !== 'starting', { timeoutMs: 8_000 })
  })
})
