// The log of a daemon: rotated, read across rotations, and of no harm where the disk is full.
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ClientError } from 'isock'
import { checkBackgroundOptions } from '../../lib/daemon/background-options.ts'
import { LogFile, requireLogFile } from '../../lib/daemon/log-file.ts'
import { readLog } from '../../lib/daemon/log-reader.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'

describe('the log of a daemon', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isock-log-'))
    path = join(folder, 'daemon.log')
  })

  afterEach(() => rmSync(folder, { recursive: true, maxRetries: 20 }))

  const read = async (options = {}): Promise<string[]> => {
    const lines: string[] = []
    for await (const line of readLog(path, options)) lines.push(line)
    return lines
  }

  it('is rotated by size, keeps so many, and can be read by its owner only', async () => {
    const log = await LogFile.open({ path, maxBytes: 1_000, files: 2 })
    for (let i = 0; i < 60; i++) {
      log.write(`${String(i).padStart(99, '0')}\n`)
      // Rotating takes some turns; a burst is rotated once.
      await new Promise((resolve) => setImmediate(resolve))
    }
    await waitFor(() => existsSync(`${path}.2`))
    await log.close()
    expect(readdirSync(folder).sort()).to.deep.equal(['daemon.log', 'daemon.log.1', 'daemon.log.2'])
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777, name).to.equal(0o600)
  })

  it('goes on in a file of its name where that was moved away and it is told so', async () => {
    const log = await LogFile.open({ path, maxBytes: 1e6, files: 1 })
    log.reopen()
    log.write('before\n')
    await waitFor(() => existsSync(path) && readFileSync(path, 'utf8') === 'before\n')
    renameSync(path, `${path}.moved`)
    log.write('still in the moved one\n')
    log.reopen()
    log.write('after\n')
    await log.close()
    await waitFor(() => readFileSync(`${path}.moved`, 'utf8') === 'before\nstill in the moved one\n')
    expect(readFileSync(path, 'utf8')).to.equal('after\n')
    log.reopen()
    log.write('too late\n')
    expect(readFileSync(path, 'utf8')).to.equal('after\n')
  })

  it('escapes what a terminal would heed, and stays JSON', async () => {
    const log = await LogFile.open({ path, maxBytes: 1e6, files: 1 })
    log.write(`${JSON.stringify({ msg: 'a\u001b[2J\u009b2J\u2028\u202e\u007fz' })}\n`)
    await log.close()
    const [line = ''] = readFileSync(path, 'utf8').split('\n')
    expect(line).to.equal('{"msg":"a\\u001b[2J\\u009b2J\\u2028\\u202e\\u007fz"}')
    expect(JSON.parse(line)).to.deep.equal({ msg: 'a\u001b[2J\u009b2J\u2028\u202e\u007fz' })
  })

  it('is refused where nobody can write, before a daemon runs without one', () => {
    writeFileSync(path, 'a line\n')
    for (const [wrong, reason] of [
      [folder, /^option logFile: cannot write to .*: EISDIR/],
      [join(path, 'below'), /^option logFile: cannot write to .*below: (EEXIST|ENOTDIR)/],
    ] as const) {
      expect(() => requireLogFile(wrong)).to.throw(ClientError, reason)
      expect(() => checkBackgroundOptions({ module: import.meta.url, logFile: wrong })).to.throw(ClientError, reason)
    }
    requireLogFile(path)
    requireLogFile(join(folder, 'new', 'own.log'))
    expect(readFileSync(path, 'utf8')).to.equal('a line\n')
    expect(statSync(join(folder, 'new', 'own.log')).mode & 0o777).to.equal(0o600)
    if (existsSync('/dev/full')) requireLogFile('/dev/full')
  })

  it('loses lines where the disk is full, and throws nothing', async function () {
    if (!existsSync('/dev/full')) skip(this, 'there is no /dev/full')
    const log = await LogFile.open({ path: '/dev/full', maxBytes: 1_000, files: 1 })
    for (let i = 0; i < 1_000; i++) log.write(`${'x'.repeat(1_000)}\n`)
    await new Promise((resolve) => setImmediate(resolve))
    log.write('one more\n')
    await log.close()
    log.write('too late\n')
    expect(statSync('/dev/full').isCharacterDevice()).to.equal(true)
  })

  it('keeps at most a megabyte of lines that wait for the disk', async () => {
    const log = await LogFile.open({ path, maxBytes: 1e9, files: 1 })
    for (let i = 0; i < 3_000; i++) log.write(`${'x'.repeat(999)}\n`)
    return log.close().then(() => expect(statSync(path).size).to.be.below(1.1 * 1024 * 1024))
  })

  it('gives its last lines', async () => {
    writeFileSync(path, Array.from({ length: 200 }, (_, i) => `line ${i}\n`).join(''))
    expect(await read()).to.have.length(100)
    expect(await read({ lines: 2 })).to.deep.equal(['line 198', 'line 199'])
    expect(await read({ lines: 0 })).to.deep.equal([])
  })

  it('that is not there is empty', async () => {
    expect(await read()).to.deep.equal([])
  })

  it('can be followed, also across a rotation, until one has enough', async () => {
    const abort = new AbortController()
    const lines: string[] = []
    const done = (async () => {
      for await (const line of readLog(path, { follow: true, signal: abort.signal })) lines.push(line)
    })()
    try {
      writeFileSync(path, 'one\ntw')
      await waitFor(() => lines.length === 1)
      writeFileSync(path, 'o\n', { flag: 'a' })
      await waitFor(() => lines.length === 2)
      writeFileSync(path, 'last of the old\n', { flag: 'a' })
      renameSync(path, `${path}.1`)
      writeFileSync(path, 'first of the new\n')
      await waitFor(() => lines.length === 4)
      writeFileSync(path, 'x\n')
      await waitFor(() => lines.length === 5)
    } finally {
      abort.abort()
      await done
    }
    expect(lines).to.deep.equal(['one', 'two', 'last of the old', 'first of the new', 'x'])
  })
})
