// A TCP proxy that ends the connections through it when it is told to: in order, with a reset, or so that nobody hears
// of it.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

const ways = ['fin', 'reset', 'stall'] as const

interface Pair {
  readonly near: Socket
  readonly far: Socket
}

export class Cutter {
  cuts = 0
  readonly #server: Server
  readonly #pairs = new Set<Pair>()

  private constructor(targetPort: number) {
    this.#server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
      const pair = { near, far }
      this.#pairs.add(pair)
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        socket.on('error', () => undefined)
        socket.once('close', () => {
          this.#pairs.delete(pair)
          other.destroySoon()
        })
        socket.pipe(other)
      }
    })
  }

  static async start(targetPort: number): Promise<Cutter> {
    const cutter = new Cutter(targetPort)
    cutter.#server.listen(0, '127.0.0.1')
    await once(cutter.#server, 'listening')
    return cutter
  }

  get address(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Cuts one of the connections, in one of the ways. */
  cutOne(): void {
    const pairs = [...this.#pairs]
    const pair = pairs[Math.floor(Math.random() * pairs.length)]
    if (pair === undefined) return
    const how = ways[this.cuts++ % ways.length]
    for (const socket of [pair.near, pair.far]) {
      if (how === 'fin') socket.end()
      else if (how === 'reset') socket.resetAndDestroy()
      else {
        // Both ends keep their connections and hear nothing, until their heartbeats say that the other is dead.
        socket.unpipe()
        socket.resume()
      }
    }
  }

  async close(): Promise<void> {
    this.#server.close()
    for (const { near, far } of this.#pairs) {
      near.destroy()
      far.destroy()
    }
    await once(this.#server, 'close')
  }
}
