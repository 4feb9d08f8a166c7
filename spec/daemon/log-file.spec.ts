// What the log of a daemon does with lines that it cannot write, and with files that it must not rotate.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { LogFile } from '../../lib/daemon/log-file.ts'
import { waitFor } from '../setup/wait-for.ts'

const megabyte = 1024 * 1024

describe('The file of a log', () => {
  const directory = { path: '' }
  const at = (name: string) => join(directory.path, name)
  const linesOf = (name: string) => readFileSync(at(name), 'utf8').split('\n').slice(0, -1)

  beforeEach(() => {
    directory.path = mkdtempSync(join(tmpdir(), 'isock-logfile-'))
  })

  afterEach(() => rmSync(directory.path, { recursive: true, maxRetries: 20 }))

  it('is not made before there is a line', async () => {
    const log = await LogFile.open({ path: at('a.log'), maxBytes: 1_000, files: 1 })
    expect(readdirSync(directory.path)).to.deep.equal([])
    await log.close()
    expect(readdirSync(directory.path)).to.deep.equal([])
  })

  it('tells how many lines were lost, before the next one', async () => {
    const log = await LogFile.open({ path: at('a.log'), maxBytes: 1e9, files: 1 })
    log.write(`${'x'.repeat(megabyte)}\n`)
    for (const line of ['one\n', 'two\n', 'three\n']) log.write(line)
    await waitFor(() => existsSync(at('a.log')) && readFileSync(at('a.log')).length > megabyte)
    await waitFor(() => {
      log.write('next\n')
      return linesOf('a.log').includes('next')
    })
    await log.close()
    const [first = '', second = '', third] = linesOf('a.log')
    expect([first.length, third]).to.deep.equal([megabyte, 'next'])
    const { lostLines, time, ...rest } = JSON.parse(second) as Record<string, unknown>
    expect(rest).to.deep.equal({ level: 'warn', msg: 'lines of this log were dropped' })
    expect(lostLines).to.be.at.least(3)
    expect(new Date(String(time)).toISOString()).to.equal(time)
    expect(linesOf('a.log').filter((line) => line.includes('lostLines'))).to.have.length(1)
  })

  it('takes a megabyte of lines that wait, and the next one', async () => {
    const log = await LogFile.open({ path: at('a.log'), maxBytes: 1e9, files: 1 })
    log.write(`${'x'.repeat(megabyte - 1)}\n`)
    log.write('one\n')
    log.write('two\n')
    await log.close()
    expect(linesOf('a.log').slice(1)).to.deep.equal(['one'])
  })

  it('is not written to once it is closed', async () => {
    const log = await LogFile.open({ path: at('a.log'), maxBytes: 1e9, files: 1 })
    await log.close()
    log.write('late\n')
    await log.close()
    expect(existsSync(at('a.log'))).to.equal(false)
  })

  it('may be a directory by mistake, and nothing is thrown', async () => {
    mkdirSync(at('a.log'))
    const log = await LogFile.open({ path: at('a.log'), maxBytes: 1e9, files: 1 })
    log.write('one\n')
    await log.close()
    log.write('two\n')
    expect(readdirSync(directory.path)).to.deep.equal(['a.log'])
  })

  it('is appended to', async () => {
    for (const line of ['one\n', 'two\n']) {
      const log = await LogFile.open({ path: at('a.log'), maxBytes: 1e9, files: 1 })
      log.write(line)
      await log.close()
    }
    expect(linesOf('a.log')).to.deep.equal(['one', 'two'])
  })
})
