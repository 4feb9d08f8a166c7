// Files that are larger than what a process may hold: written and read with a small heap, in processes of their own.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { FileFormat } from 'isock/data'
import { longIt } from '../setup/long.ts'
import { startScript } from '../setup/run-script.ts'

const rows = 150
const content = 'lorem ipsum dolor '.repeat(30_000)

const writers: Record<FileFormat, (file: FileHandle) => Promise<void>> = {
  json: async (file) => {
    for (let at = 0; at < rows; at++)
      await file.appendFile(`${at === 0 ? '[\n' : ',\n'}${JSON.stringify({ pk: pkOf(at), title: `${at}`, content })}`)
    await file.appendFile('\n]\n')
  },
  csv: async (file) => {
    await file.appendFile('\uFEFF"pk","title","content"\r\n')
    for (let at = 0; at < rows; at++) await file.appendFile(`"${pkOf(at)}","${at}","${content}"\r\n`)
  },
}

/** In the order in which they are saved. */
function pkOf(at: number): string {
  return `p${String(at).padStart(6, '0')}`
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

describe('A file of 80 MB', function () {
  this.timeout(120_000)
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isock-large-'))
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  for (const format of ['json', 'csv'] as const) {
    longIt(`is loaded from ${format} and saved by a process with a heap of 110 MB`, async () => {
      const from = join(directory, 'from')
      await mkdir(from)
      const file = await open(join(from, `Paper.${format}`), 'w')
      await writers[format](file)
      await file.close()
      const url = `file:${join(directory, 'store.db')}`
      const { stdout, stderr } = await startScript('spec/data/child/large-files.ts', {
        args: [url, from, join(directory, 'to'), format],
        env: { NODE_OPTIONS: '--max-old-space-size=110' },
      }).ended
      expect(stdout, stderr).to.equal(`loaded ${rows}, saved ${rows}\n`)
      expect(await hashOf(join(directory, 'to', `Paper.${format}`))).to.equal(
        await hashOf(join(from, `Paper.${format}`)),
      )
    })
  }
})
