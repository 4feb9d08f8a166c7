// The web as a feature of a server: its ports for browsers, which close when the server drains.
import type { TlsRenewal } from '../../core/link/listener.ts'
import type { ActionServer } from '../../core/server/action-server.ts'
import type { ServerFeature, ServerKit } from '../../core/server/feature.ts'
import type { ProcessView } from './web-host.ts'
import type { WebOptions } from './web-options.ts'
import { type WebListener, WebServer } from './web-server.ts'

/** The part of an isock server that its web ports need. */
export interface ServerWithProcesses extends Pick<ActionServer, 'addFeature' | 'findFeature'> {
  readonly processes: readonly ProcessView[]
}

const name = 'web'

/**
 * Serves browsers over WebSockets, and clients of other protocols through gateways, on a port of its own or on your HTTP server:
 * with the same actions, sessions and guarantees. Rejects pages of other origins and unknown host names unless `origins` and
 * `hosts` list them. `server.shutdown()` closes it.
 *
 * @throws ClientError: `INVALID_OPTION`, `MISSING_PACKAGE`; ServerError: `ADDRESS_IN_USE`, `LISTEN_FAILED`, `SHUTTING_DOWN`.
 * @example
 * const web = await listenWeb(server, { port: 8080, static: 'public', gateways: [http()] })
 * console.log(web.url) // http://127.0.0.1:8080; a client connects to ws://127.0.0.1:8080
 */
export async function listenWeb(server: ServerWithProcesses, options: WebOptions): Promise<WebListener> {
  const attach = (kit: ServerKit) => new Web(kit, () => server.processes)
  const web = (server.findFeature(name) as Web | undefined) ?? server.addFeature({ name, attach })
  return web.listen(options)
}

class Web implements ServerFeature {
  readonly #kit: ServerKit
  readonly #processes: () => readonly ProcessView[]
  readonly #servers = new Set<WebServer>()
  #drained: readonly WebServer[] = []

  constructor(kit: ServerKit, processes: () => readonly ProcessView[]) {
    this.#kit = kit
    this.#processes = processes
  }

  /** The addresses for clients, one for each open port. */
  get addresses(): readonly string[] {
    return [...this.#servers].flatMap((server) => (server.isOpen ? server.address : []))
  }

  /** Functions that renew the TLS of our own ports, for each one with TLS. */
  tlsRenewals(renewal: TlsRenewal | undefined): (() => void)[] {
    return [...this.#servers].flatMap((server) => (server.isOpen ? server.tlsRenewals(renewal) : []))
  }

  listen(options: WebOptions): Promise<WebListener> {
    return this.#kit.opening(() => this.#listen(options))
  }

  async #listen(options: WebOptions): Promise<WebListener> {
    const server = new WebServer(this.#kit, options, {
      processes: this.#processes,
      onClosed: () => this.#servers.delete(server),
    })
    // Added before it is open, so that a drain in the meantime closes it.
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

  /** Ends links that arrived while the gateways drained and never joined a session. */
  async onDrained(): Promise<void> {
    await Promise.all(this.#drained.map((server) => server.close()))
  }
}
