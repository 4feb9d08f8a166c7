// The end of Igor's file server: it waits for uploads, for so long, and keeps its process alive only for them.
import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import type { WebHost, WebVisit } from '../../../lib/features/web/gateway.ts'
import type { ResolvedFileOptions } from '../../../lib/gateways/igor/file-options.ts'
import { FileServer } from '../../../lib/gateways/igor/file-server.ts'

describe('The end of a file server', () => {
  let asked: string[]
  let server: FileServer

  beforeEach(() => {
    asked = []
    const timer = {
      keepProcessAlive: (keep: boolean) => void asked.push(`keeps the process alive: ${keep}`),
      cancel: () => void asked.push('cancelled'),
    }
    const clock = {
      setTimer: (_: () => void, ms: number) => {
        asked.push(`timer of ${ms} ms`)
        return timer
      },
    }
    const accounting = { places: (name: string) => name, forget: (name: unknown) => void asked.push(`forgot ${name}`) }
    const host = { clock, accounting } as unknown as WebHost
    const options = { prefix: '/files', write: false } as ResolvedFileOptions
    server = new FileServer({ host, options, compatible: false, credentials: undefined })
  })

  /** A request that is refused; its client has left. */
  function visit(method: string): void {
    const response = {
      socket: {},
      setHeader: () => undefined,
      headersSent: false,
      destroy: () => asked.push('refused'),
    }
    const request = { method, headers: {}, socket: { destroyed: true } }
    const visited = { request, url: new URL('http://host/files/a') }
    server.onRequest(visited as unknown as WebVisit, response as unknown as ServerResponse)
  }

  const end = ['cancelled', 'forgot igorUploads', 'forgot igorDownloads']

  it('does not keep the process alive where nothing is being written', async () => {
    await server.close(500)
    expect(asked).to.deep.equal(['timer of 500 ms', 'keeps the process alive: false', ...end])
  })

  it('keeps it alive until the last request to write is answered', async () => {
    visit('PUT')
    await server.close(700)
    expect(asked).to.deep.equal(['timer of 700 ms', 'keeps the process alive: true', 'refused', ...end])
  })

  it('does not wait for those that only read', async () => {
    visit('DELETE')
    const closed = server.close(700)
    expect(asked).to.deep.equal(['timer of 700 ms', 'keeps the process alive: false'])
    await closed
  })

  it('takes what is below its prefix, and nothing beside it', () => {
    const takes = (path: string): boolean => server.takes(new URL(`http://host${path}`))
    expect(['/files', '/files/', '/files/a/b'].map(takes)).to.deep.equal([true, true, true])
    expect(['/', '/file', '/files2', '/other/files'].map(takes)).to.deep.equal([false, false, false, false])
  })
})
