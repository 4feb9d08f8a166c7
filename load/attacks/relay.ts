// Lets a client come from an address of its own: its connections go on from there. Can cut them and refuse others.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

export class Relay {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  #isOpen = true

  private constructor(host: string, port: number, localAddress: string) {
    this.#server = createServer({ noDelay: true }, (near) => {
      if (!this.#isOpen) {
        near.destroy()
        return
      }
      const far = connect({ host, port, localAddress, noDelay: true })
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(one)
        one.on('error', () => undefined)
        one.once('close', () => {
          this.#open.delete(one)
          other.destroy()
        })
        one.pipe(other)
      }
    })
  }

  static async open(host: string, port: number, localAddress: string): Promise<Relay> {
    const relay = new Relay(host, port, localAddress)
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  get address(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Breaks all connections and lets no more through. */
  cut(): void {
    this.#isOpen = false
    for (const socket of this.#open) socket.resetAndDestroy()
  }

  mend(): void {
    this.#isOpen = true
  }

  close(): void {
    this.cut()
    this.#server.close()
  }
}
