// A server on loopback with an honest client, for peers that are not: whatever they do, the honest one is served,
// and when they are gone nothing of them is left.
import { expect } from 'chai'
import { Action, Client, type Context, type Limits, Server, type ServerOptions } from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'
import { RawPeer } from './raw-peer.ts'

export class Echo extends Action {
  action(value: unknown) {
    return value
  }
}

/** Runs until it is told to end. */
export class Hold extends Action {
  static runs = 0
  static aborted = 0

  async action(_data: unknown, { signal }: Context) {
    Hold.runs++
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    Hold.aborted++
  }
}

/** Items without end, as fast as they are taken. */
export class Flood extends Action {
  static yielded = 0

  async *action(itemBytes: number) {
    const item = 'x'.repeat(itemBytes)
    for (;;) {
      Flood.yielded++
      yield item
    }
  }
}

/** Takes a stream and never reads it. */
export class Ignore extends Action {
  async action(_items: AsyncIterable<unknown>, { signal }: Context) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
}

/** The names by which raw peers call the arena's actions, in the order of their refs. */
export const arenaActions = ['Echo', 'Hold', 'Flood', 'Ignore'] as const
export const refs = { Echo: 0, Hold: 1, Flood: 2, Ignore: 3 } as const

export class Arena {
  readonly server: Server
  readonly #peers: RawPeer[] = []
  readonly #client: Client

  private constructor(server: Server) {
    this.server = server
    this.#client = new Client(this.address, { timeoutMs: 5_000, keepConnected: true })
  }

  static async open(limits: Partial<Limits> = {}, options: ServerOptions = {}): Promise<Arena> {
    const server = new Server({ port: 0, ...options, limits: { sessionLeaseMs: 20, ...limits } })
    server.addAction(new Echo()).addAction(new Hold()).addAction(new Flood()).addAction(new Ignore())
    await server.listen()
    Hold.runs = 0
    Hold.aborted = 0
    Flood.yielded = 0
    const arena = new Arena(server)
    await arena.#client.connect()
    return arena
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
    const client = this.#client
    let isOver = false
    const serve = async (): Promise<number> => {
      let served = 0
      while (!isOver) expect(await client.runAction(Echo, served)).to.equal(served++)
      return served
    }
    const serving = serve()
    try {
      return await attack()
    } finally {
      isOver = true
      expect(await serving).to.be.greaterThan(0)
      expect(await client.runAction(Echo, 'still here')).to.equal('still here')
    }
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
