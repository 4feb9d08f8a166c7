// The lock under which the path of a dead server is taken over.
import { once } from 'node:events'
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { listenAtPath } from '../../lib/core/link/unix-path.ts'
import { failureOf } from '../setup/world.ts'

describe('Taking over the path of a Unix socket', () => {
  let folder: string
  let path: string
  let lock: string

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'isock-takeover-'))
    path = join(folder, 'a.sock')
    lock = `${path}.takeover`
    // A socket that nobody serves: Node removes the path that it made, not another one.
    const server = createServer().listen(join(folder, 'b.sock'))
    await once(server, 'listening')
    renameSync(join(folder, 'b.sock'), path)
    server.close()
    await once(server, 'close')
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  /** As Node's, which refuses a path that there is. `wasLocked` says of each attempt whether the lock was there. */
  const listening = () => {
    const wasLocked: boolean[] = []
    const listen = async (): Promise<void> => {
      wasLocked.push(existsSync(lock))
      if (existsSync(path)) throw Object.assign(new Error('taken'), { code: 'EADDRINUSE' })
    }
    return { listen, wasLocked }
  }

  it('happens under a lock, for its user alone, that is gone afterwards', async () => {
    const { listen, wasLocked } = listening()
    let mode = 0
    await listenAtPath(path, async () => {
      if (existsSync(lock)) mode = statSync(lock).mode & 0o777
      return listen()
    })
    expect(wasLocked).to.deep.equal([false, true])
    expect(mode).to.equal(0o600)
    expect(existsSync(lock)).to.equal(false)
  })

  it('is refused while another server does it, and leaves all as it is', async () => {
    writeFileSync(lock, '')
    const error = await failureOf(listenAtPath(path, listening().listen))
    expect(error.message).to.contain(`another server is taking over unix:${path} at this moment; try again`)
    expect(error).to.have.property('code', 'LISTEN_FAILED')
    expect([existsSync(path), existsSync(lock)]).to.deep.equal([true, true])
  })

  it('breaks a lock that was left behind', async () => {
    writeFileSync(lock, '')
    const now = Date.now() / 1_000
    utimesSync(lock, now - 5, now - 5)
    await failureOf(listenAtPath(path, listening().listen))
    utimesSync(lock, now - 11, now - 11)
    const { listen, wasLocked } = listening()
    await listenAtPath(path, listen)
    expect(wasLocked).to.have.length(2)
    expect(existsSync(lock)).to.equal(false)
  })

  it('releases its lock where it fails', async () => {
    rmSync(path)
    writeFileSync(path, 'precious')
    const error = await failureOf(listenAtPath(path, listening().listen))
    expect(error.message).to.contain('is not a socket')
    expect([existsSync(path), existsSync(lock)]).to.deep.equal([true, false])
  })
})
