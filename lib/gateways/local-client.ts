// A gateway's client of its own server, one for each foreign client. The foreign client's requests run in an ordinary
// session over an in-memory link, with its guards, limits, deadlines, channels and guarantees.
import type { IsockError } from '../core/base/errors.ts'
import { endlessTurns } from '../core/base/handler-turns.ts'
import type { ClientKit } from '../core/client/client-kit.ts'
import type { ClientOptions } from '../core/client/client-options.ts'
import type { Connection } from '../core/client/connection.ts'
import type { Peer } from '../core/link/link.ts'
import { FeatureClient } from '../facade/feature-client.ts'
import { localPlatform } from '../facade/local-calls.ts'
import type { WebHost } from '../features/web/gateway.ts'
import { publicError } from './public-errors.ts'

/** The options that a gateway may set for its foreign client. */
export type LocalClientOptions = Pick<
  ClientOptions,
  'credentials' | 'name' | 'timeoutMs' | 'retry' | 'classes' | 'metadata'
>

export class LocalClient extends FeatureClient {
  /** Called when the server has ended the session. The gateway sets it to disconnect the foreign client. */
  onServerEnded: (reason: IsockError) => void = () => undefined
  readonly #host: WebHost

  /** `peer` is the foreign client as the server sees it. Throws ClientError (`INVALID_OPTION`). */
  constructor(host: WebHost, peer: Peer, options: LocalClientOptions = {}) {
    const { clock, log, limits } = host
    super(
      localPlatform('gateway', () => host.connect(peer)),
      ['memory:gateway', { ...options, clock, log, limits }],
    )
    this.#host = host
  }

  /** What the foreign client may see of an error that ended a call or a listener of this client. */
  publicError(error: unknown): unknown {
    return publicError(error, this.#host)
  }

  /**
   * Its handlers are a gateway's, which collect or send and run none of the program's code. What was published together arrives in one turn,
   * however busy the machine is: a gateway may have promised to send it as one message.
   */
  protected override get kit(): ClientKit {
    return { ...super.kit, turns: endlessTurns }
  }

  protected override onDismissed(connection: Connection, reason: IsockError): void {
    super.onDismissed(connection, reason)
    this.onServerEnded(reason)
  }
}
