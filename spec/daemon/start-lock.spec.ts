// The lock of a start: one at a time, waited for, and given back.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ServerError } from 'isock'
import { deferred } from '../../lib/core/base/deferred.ts'
import { withStartLock } from '../../lib/daemon/start-lock.ts'
import type { DaemonPaths } from '../../lib/daemon/state-directory.ts'

describe('The lock of a start', () => {
  const directory = { path: '' }
  const pathsOf = () => ({ directory: directory.path, lock: join(directory.path, 'start.lock') }) as DaemonPaths
  const needed = async () => undefined
  const soon = () => 0

  beforeEach(() => {
    directory.path = mkdtempSync(join(tmpdir(), 'isock-lock-'))
  })

  afterEach(() => rmSync(directory.path, { recursive: true }))

  it('is held while its holder runs, whose result it passes on', async () => {
    const paths = pathsOf()
    const result = await withStartLock(paths, 1_000, soon, needed, async () => existsSync(paths.lock))
    expect([result, existsSync(paths.lock)]).to.deep.equal([true, false])
  })

  it('is given back when its holder fails', async () => {
    const paths = pathsOf()
    const fault = new Error('on purpose')
    const failed = await withStartLock(paths, 1_000, soon, needed, () => Promise.reject(fault)).catch(
      (error: unknown) => error,
    )
    expect([failed === fault, existsSync(paths.lock)]).to.deep.equal([true, false])
  })

  it('may be gone when it is given back', async () => {
    const paths = pathsOf()
    const run = async () => {
      rmSync(paths.lock, { recursive: true })
      return 'done'
    }
    expect(await withStartLock(paths, 1_000, soon, needed, run)).to.equal('done')
  })

  it('is waited for, and each attempt asks whether it is still needed', async () => {
    const paths = pathsOf()
    const asked: string[] = []
    const begun = deferred<void>()
    const ending = deferred<void>()
    const holding = withStartLock(paths, 1_000, soon, needed, () => {
      begun.resolve()
      return ending.promise
    })
    await begun.promise
    const isNeeded = async () => {
      asked.push('asked')
      if (asked.length === 3) ending.resolve()
    }
    expect(await withStartLock(paths, 60_000, soon, isNeeded, async () => 'second')).to.equal('second')
    await holding
    expect(asked.length).to.be.at.least(3)
  })

  it('is not waited for when it is not needed any more, or for too long', async () => {
    const paths = pathsOf()
    const ran: string[] = []
    await withStartLock(paths, 1_000, soon, needed, async () => {
      const run = async () => ran.push('ran')
      const other = new Error('it runs')
      const unneeded = await withStartLock(paths, 60_000, soon, () => Promise.reject(other), run).catch(
        (error: unknown) => error,
      )
      expect(unneeded).to.equal(other)
      const asked: string[] = []
      const isNeeded = async () => void asked.push('asked')
      const late = await withStartLock(paths, 0, soon, isNeeded, run).catch((error: unknown) => error)
      expect(late).to.be.instanceOf(ServerError).with.property('code', 'START_FAILED')
      expect((late as Error).message).to.equal(
        `another start of this daemon did not finish within 0 ms; see ${directory.path}`,
      )
      expect((late as { cause?: { code?: unknown } }).cause?.code).to.equal('ELOCKED')
      expect(asked).to.deep.equal(['asked'])
    })
    expect(ran).to.deep.equal([])
  })

  it('fails at once where there is no directory for it', async () => {
    const missing = join(directory.path, 'none')
    const paths = { directory: missing, lock: join(missing, 'start.lock') } as DaemonPaths
    const failed = await withStartLock(paths, 60_000, soon, needed, async () => 'ran').catch((error: unknown) => error)
    expect(failed).to.have.property('code', 'ENOENT')
  })
})
