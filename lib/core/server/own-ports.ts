// The ports of a server itself, apart from those of its features.
import type { Accounting } from '../accounting/accounting.ts'
import { formatAddress } from '../link/address.ts'
import type { Link } from '../link/link.ts'
import { type Listener, type ListenTls, listenAll, type TlsRenewal } from '../link/listener.ts'
import { renewedTls, usableTls } from '../link/port-tls.ts'
import { type TlsWatch, watchTls } from '../link/tls-watch.ts'
import type { ResolvedServerOptions, ServerTls } from './server-options.ts'

export class OwnPorts {
  readonly #options: ResolvedServerOptions
  readonly #accounting: Accounting
  #listeners: Listener[] = []
  #watch: TlsWatch | undefined

  constructor(options: ResolvedServerOptions, accounting: Accounting) {
    this.#options = options
    this.#accounting = accounting
  }

  /** With the actual ports; empty before `open`. */
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
  async open(onLink: (link: Link) => void): Promise<void> {
    const { addresses, given, limits, clock, log, proxyProtocol } = this.#options
    const { network, allowSharedDirectory, fds } = given
    const isTls = addresses.some(({ transport }) => transport === 'tls')
    const renew = (): void => {
      for (const each of this.tlsRenewals(undefined)) each()
    }
    // Before the files are read.
    const watch = isTls ? watchTls(given.tls, { clock, log, renew }) : undefined
    const { handshakeTimeoutMs, maxUnauthenticatedLinks: maxHandshakes } = limits
    const places = { network, allowSharedDirectory, fds, handshakeTimeoutMs, maxHandshakes, proxyProtocol }
    try {
      const tls = isTls && given.tls !== undefined ? usableOf(given.tls) : undefined
      this.#listeners = await listenAll(addresses, { ...places, tls, accounting: this.#accounting, onLink })
      this.#watch = watch
    } catch (error) {
      watch?.close()
      throw error
    }
  }

  /** A function for each port with TLS that renews it. Throws ClientError (`INVALID_OPTION`) if the TLS cannot be used. */
  tlsRenewals(renewal: TlsRenewal | undefined): (() => void)[] {
    const renewals = this.#listeners.flatMap(({ renewTls }) => renewTls ?? [])
    if (renewals.length === 0) return []
    const tls = usableOf(renewedTls(this.#options.given.tls as ServerTls, renewal))
    return renewals.map((renew) => () => renew(tls))
  }

  async close(keepsAddresses?: boolean): Promise<void> {
    const listeners = this.#listeners
    this.#listeners = []
    this.#watch?.close()
    await Promise.all(listeners.map((listener) => listener.close(keepsAddresses)))
  }
}

function usableOf({ identify: _, ...tls }: ServerTls): ListenTls {
  return usableTls(tls)
}
