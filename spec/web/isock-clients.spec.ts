// Which WebSockets are those of isock's own clients, and what becomes of them.
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect } from 'chai'
import type { WebSocket } from 'ws'
import type { Link, Peer } from '../../lib/core/link/link.ts'
import { WebSocketLink } from '../../lib/core/link/web-socket-link.ts'
import type { SocketRoute } from '../../lib/features/web/gateway.ts'
import { isockClients } from '../../lib/features/web/isock-clients.ts'

describe("isock's own clients at a web port", () => {
  const peer: Peer = { transport: 'websocket', description: 'a client', address: '10.0.0.1', isPrivate: false }
  const links: Link[] = []
  const gateway = isockClients('/isock', (link) => links.push(link))

  const routeOf = (path: string, ...protocols: string[]): SocketRoute | undefined => {
    const request = { socket: new Socket() } as unknown as IncomingMessage
    return gateway.onUpgrade?.({ request, url: new URL(`http://isock${path}`), peer }, protocols) as SocketRoute
  }

  it('are taken at their path, with their subprotocol or with none', () => {
    expect(routeOf('/isock', 'other', 'isock')?.protocol).to.equal('isock')
    const route = routeOf('/isock?a=b')
    expect(route?.maxMessageBytes).to.equal(64 * 1024)
    expect(route !== undefined && 'protocol' in route).to.equal(false)
  })

  it('are nowhere else, and speak nothing else', () => {
    for (const [path, ...protocols] of [['/'], ['/isock/a'], ['/', 'isock'], ['/isock', 'other']] as const)
      expect(routeOf(path, ...protocols), path).to.equal(undefined)
  })

  it('become links of the peer that was seen', () => {
    routeOf('/isock')?.onSocket(new EventEmitter() as unknown as WebSocket)
    expect(links).to.have.length(1)
    expect(links[0]).to.be.instanceOf(WebSocketLink)
    expect(links[0]?.peer).to.equal(peer)
  })

  it('are not closed with the gateway: their sessions drain', async () => {
    await gateway.close(0)
  })
})
