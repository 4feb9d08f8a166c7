// How one Igor client gets into the server, from where it is: the gateway's own clients for it, and whom the guards take it
// for.
import type { Identity } from '../../core/action/context.ts'
import type { Credential } from '../../core/action/guard.ts'
import type { Peer } from '../../core/link/link.ts'
import type { WebHost } from '../../features/web/gateway.ts'
import { LocalClient } from '../local-client.ts'

export class Admittance {
  readonly #host: WebHost
  readonly #peer: Peer

  /** `peer` is the client as the server is to see it. */
  constructor(host: WebHost, peer: Peer) {
    this.#host = host
    this.#peer = peer
  }

  /** A client of the server, not connected yet. Throws ClientError (`INVALID_OPTION`) for a name that it cannot have. */
  makeLocal(credentials: readonly Credential[], name?: string): LocalClient {
    return new LocalClient(this.#host, this.#peer, { credentials, ...(name === undefined ? {} : { name }) })
  }

  /** Who the guards said it is. */
  identityOf({ sessionId }: LocalClient): Identity | undefined {
    return this.#host.findSession(sessionId)?.identity
  }

  /** Asks the guards who it is with these credentials. Rejects where the server does not let it in. */
  async identityWith(credentials: readonly Credential[]): Promise<Identity | undefined> {
    const local = this.makeLocal(credentials)
    try {
      await local.connect()
      return this.identityOf(local)
    } finally {
      await local.close()
    }
  }
}
