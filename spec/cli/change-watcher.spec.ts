// What `isock serve --watch` takes for a change.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect } from 'chai'
import { ChangeWatcher } from '../../lib/cli/change-watcher.ts'

describe('A change of sources', function () {
  this.timeout(120_000)
  let root: string
  let watcher: ChangeWatcher
  const write = (...path: string[]): string => {
    const file = join(root, ...path)
    writeFileSync(file, String(Math.random()))
    return relative(process.cwd(), file)
  }

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'isock-watch-')))
    for (const directory of ['below', 'node_modules', '.git']) mkdirSync(join(root, directory))
    write('main.js')
    watcher = new ChangeWatcher([join(root, 'main.js'), join(root, 'other.js')])
  })

  afterEach(() => {
    watcher.close()
    rmSync(root, { recursive: true })
  })

  /** Earlier changes may be told once more, where their events come late. */
  const told = async (file: string): Promise<void> => {
    while ((await watcher.next()) !== file);
  }

  it('is one of a file beside a module or below, whether somebody waits for it or asks later', async () => {
    for (const path of [['main.js'], ['below', 'model.ts'], ['below', 'config.json']]) {
      const file = write(...path)
      await told(file)
    }
  })

  it('is none in node_modules, in what begins with a dot, or of other files', async () => {
    const change = watcher.next()
    for (const path of [['node_modules', 'a.js'], ['.git', 'a.js'], ['.hidden.js'], ['notes.txt'], ['main.js~']])
      write(...path)
    const file = write('below', 'last.mjs')
    expect(await change).to.equal(file)
  })

  it('is noticed in a directory that was made meanwhile, after the next change', async () => {
    mkdirSync(join(root, 'new'))
    write('main.js')
    await watcher.next()
    await told(write('new', 'late.js'))
  })
})
