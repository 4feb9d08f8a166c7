// A relay between a database and its PostgreSQL, for specs that cut what goes between them.
import { once } from 'node:events'
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'

/** Stands between a database and PostgreSQL, and can be cut, or go silent. */
export class Relay {
  readonly #sockets = new Set<Socket>()
  readonly #target: URL
  #server: NetServer | undefined
  #isSilent = false
  /** Called with what clients send; true cuts. */
  onSent: ((bytes: Buffer) => boolean) | undefined
  /** Called with what the store answers; true cuts. */
  onAnswered: ((bytes: Buffer) => boolean) | undefined
  port = 0

  constructor(target: string) {
    this.#target = new URL(target)
  }

  /** Cuts once, when the answer to what `is` finds arrives: it was done, and nobody hears of it. Returns how often that was so far. */
  loseAnswerTo(is: (bytes: Buffer) => boolean): () => number {
    let cuts = 0
    this.onSent = (bytes) => {
      if (!is(bytes) || cuts > 0) return false
      this.onAnswered = () => {
        this.onAnswered = undefined
        cuts++
        return true
      }
      return false
    }
    return () => cuts
  }

  get url(): string {
    const url = new URL(this.#target)
    url.hostname = '127.0.0.1'
    url.port = String(this.port)
    return url.href
  }

  async open(): Promise<void> {
    this.#isSilent = false
    const server = createServer((client) => {
      const store = connect({ host: this.#target.hostname, port: Number(this.#target.port || 5432) })
      for (const socket of [client, store]) {
        this.#sockets.add(socket)
        socket
          .on('error', () => undefined)
          .on('close', () => {
            this.#sockets.delete(socket)
            client.destroy()
            store.destroy()
          })
      }
      client.on('data', (bytes) => {
        if (this.onSent?.(bytes) === true) this.cutLinks()
        else if (!this.#isSilent) store.write(bytes)
      })
      store.on('data', (bytes) => {
        if (this.onAnswered?.(bytes) === true) this.cutLinks()
        else if (!this.#isSilent) client.write(bytes)
      })
    })
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.port = (server.address() as { port: number }).port
    this.#server = server
  }

  cutLinks(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  silence(): void {
    this.#isSilent = true
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    this.cutLinks()
    await closed
  }
}
