// Where daemons keep their state, and which directories are refused.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { IsockError } from 'isock'
import { findDaemon, listDaemons } from 'isock/daemon'
import { prepareDirectory, requireDaemonName, stateDirectory } from '../../lib/daemon/state-directory.ts'
import { skip } from '../setup/skip.ts'

describe('the state directory', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isock-state-'))
  })

  afterEach(() => rmSync(folder, { recursive: true, maxRetries: 20 }))

  const errorOf = (run: () => unknown): IsockError => {
    try {
      run()
    } catch (error) {
      return error as IsockError
    }
    throw new Error('it did not throw')
  }

  it('is what one says, else ISOCK_STATE_DIR, else in the state directory of the user', () => {
    expect(stateDirectory('/given', { ISOCK_STATE_DIR: '/own' })).to.equal('/given')
    expect(stateDirectory(undefined, { ISOCK_STATE_DIR: '/own', XDG_STATE_HOME: '/state' })).to.equal('/own')
    expect(stateDirectory(undefined, { XDG_STATE_HOME: '/state' })).to.equal('/state/isock')
    for (const environment of [{}, { XDG_STATE_HOME: '' }, { XDG_STATE_HOME: 'relative' }])
      expect(stateDirectory(undefined, environment)).to.match(/^\/.*\/\.local\/state\/isock$/)
  })

  it('is not the runtime directory, which goes when the user logs out', () => {
    expect(stateDirectory(undefined, { XDG_RUNTIME_DIR: '/run', XDG_STATE_HOME: '/state' })).to.equal('/state/isock')
    expect(stateDirectory(undefined, { XDG_RUNTIME_DIR: '/run' })).to.not.match(/^\/run/)
  })

  it('is refused before anything is made where the path of a socket would be too long', () => {
    const base = join(folder, 'x'.repeat(60))
    const error = errorOf(() => prepareDirectory(base, 'y'.repeat(64)))
    expect(error.code).to.equal('START_FAILED')
    expect(error.message).to.match(/has \d+ bytes, but a socket.s path may have at most 107; set ISOCK_STATE_DIR/)
    expect(existsSync(base)).to.equal(false)
  })

  it('is made for its user alone', () => {
    const { directory } = prepareDirectory(join(folder, 'new', 'state'), 'app')
    for (const each of [directory, join(folder, 'new', 'state')]) expect(statSync(each).mode & 0o777).to.equal(0o700)
    expect(() => prepareDirectory(join(folder, 'new', 'state'), 'app')).to.not.throw()
  })

  it('is refused where it is a symbolic link, no directory, or open to others', () => {
    const [target, base] = [join(folder, 'target'), join(folder, 'base')]
    mkdirSync(target, { mode: 0o700 })
    symlinkSync(target, join(folder, 'link'))
    expect(errorOf(() => prepareDirectory(join(folder, 'link'), 'app')).message).to.include('is a symbolic link')
    mkdirSync(base, { mode: 0o700 })
    symlinkSync(target, join(base, 'app'))
    for (const run of [() => prepareDirectory(base, 'app'), () => findDaemon('app', { stateDir: base })]) {
      const error = errorOf(run)
      expect([error.code, error.message.includes(`${join(base, 'app')} is a symbolic link`)]).to.deep.equal([
        'START_FAILED',
        true,
      ])
    }
    expect(listDaemons({ stateDir: base }), 'links are not listed').to.deep.equal([])
    writeFileSync(join(base, 'file'), '')
    expect(errorOf(() => prepareDirectory(base, 'file')).message).to.include('is not a directory')
    chmodSync(base, 0o750)
    expect(errorOf(() => prepareDirectory(base, 'other')).message).to.include(`run: chmod 700 ${base}`)
  })

  it('is refused where it belongs to another user', function () {
    if (process.getuid?.() !== 0) skip(this, 'only root can give a directory away')
    const directory = join(folder, 'app')
    mkdirSync(directory, { mode: 0o700 })
    chownSync(directory, 12_345, 12_345)
    expect(errorOf(() => prepareDirectory(folder, 'app')).message).to.include('belongs to another user')
  })

  it('lists the daemons beside those whose directory is refused, which are refused by name', () => {
    for (const name of ['good', 'open', 'other']) mkdirSync(join(folder, name), { mode: 0o700 })
    chmodSync(join(folder, 'open'), 0o755)
    symlinkSync(join(folder, 'good'), join(folder, 'link'))
    writeFileSync(join(folder, 'file'), '')
    // Only root can give a directory away.
    const isRoot = process.getuid?.() === 0
    if (isRoot) chownSync(join(folder, 'other'), 12_345, 12_345)
    const names = listDaemons({ stateDir: folder }).map(({ name }) => name)
    expect(names).to.deep.equal(isRoot ? ['good'] : ['good', 'other'])
    for (const name of ['open', 'link', 'file', ...(isRoot ? ['other'] : [])])
      expect(errorOf(() => findDaemon(name, { stateDir: folder })).code, name).to.equal('START_FAILED')
    chmodSync(folder, 0o755)
    expect(errorOf(() => listDaemons({ stateDir: folder })).message).to.include(`run: chmod 700 ${folder}`)
  })

  it('takes names that are no paths', () => {
    for (const name of ['a', 'app-1', 'My_App.v2', '0', 'x'.repeat(64)]) expect(requireDaemonName(name)).to.equal(name)
    for (const name of ['', '.', '..', 'a/b', '../a', '-a', '.a', 'a b', 'a\0', 'ä', 'x'.repeat(65), 7, null])
      expect(errorOf(() => requireDaemonName(name)).code, String(name)).to.equal('INVALID_OPTION')
  })
})
