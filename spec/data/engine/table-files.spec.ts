// The file of a table while it is written: when it is complete, and what becomes of errors.
import { type FileHandle, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createTableFile, type TableFile } from '../../../lib/features/data/engine/table-files.ts'
import { failureOf } from '../../setup/world.ts'

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

  it('is not complete where it cannot be closed: a disk over the network may report then what it could not write', async () => {
    const other = await open(join(directory, 'other'), 'w')
    await other.close()
    const handles = Object.getPrototypeOf(other) as FileHandle
    const { sync } = handles
    const full = new Error('ENOSPC')
    // Each handle has a `close` of its own, so the last call before it replaces that.
    handles.sync = async function (this: FileHandle) {
      const close = this.close.bind(this)
      this.close = async () => {
        await close()
        throw full
      }
    }
    try {
      expect((await failureOf(file.end())) === full).to.equal(true)
    } finally {
      handles.sync = sync
    }
    await file.discard()
    expect(await readdir(directory)).to.deep.equal(['other'])
  })
})
