// Addresses at the server: ports, paths, what is taken, what is left behind.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  Action,
  Client,
  ClientError,
  MemoryNetwork,
  Server,
  type ServerArguments,
  ServerError,
} from '../../lib/index.ts'

class Echo extends Action {
  action(text: string) {
    return text
  }
}

function serverAt(...args: ServerArguments): Server {
  return (Reflect.construct(Server, args) as Server).addAction(new Echo())
}

async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: Error) => error,
  )
}

/** A process that listens at a path and is killed there, so that it leaves the path behind. */
async function leaveStalePath(path: string): Promise<void> {
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.stdout.write('up'))`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'close')
}

describe('Listening', () => {
  let directory: string
  const servers: Server[] = []

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'isock-listen-'))
    chmodSync(directory, 0o700)
  })

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.shutdown()))
    rmSync(directory, { recursive: true })
  })

  async function started(...args: ServerArguments): Promise<Server> {
    const server = serverAt(...args)
    servers.push(server)
    return server.listen()
  }

  async function echoes(address: string): Promise<void> {
    await using client = new Client(address, { retry: 0 })
    expect(await client.runAction(Echo, 'hi')).to.equal('hi')
  }

  it('binds to loopback unless told otherwise', async () => {
    const server = await started({ port: 0 })
    expect(server.addresses[0]).to.match(/^tcp:\/\/127\.0\.0\.1:\d+$/)
  })

  it('names the port that is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const { port } = blocker.address() as { port: number }
    try {
      const error = await failureOf(serverAt('127.0.0.1', port).listen())
      expect(error).to.be.instanceOf(ServerError)
      expect(error.code).to.equal('ADDRESS_IN_USE')
      expect(error.message).to.contain(`tcp://127.0.0.1:${port} is in use`)
    } finally {
      blocker.close()
      await once(blocker, 'close')
    }
  })

  it('listens at several addresses, or at none of them', async () => {
    const path = join(directory, 'both.sock')
    const server = await started({ port: 0, path })
    expect(server.addresses).to.have.length(2)
    for (const address of server.addresses) await echoes(address)
    const other = serverAt({ address: ['tcp://127.0.0.1:0', `unix:${path}`] })
    expect((await failureOf(other.listen())).code).to.equal('ADDRESS_IN_USE')
    expect(other.addresses).to.deep.equal([])
  })

  it('can try again after it failed to listen', async () => {
    const path = join(directory, 'again.sock')
    const first = await started({ path })
    const second = serverAt({ path })
    servers.push(second)
    await failureOf(second.listen())
    await first.shutdown()
    await second.listen()
    await echoes(`unix:${path}`)
  })

  it('never steals the path of a live server', async () => {
    const path = join(directory, 'live.sock')
    await started({ path })
    expect((await failureOf(serverAt({ path }).listen())).message).to.contain('is in use by another server')
    await echoes(`unix:${path}`)
  })

  it('takes over the path of a dead server', async () => {
    const path = join(directory, 'dead.sock')
    await leaveStalePath(path)
    expect(existsSync(path)).to.equal(true)
    await started({ path })
    await echoes(`unix:${path}`)
  })

  it('gives a dead path to one of many that want it', async () => {
    const path = join(directory, 'wanted.sock')
    await leaveStalePath(path)
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => started({ path })))
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
    await echoes(`unix:${path}`)
  })

  it('deletes nothing that is no socket', async () => {
    const path = join(directory, 'precious.txt')
    writeFileSync(path, 'data')
    expect((await failureOf(serverAt({ path }).listen())).message).to.contain('is not a socket')
    expect(existsSync(path)).to.equal(true)
  })

  it('makes the directory of a path for its user alone', async () => {
    const path = join(directory, 'run', 'new.sock')
    await started({ path })
    expect(statSync(join(directory, 'run')).mode & 0o777).to.equal(0o700)
  })

  it('refuses a directory that others can enter, unless allowed', async () => {
    const open = join(directory, 'open')
    mkdirSync(open)
    chmodSync(open, 0o755)
    const path = join(open, 's.sock')
    expect((await failureOf(serverAt({ path }).listen())).message).to.contain(`chmod 700 ${open}`)
    await started({ path, allowSharedDirectory: true })
    await echoes(`unix:${path}`)
  })

  it('removes its path when it is shut down', async () => {
    const path = join(directory, 'gone.sock')
    const server = await started({ path })
    await server.shutdown()
    expect(existsSync(path)).to.equal(false)
  })

  it('refuses a path that is too long for the system', async () => {
    const path = join(directory, `${'x'.repeat(120)}.sock`)
    expect((await failureOf(serverAt({ path }).listen())).message).to.contain('longer than 107 bytes')
  })

  it('takes no port in listen(), as other servers do, for it would listen elsewhere', async () => {
    const server = serverAt({ port: 0 })
    servers.push(server)
    const listen = server.listen.bind(server) as (port?: number) => Promise<Server>
    const error = await failureOf(listen(4440))
    expect([error.code, error.message]).to.deep.equal([
      'INVALID_OPTION',
      'listen() takes no arguments; pass the port to new Server(host, port)',
    ])
    expect((await listen(undefined)).addresses).to.have.length(1)
  })

  it('refuses a second listen and a listen after shutdown', async () => {
    const server = await started({ port: 0 })
    expect((await failureOf(server.listen())).message).to.contain('is already listening')
    await server.shutdown()
    expect((await failureOf(server.listen())).code).to.equal('SHUTTING_DOWN')
  })

  it('needs a network for memory addresses, and refuses a name that is taken', async () => {
    expect((await failureOf(serverAt('memory:a').listen())).message).to.contain('needs the option network')
    const network = new MemoryNetwork()
    await started('memory:a', { network })
    expect((await failureOf(serverAt('memory:a', { network }).listen())).code).to.equal('ADDRESS_IN_USE')
  })

  it('says what is wrong with an address, a port or an option', async () => {
    expect((await failureOf(new Server({}).listen())).message).to.contain('option port')
    expect(() => new Server('ftp://localhost:1')).to.throw(ClientError, 'option address')
    const atHttp = await failureOf(new Server('http://localhost:1').listen())
    expect(atHttp.message).to.contain('use listenWeb(server, { port: 1 })')
    expect(() => new Client('localhost', 70_000)).to.throw(
      ClientError,
      'option port: expected a whole number from 0 to 65535, got 70000',
    )
    expect(() => new Client('nonsense')).to.throw(ClientError, "'unix:/path'")
    expect(() => new Client([])).to.throw(ClientError, 'at least one address')
    expect(() => new Client('localhost', 1, { retry: -1 })).to.throw(ClientError, 'option retry')
    expect(() => new Server({ port: 0, limits: { maxFrameBytes: 0 } })).to.throw(
      ClientError,
      'option limits.maxFrameBytes',
    )
    expect(() => new Server({ port: 0, limits: { maxSession: 1 } as object })).to.throw(
      ClientError,
      'did you mean maxSessions?',
    )
  })

  it('listens no more when it was shut down while it began to listen', async () => {
    const server = serverAt({ port: 0 })
    const listening = failureOf(server.listen())
    await server.shutdown()
    expect((await listening).code).to.equal('SHUTTING_DOWN')
    expect(server.addresses).to.deep.equal([])
  })

  it('refuses a grace that is no time, and can still be shut down', async () => {
    const server = await started({ port: 0 })
    expect((await failureOf(server.shutdown({ graceMs: -1 }))).code).to.equal('INVALID_OPTION')
    expect(server.isShuttingDown).to.equal(false)
    await server.shutdown()
  })

  it('serves forever until it is shut down', async () => {
    const server = serverAt({ port: 0 })
    servers.push(server)
    let isOver = false
    const forever = server.serveForever().then(() => {
      isOver = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOver).to.equal(false)
    await server.shutdown()
    await forever
    expect(isOver).to.equal(true)
  })
})
