// The addresses that a server itself listens at.
import type { Accounting } from '../accounting/accounting.ts'
import { formatAddress } from '../link/address.ts'
import type { Link } from '../link/link.ts'
import { requireTls } from '../link/listen-tls.ts'
import { type Listener, listenAll, type TlsRenewal } from '../link/listener.ts'
import type { ResolvedServerOptions, ServerTls } from './server-options.ts'

export class OwnPorts {
  #listeners: Listener[] = []

  /** With the ports that it really got; empty before `open`. */
  get addresses(): readonly string[] {
    return this.#listeners.map((listener) => formatAddress(listener.address))
  }

  /** The listening sockets, in the order of the addresses. */
  get fds(): readonly number[] {
    return this.#listeners.flatMap(({ fd }) => fd ?? [])
  }

  get listeners(): readonly Listener[] {
    return this.#listeners
  }

  /** Listens at all addresses, or rejects and listens at none. */
  async open(
    { addresses, given, limits, proxyProtocol }: ResolvedServerOptions,
    accounting: Accounting,
    onLink: (link: Link) => void,
  ): Promise<void> {
    const { tls, network, allowSharedDirectory, fds } = given
    const { handshakeTimeoutMs, maxUnauthenticatedLinks: maxHandshakes } = limits
    const places = { tls, network, allowSharedDirectory, fds, handshakeTimeoutMs, maxHandshakes }
    this.#listeners = await listenAll(addresses, { ...places, proxyProtocol, accounting, onLink })
  }

  /** What renews TLS at each port that has it. Throws ClientError (`INVALID_OPTION`) for what cannot be used. */
  tlsRenewals(given: ServerTls | undefined, renewal: TlsRenewal | undefined): (() => void)[] {
    const renewals = this.#listeners.flatMap(({ renewTls }) => renewTls ?? [])
    if (renewals.length === 0) return []
    const { identify: _, ...tls } = { ...(given as ServerTls), ...renewal }
    requireTls(tls)
    return renewals.map((renew) => () => renew(tls))
  }

  async close(keepsAddresses?: boolean): Promise<void> {
    const listeners = this.#listeners
    this.#listeners = []
    await Promise.all(listeners.map((listener) => listener.close(keepsAddresses)))
  }
}
