// A server on loopback with an honest client, for peers that are not: whatever they do, the honest one is served,
// and when they are gone nothing of them is left.
import { type Limits, Server, type ServerOptions } from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'
import { arenaActions, Echo, Flood, Hold, Ignore } from './arena-actions.ts'
import { HonestClient } from './honest-client.ts'
import { RawPeer } from './raw-peer.ts'

export { arenaActions, Echo, Flood, Hold, Ignore, refs } from './arena-actions.ts'

export class Arena {
  readonly server: Server
  readonly #peers: RawPeer[] = []
  readonly #client: HonestClient

  private constructor(server: Server, client: HonestClient) {
    this.server = server
    this.#client = client
  }

  static async open(limits: Partial<Limits> = {}, options: ServerOptions = {}): Promise<Arena> {
    const server = new Server({ port: 0, ...options, limits: { sessionLeaseMs: 20, ...limits } })
    server.addAction(new Echo()).addAction(new Hold()).addAction(new Flood()).addAction(new Ignore())
    await server.listen()
    Hold.runs = 0
    Hold.aborted = 0
    Flood.yielded = 0
    return new Arena(server, await HonestClient.connect(server.addresses[0] as string))
  }

  get address(): string {
    return this.server.addresses[0] as string
  }

  /** A raw peer that said nothing yet. */
  async stranger(): Promise<RawPeer> {
    const peer = await RawPeer.connect(this.address)
    this.#peers.push(peer)
    return peer
  }

  /** A raw peer that was let in and has introduced the arena's actions. */
  async guest(hello: Parameters<RawPeer['enter']>[0] = {}): Promise<RawPeer> {
    const peer = await this.stranger()
    await peer.enter(hello)
    peer.introduce(...arenaActions)
    return peer
  }

  /** Runs an attack while the honest client makes calls, all of which must be answered right. */
  async serveOthersDuring<T>(attack: () => Promise<T>): Promise<T> {
    return (await this.#client.isServedDuring(attack)).value
  }

  /** The raw peers leave; only the honest client's session may be left. */
  async close(): Promise<void> {
    for (const peer of this.#peers) peer.close()
    try {
      await waitFor(() => this.server.sessions.length === 1, { what: 'the sessions of the raw peers to end' })
      await waitFor(() => this.server.sessions.every((session) => session.core.runningCount === 0), {
        what: 'what the raw peers called to end',
      })
    } finally {
      await this.#client.close()
      await this.server.shutdown({ graceMs: 0 })
    }
  }
}
