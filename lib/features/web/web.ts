// The web as a feature of a server: its ports for browsers, which end when it drains.
import type { TlsRenewal } from '../../core/link/listener.ts'
import type { ServerFeature, ServerKit } from '../../core/server/feature.ts'
import type { ProcessView } from './web-host.ts'
import type { WebOptions } from './web-options.ts'
import type { WebListener, WebServer } from './web-server.ts'

export class Web implements ServerFeature {
  readonly #kit: ServerKit
  readonly #processes: () => readonly ProcessView[]
  readonly #servers = new Set<WebServer>()
  #drained: readonly WebServer[] = []

  constructor(kit: ServerKit, processes: () => readonly ProcessView[]) {
    this.#kit = kit
    this.#processes = processes
  }

  /** Where clients connect, of every port that is open. */
  get addresses(): readonly string[] {
    return [...this.#servers].flatMap((server) => (server.isOpen ? server.address : []))
  }

  /** What renews TLS at each port of our own that has it. */
  tlsRenewals(renewal: TlsRenewal | undefined): (() => void)[] {
    return [...this.#servers].flatMap((server) => (server.isOpen ? server.tlsRenewals(renewal) : []))
  }

  /** Loads what it needs with the first use. */
  async listen(options: WebOptions): Promise<WebListener> {
    const { WebServer } = await import('./web-server.ts')
    const server = new WebServer(this.#kit, options, {
      processes: this.#processes,
      onClosed: () => this.#servers.delete(server),
    })
    // Known before it is open, so that a drain meanwhile finds it.
    this.#servers.add(server)
    try {
      await server.open()
      if (this.#kit.server.isShuttingDown) await server.close()
      return server
    } catch (error) {
      this.#servers.delete(server)
      throw error
    }
  }

  async onDrain(graceMs: number): Promise<void> {
    this.#drained = [...this.#servers]
    await Promise.all(this.#drained.map((server) => server.drain(graceMs)))
  }

  /** Ends links that came while the gateways drained, and never became a session's. */
  async onDrained(): Promise<void> {
    await Promise.all(this.#drained.map((server) => server.close()))
  }
}
