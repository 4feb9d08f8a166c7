// Calls of a server's own program: each in an ordinary session over a link in memory, so that all that holds for clients holds for them.
import { Call } from '../core/action/call.ts'
import type { RunOptions } from '../core/action/run-options.ts'
import { type Identity, isIdentity, noIdentity } from '../core/action/session-view.ts'
import { ClientError } from '../core/base/errors.ts'
import { invalidOption } from '../core/base/options.ts'
import { ActionClient } from '../core/client/action-client.ts'
import type { ClientPlatform } from '../core/client/client-platform.ts'
import type { Link, Peer } from '../core/link/link.ts'
import { createMemoryLinks } from '../core/link/memory-link.ts'
import type { ServerKit } from '../core/server/feature.ts'

/** Options of one call of a server's own program. */
export interface LocalRunOptions extends Omit<RunOptions, 'credentials'> {
  /** Whom it is for: what guards would have returned. Default: nobody. */
  readonly identity?: Identity | undefined
}

export class LocalCalls {
  readonly #kit: ServerKit

  constructor(kit: ServerKit) {
    this.#kit = kit
  }

  /** Never throws. */
  run(action: unknown, data: unknown, { identity, ...options }: LocalRunOptions = {}): Call<never, never, never> {
    if (identity !== undefined && !isIdentity(identity)) return Call.failed(noIdentity('identity', identity))
    if ('credentials' in options)
      return Call.failed(invalidOption('credentials', 'none: no guard is asked, give the identity', 'some'))
    const { clock, log, limits } = this.#kit
    const link = (): Link => {
      const [near, far] = createMemoryLinks(peer.description, peer)
      this.#kit.takeLink(far, { identity })
      return near
    }
    const client = new ActionClient(localPlatform('local', link), ['memory:local', { retry: 0, clock, log, limits }])
    const call = client.runAction(action as string, data, options) as Call<never, never, never>
    const close = (): void => void client.close()
    call.then(close, close)
    return call
  }
}

const peer: Peer = { transport: 'memory', description: 'this program', isPrivate: true }

/** The platform of a client that is in its server's process. `name` is what its errors call the address: `memory:<name>`. */
export function localPlatform(name: string, connect: () => Link | Promise<Link>): ClientPlatform {
  return {
    // The environment's token belongs to the server; a foreign client shows its own credentials.
    environment: {},
    readSecret: () => {
      throw new ClientError('a client in its server reads no token files', { code: 'INVALID_OPTION' })
    },
    readAddress: () => ({ transport: 'memory', name }),
    dialer: () => async () => connect(),
  }
}
