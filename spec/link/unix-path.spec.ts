// What becomes of the path of a Unix socket when its server ends: it is removed, kept for another process, or another's.
import { once } from 'node:events'
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Listener, listen } from '../../lib/core/link/listener.ts'
import { closeAtPath, identifyPath, type PathIdentity } from '../../lib/core/link/unix-path.ts'
import { failureOf } from '../setup/world.ts'

describe('The path of a Unix socket', () => {
  let folder: string
  let path: string
  let listeners: Listener[]

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isock-unix-'))
    path = join(folder, 'a.sock')
    listeners = []
  })

  afterEach(async () => {
    await Promise.all(listeners.map((listener) => listener.close()))
    rmSync(folder, { recursive: true })
  })

  const start = async (fd?: number): Promise<Listener> => {
    const options = { handshakeTimeoutMs: 1_000, maxHandshakes: 1, onLink: () => undefined }
    const listener = await listen({ transport: 'unix', path }, options, fd)
    listeners.push(listener)
    return listener
  }
  const inode = (): number => lstatSync(path).ino

  it('is removed with its server, or stays for a process that goes on', async () => {
    const first = await start()
    const number = inode()
    await first.close(true)
    expect(inode()).to.equal(number)
    expect(existsSync(`${path}.kept`)).to.equal(false)
    const second = await start()
    await second.close()
    expect(existsSync(path)).to.equal(false)
  })

  it('gets a directory that no other user enters, where there is none', async () => {
    path = join(folder, 'made', 'a.sock')
    await start()
    expect(statSync(join(folder, 'made')).mode & 0o777).to.equal(0o700)
  })

  it('is refused in a directory that others can enter', async () => {
    const shared = join(folder, 'shared')
    mkdirSync(shared)
    chmodSync(shared, 0o777)
    path = join(shared, 'a.sock')
    expect(await failureOf(start())).to.have.property('code', 'LISTEN_FAILED')
    expect(existsSync(path)).to.equal(false)
  })

  for (const keepsAddress of [true, false]) {
    it(`stays with another server that has it by now, ${keepsAddress ? 'kept' : 'not kept'}`, async () => {
      const first = await start()
      rmSync(path)
      await start()
      const number = inode()
      await first.close(keepsAddress)
      expect(inode()).to.equal(number)
      expect(existsSync(`${path}.kept`)).to.equal(false)
    })
  }

  it('that was inherited stays with another server too, and goes with the one that has it', async () => {
    const first = await start()
    const theirs = identifyPath(path)
    rmSync(path)
    await start()
    const number = inode()
    // A socket that was bound elsewhere: Node does not know of its path.
    const close = async (identity: PathIdentity | undefined): Promise<void> => {
      const heir = createServer().listen(0, '127.0.0.1')
      await once(heir, 'listening')
      closeAtPath(heir, { path, identity, isInherited: true })
      await once(heir, 'close')
    }
    await close(theirs)
    await close(undefined)
    expect(inode()).to.equal(number)
    await close(identifyPath(path))
    expect(existsSync(path)).to.equal(false)
    await first.close()
  })

  it('keeps no server from ending, whether it went away or cannot be kept', async () => {
    const first = await start()
    rmSync(path)
    await first.close(true)
    const second = await start()
    mkdirSync(join(`${path}.kept`, 'full'), { recursive: true })
    await second.close(true)
    expect([first.fd, second.fd]).to.deep.equal([undefined, undefined])
  })
})
