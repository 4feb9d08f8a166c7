// Which paths of peers are taken: their form, and what may lie there.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { BadEvent } from '../../lib/tracim/daemon-event.ts'
import { checkPathForm, checkPeerSocket } from '../../lib/tracim/peer-path.ts'

const faultOf = (run: () => unknown) => {
  try {
    return run()
  } catch (error) {
    return error instanceof BadEvent ? error.message : error
  }
}

describe('The form of a path', () => {
  const formOf = (path: string) => faultOf(() => checkPathForm(path))

  it('has at most 107 bytes', () => {
    const longest = `/${'x'.repeat(106)}`
    expect(formOf(longest)).to.equal(longest)
    expect(formOf(`${longest}x`)).to.equal('path: expected at most 107 bytes, got 108 characters')
    const wide = `/${'ä'.repeat(53)}`
    expect(formOf(wide)).to.equal(wide)
    expect(formOf(`${wide}x`)).to.equal('path: expected at most 107 bytes, got 55 characters')
  })

  it('is absolute, without a null character', () => {
    expect(formOf('/a')).to.equal('/a')
    expect(formOf('/a\0b')).to.equal('path: expected no null character')
    expect(formOf('a/b')).to.equal('path: expected an absolute path, got "a/b"')
    expect(formOf('')).to.equal('path: expected an absolute path, got ""')
  })
})

describe('The socket of a peer', () => {
  const servers: Server[] = []
  const directory = { path: '' }
  const at = (name: string) => join(directory.path, name)

  async function listen(name: string): Promise<string> {
    const server = createServer()
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(at(name), resolve))
    return at(name)
  }

  beforeEach(() => {
    directory.path = mkdtempSync(join(tmpdir(), 'isock-peer-'))
  })

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
    rmSync(directory.path, { recursive: true })
  })

  it('is there, or nothing is', async () => {
    const peer = await listen('peer')
    const own = await listen('own')
    expect(checkPeerSocket(peer, own)?.isSocket()).to.equal(true)
    expect(checkPeerSocket(peer, at('none'))?.isSocket()).to.equal(true)
    expect(checkPeerSocket(at('none'), own)).to.equal(undefined)
  })

  it('is a socket, and no link to one', async () => {
    const own = await listen('own')
    const peer = await listen('peer')
    writeFileSync(at('file'), '')
    symlinkSync(peer, at('link'))
    for (const path of [at('file'), at('link'), directory.path])
      expect(faultOf(() => checkPeerSocket(path, own))).to.equal(`path: ${path} is not a socket`)
  })

  it('is not the own one, under any name', async () => {
    const own = await listen('own')
    const other = `${directory.path}/./own`
    for (const path of [own, other])
      expect(faultOf(() => checkPeerSocket(path, own))).to.equal(`path: ${path} is the socket that received this event`)
  })

  it('has a path of the right form', () => {
    expect(faultOf(() => checkPeerSocket('peer', '/own'))).to.equal('path: expected an absolute path, got "peer"')
  })

  it('belongs to the same user', async () => {
    const peer = await listen('peer')
    const { getuid } = process
    if (getuid === undefined) return
    process.getuid = () => getuid() + 1
    try {
      expect(faultOf(() => checkPeerSocket(peer, '/own'))).to.equal(`path: the socket ${peer} belongs to another user`)
    } finally {
      process.getuid = getuid
    }
  })
})
