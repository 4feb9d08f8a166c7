// Hints between processes that share a file: its log is looked at again and again, and a change of it is a hint.
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { FileHints } from '../../../lib/features/data/engine/file-hints.ts'
import { waitFor } from '../../setup/wait-for.ts'

const past = new Date(Date.UTC(2001, 0))
const future = new Date(Date.UTC(2100, 0))

/** The hints of a file, counted. */
class Listener {
  readonly hints: FileHints
  readonly file: string
  count = 0

  constructor(directory: string, name: string) {
    const path = join(directory, name)
    this.file = `${path}-wal`
    this.hints = new FileHints(path)
  }

  listen(): void {
    this.hints.listen(() => void this.count++)
  }

  async write(text: string, at: Date): Promise<void> {
    await writeFile(this.file, text)
    await utimes(this.file, at, at)
  }
}

describe('The hints of a file', () => {
  let directory: string
  let own: Listener
  /** Its log is as of now at each look, so that each look is a hint. */
  let looks: Listener

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isock-hints-'))
    own = new Listener(directory, 'own.db')
    looks = new Listener(directory, 'looks.db')
    await looks.write('a', future)
  })

  afterEach(async () => {
    await Promise.all([own.hints.close(), looks.hints.close()])
    await rm(directory, { recursive: true, force: true })
  })

  /** Some looks later. */
  const someLooks = async (): Promise<void> => {
    const { count } = looks
    await waitFor(() => looks.count >= count + 4)
  }

  it('are none while there is no log', async () => {
    own.listen()
    looks.listen()
    await someLooks()
    expect(own.count).to.equal(0)
  })

  it('come at once for a log that is there, and once for each change', async () => {
    await own.write('a', past)
    own.listen()
    looks.listen()
    await waitFor(() => own.count === 1)
    await someLooks()
    expect(own.count).to.equal(1)
    await utimes(own.file, past, new Date(past.getTime() + 1_000))
    await waitFor(() => own.count === 2)
    await someLooks()
    expect(own.count).to.equal(2)
    await rm(own.file)
    await waitFor(() => own.count === 3)
    await someLooks()
    expect(own.count).to.equal(3)
  })

  it('come again and again while its time may be that of a later change', async () => {
    looks.listen()
    await someLooks()
    expect(looks.count).to.be.at.least(4)
  })

  it('end when they are closed, and sending is nothing', async () => {
    own.listen()
    looks.listen()
    await someLooks()
    await own.hints.close()
    await own.write('a', past)
    await own.hints.send()
    await someLooks()
    expect(own.count).to.equal(0)
  })

  it('do not come any more if they are closed during the first look', async () => {
    await own.write('a', past)
    own.listen()
    looks.listen()
    await own.hints.close()
    await someLooks()
    expect(own.count).to.equal(0)
  })
})
