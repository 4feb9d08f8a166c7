// The file of a table while it is written: when it is complete, and what becomes of errors.
import { type FileHandle, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { Database, field, Model } from 'isock/data'
import { createTableFile, type TableFile } from '../../../lib/features/data/engine/table-files.ts'
import { failureOf } from '../../setup/world.ts'

class Row extends Model {
  text = field.text()
}

describe('The file of a table', () => {
  let directory: string
  let file: TableFile

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isock-specs-'))
    file = await createTableFile(directory, { name: 'Row', fields: new Map() } as never, 'json')
  })

  afterEach(async () => {
    await file.discard()
    await rm(directory, { recursive: true })
  })

  /** Runs with another `sync` of all open files. */
  async function withSync<T>(sync: FileHandle['sync'], run: () => Promise<T>): Promise<T> {
    const other = await open(join(directory, 'other'), 'w')
    await other.close()
    await rm(join(directory, 'other'))
    const handles = Object.getPrototypeOf(other) as FileHandle
    const former = handles.sync
    handles.sync = sync
    try {
      return await run()
    } finally {
      handles.sync = former
    }
  }

  it('is not complete where it cannot be closed: a disk over the network may report then what it could not write', async () => {
    const full = new Error('ENOSPC')
    // Each handle has a `close` of its own, so the last call before it replaces that.
    const failsToClose = async function (this: FileHandle): Promise<void> {
      const close = this.close.bind(this)
      this.close = async () => {
        await close()
        throw full
      }
    }
    const error = await withSync(failsToClose, () => failureOf(file.end()))
    expect(error === full).to.equal(true)
    await file.discard()
    expect(await readdir(directory)).to.deep.equal([])
  })

  it('is not moved to its place before it is complete', async () => {
    const tables = join(directory, 'tables')
    await using database = await new Database({ models: [Row], url: `file:${join(directory, 'store.db')}` }).open()
    await database.migrate()
    const full = new Error('ENOSPC')
    const fails = async (): Promise<void> => {
      await nextTurn()
      throw full
    }
    const error = await withSync(fails, () => failureOf(database.save(tables)))
    expect(error === full).to.equal(true)
    expect(await readdir(tables)).to.deep.equal([])
  })
})
