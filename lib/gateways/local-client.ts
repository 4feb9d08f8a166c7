// A gateway's own client of the server that it belongs to, for one foreign client: what that one wants runs in a session
// like any other, with its guards, limits, deadlines, channels and promises. The way is a link in memory.
import { ClientError, type IsockError } from '../core/base/errors.ts'
import type { ClientOptions } from '../core/client/client-options.ts'
import type { ClientPlatform } from '../core/client/client-platform.ts'
import type { Connection } from '../core/client/connection.ts'
import type { Peer } from '../core/link/link.ts'
import { FeatureClient } from '../facade/feature-client.ts'
import type { WebHost } from '../features/web/gateway.ts'
import { forStrangers } from './stranger-errors.ts'

/** What a gateway may say for its foreign client. */
export type LocalClientOptions = Pick<ClientOptions, 'credentials' | 'name' | 'timeoutMs' | 'retry' | 'classes'>

export class LocalClient extends FeatureClient {
  /** The server ended its session: the foreign client is to go. Set by who speaks to that. */
  onServerEnded: (reason: IsockError) => void = () => undefined
  readonly #host: WebHost

  /** `peer` is the foreign client as the server is to see it. Throws ClientError (`INVALID_OPTION`). */
  constructor(host: WebHost, peer: Peer, options: LocalClientOptions = {}) {
    const { clock, log, limits } = host
    super(platformOf(host, peer), ['memory:gateway', { ...options, clock, log, limits }])
    this.#host = host
  }

  /** What the foreign client may hear of an error that a call or a listener of this client ended with. */
  toldOf(error: unknown): unknown {
    return forStrangers(error, this.#host)
  }

  override onDismissed(connection: Connection, reason: IsockError): void {
    super.onDismissed(connection, reason)
    this.onServerEnded(reason)
  }
}

function platformOf(host: WebHost, peer: Peer): ClientPlatform {
  return {
    // The environment's token is the server's own; a foreign client shows what it has itself.
    environment: {},
    readSecret: () => {
      throw new ClientError('a gateway reads no token files', { code: 'INVALID_OPTION' })
    },
    readAddress: () => ({ transport: 'memory', name: 'gateway' }),
    dialer: () => async () => host.connect(peer),
  }
}
