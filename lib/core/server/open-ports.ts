// The warning for each port that other machines can reach and that asks for no credentials, when it opens. Does not refuse to
// open it: such a server may be intended.
import type { Logger } from '../base/log.ts'
import { formatAddress, isLoopback } from '../link/address.ts'
import type { Listener } from '../link/listener.ts'

/** A port that was opened. */
export interface OpenedPort {
  /** The address that clients use. */
  readonly address: string
  /** The host it is bound to. */
  readonly host: string
  readonly tls?:
    | { readonly requestCert?: boolean | undefined; readonly rejectUnauthorized?: boolean | undefined }
    | undefined
}

export class OpenPorts {
  readonly #isGuarded: boolean
  readonly #log: Logger

  constructor(isGuarded: boolean, log: Logger) {
    this.#isGuarded = isGuarded
    this.#log = log
  }

  /** Checks the ports of the server itself. */
  lookAt(listeners: readonly Listener[], tls: OpenedPort['tls']): void {
    for (const { address } of listeners) {
      const { transport } = address
      if (transport !== 'tcp' && transport !== 'tls') continue
      this.look({ address: formatAddress(address), host: address.host, tls: transport === 'tls' ? tls : undefined })
    }
  }

  look({ address, host, tls }: OpenedPort): void {
    const asksForCertificate = tls?.requestCert === true && tls.rejectUnauthorized !== false
    if (this.#isGuarded || asksForCertificate || isLoopback(host)) return
    const message = `${address} can be reached from other machines and admits everyone; set a token or guards, or listen at 127.0.0.1`
    this.#log.warn({ address }, message)
  }
}
