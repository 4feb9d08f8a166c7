// Following a log that grows by more than is read at once: when its reader is told to stop.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readLog } from '../../lib/daemon/log-reader.ts'

const chunkBytes = 256 * 1024
const line = `${'x'.repeat(1_023)}\n`

describe('A reader that follows a log', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isock-log-reader-'))
    path = join(folder, 'log')
    writeFileSync(path, 'before\n')
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  /** One that has read what was there, before more came. */
  async function following(signal: AbortSignal): Promise<AsyncGenerator<string>> {
    const lines = readLog(path, { follow: true, signal })
    expect((await lines.next()).value).to.equal('before')
    appendFileSync(path, line.repeat(1_000))
    return lines
  }

  it('gets all that came, however much it is', async () => {
    const stop = new AbortController()
    const lines = await following(stop.signal)
    for (let count = 0; count < 1_000; count++) expect((await lines.next()).value).to.equal(line.trim())
    const last = lines.next()
    stop.abort()
    expect(await last).to.deep.equal({ done: true, value: undefined })
  })

  it('gets no more than was read already when it is told to stop', async () => {
    const stop = new AbortController()
    const lines = await following(stop.signal)
    await lines.next()
    stop.abort()
    let count = 1
    for await (const _ of lines) count++
    expect(count).to.be.at.most(chunkBytes / line.length)
  })
})
