// The socket that takes documents, and the path that another process has by now.
import { existsSync, lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { platformClock } from '../../lib/core/base/clock.ts'
import { DocumentSocket } from '../../lib/tracim/document-socket.ts'

describe('a socket for documents', () => {
  it('removes its path when it is closed, and no other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isock-documents-'))
    const path = join(folder, 'a.sock')
    const make = () =>
      new DocumentSocket({
        path,
        allowSharedDirectory: false,
        clock: platformClock,
        maxDocumentBytes: 1_000,
        documentTimeoutMs: 1_000,
        maxBufferedBytes: 1_000,
        maxConnections: 1,
        onDocument: () => undefined,
        onRefused: () => undefined,
      })
    const [first, second] = [make(), make()]
    try {
      await first.listen()
      rmSync(path)
      await second.listen()
      const { ino } = lstatSync(path)
      await first.close()
      expect(lstatSync(path).ino).to.equal(ino)
      await second.close()
      expect(existsSync(path)).to.equal(false)
    } finally {
      await Promise.all([first.close(), second.close()])
      rmSync(folder, { recursive: true })
    }
  })
})
