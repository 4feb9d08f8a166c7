// The interface of a web server for gateways, based on that of the server for its features.
import type { Link, Peer } from '../../core/link/link.ts'
import { createMemoryLinks } from '../../core/link/memory-link.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { WebHost } from './gateway.ts'

/** A process as seen by gateways. */
export interface ProcessView {
  readonly name: string
  /** A state of `ProcessHandle`. */
  readonly state: string
}

export function webHostOf(kit: ServerKit, processes: () => readonly ProcessView[]): WebHost {
  const { server, clock, log, limits, accounting, guardNames, exposeErrors } = kit
  const { isStream, takesKeys, cacheControlOf, findSession, renewIdentity } = kit
  return {
    server,
    clock,
    log,
    limits,
    accounting,
    guardNames,
    exposeErrors,
    get processNames() {
      return processes().map(({ name }) => name)
    },
    get recordedCounts() {
      return kit.sharedStore?.recordedCounts?.()
    },
    hasProcessEnded: (name) => processes().some((each) => each.name === name && hasEnded.has(each.state)),
    isStream,
    takesKeys,
    cacheControlOf,
    findSession,
    renewIdentity,
    connect: (peer) => connect(kit, peer),
  }
}

const hasEnded: ReadonlySet<string> = new Set(['finished', 'failed'])

function connect(kit: ServerKit, peer: Peer): Link {
  const [near, far] = createMemoryLinks(peer.description, peer)
  kit.takeLink(far)
  return near
}
