// What a gateway gets of the web server: the server's own things, its processes by name and end, and links in memory.
import { expect } from 'chai'
import type { Link, Peer } from '../../lib/core/link/link.ts'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import { webHostOf } from '../../lib/features/web/web-host.ts'

describe('What a gateway gets of the web server', () => {
  const taken: Link[] = []
  const given = {
    server: {},
    clock: {},
    log: {},
    limits: {},
    accounting: {},
    guardNames: new Set(['token']),
    exposeErrors: true,
    isStream: () => true,
    cacheControlOf: () => 'no-store',
    findSession: () => undefined,
    renewIdentity: () => undefined,
  }
  const kit = { ...given, takeLink: (link: Link) => taken.push(link) } as unknown as ServerKit
  const processes: { name: string; state: string }[] = []
  const host = webHostOf(kit, () => processes)

  it('is the same as what the server gives its features', () => {
    const got = host as unknown as Record<string, unknown>
    for (const [name, value] of Object.entries(given)) expect(got[name], name).to.equal(value)
    expect(got['takeLink']).to.equal(undefined)
  })

  it('names the processes that there are now, and knows which of them have ended', () => {
    expect(host.processNames).to.deep.equal([])
    for (const state of ['running', 'finished', 'failed']) processes.push({ name: `is ${state}`, state })
    expect(host.processNames).to.deep.equal(['is running', 'is finished', 'is failed'])
    const ended = [...host.processNames, 'finished'].filter((name) => host.hasProcessEnded(name))
    expect(ended).to.deep.equal(['is finished', 'is failed'])
  })

  it('connects a client of its own, whom the server sees as the peer', () => {
    const peer: Peer = { transport: 'http', description: 'a page', address: '10.0.0.1', isPrivate: false }
    const near = host.connect(peer)
    expect(taken).to.have.length(1)
    expect(taken[0]?.peer).to.equal(peer)
    expect(near).to.not.equal(taken[0])
    void near.close('abort')
  })
})
