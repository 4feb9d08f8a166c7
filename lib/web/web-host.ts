// What a gateway gets of the web server, put together of what the server gives its features.
import type { Link, Peer } from '../link/link.ts'
import { createMemoryLinks } from '../link/memory-link.ts'
import type { ServerKit } from '../server/feature.ts'
import type { WebHost } from './gateway.ts'

export function webHostOf(kit: ServerKit, processNames: () => readonly string[]): WebHost {
  const { server, clock, log, limits, accounting, guardNames, exposeErrors } = kit
  const { isStream, findSession, renewIdentity } = kit
  return {
    server,
    clock,
    log,
    limits,
    accounting,
    guardNames,
    exposeErrors,
    get processNames() {
      return processNames()
    },
    isStream,
    findSession,
    renewIdentity,
    connect: (peer) => connect(kit, peer),
  }
}

function connect(kit: ServerKit, peer: Peer): Link {
  const [near, far] = createMemoryLinks(peer.description, peer)
  kit.takeLink(far)
  return near
}
