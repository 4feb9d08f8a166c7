// All clients of an Igor gateway: who has which id, who is away and for how long they are kept, and when nobody is left.
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ClientSocket, IgorClient } from './igor-client.ts'

export interface RosterOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly sessionMs: number
  readonly maxAwayClients: number
  readonly onLastClientGone: (() => void) | undefined
}

export class Roster {
  readonly #options: RosterOptions
  readonly #clients = new Set<IgorClient>()
  readonly #byId = new Map<string, IgorClient>()
  /** Those that are away, the longest first. */
  readonly #away = new Map<IgorClient, Timer>()
  #nobody: Timer | undefined
  #isClosed = false

  constructor(options: RosterOptions) {
    this.#options = options
  }

  get connectedCount(): number {
    return this.#clients.size - this.#away.size
  }

  get openStreams(): number {
    let count = 0
    for (const client of this.#clients) count += client.openStreams
    return count
  }

  find(id: string): IgorClient | undefined {
    return this.#byId.get(id)
  }

  add(client: IgorClient): void {
    this.#clients.add(client)
    this.#nobody?.cancel()
    this.#nobody = undefined
  }

  /** The client has its id from now on. */
  name(id: string, client: IgorClient): void {
    this.#byId.set(id, client)
  }

  /** A client that is away, or on another socket, is there again. */
  comeBack(client: IgorClient, socket: ClientSocket, greeting: readonly string[]): void {
    this.#away.get(client)?.cancel()
    this.#away.delete(client)
    client.attach(socket, greeting)
  }

  /** A client's socket is gone: it is kept for a while, if it may come back or something runs for it. */
  leave(client: IgorClient, socket: ClientSocket): void {
    const { clock, sessionMs, maxAwayClients } = this.#options
    if (!client.detach(socket) || !this.#clients.has(client)) return
    const isKnown = client.introduced !== undefined
    if (!isKnown) client.abandon()
    const isLast = this.connectedCount === 1
    this.#options.log.debug({ id: client.introduced?.id }, 'a connection of an Igor client has ended')
    if (this.#isClosed || (!isKnown && client.openStreams === 0)) this.forget(client)
    else {
      this.#away.set(
        client,
        clock.setTimer(() => this.forget(client), sessionMs),
      )
      if (this.#away.size > maxAwayClients) this.forget(this.#away.keys().next().value as IgorClient)
    }
    if (isLast) this.#onNobody()
  }

  /** It is over: its streams are cancelled, its id is free. */
  forget(client: IgorClient): void {
    this.#away.get(client)?.cancel()
    this.#away.delete(client)
    if (!this.#clients.delete(client)) return
    const id = client.introduced?.id
    if (id !== undefined && this.#byId.get(id) === client) this.#byId.delete(id)
    void client.close('the client has gone')
    if (this.connectedCount === 0) this.#onNobody()
  }

  /** An unknown client that is away has nothing more to finish. */
  forgetIfDone(client: IgorClient): void {
    if (this.#away.has(client) && client.introduced === undefined && client.openStreams === 0) this.forget(client)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#nobody?.cancel()
    for (const timer of this.#away.values()) timer.cancel()
    this.#away.clear()
    const clients = [...this.#clients]
    this.#clients.clear()
    this.#byId.clear()
    await Promise.all(clients.map((client) => client.close('the server is shutting down')))
  }

  #onNobody(): void {
    const { clock, sessionMs, onLastClientGone, log } = this.#options
    if (this.#isClosed || onLastClientGone === undefined || this.#nobody !== undefined) return
    this.#nobody = clock.setTimer(() => {
      this.#nobody = undefined
      try {
        onLastClientGone()
      } catch (error) {
        log.error({ error }, 'onLastClientGone failed')
      }
    }, sessionMs)
    // What it does may be the end of the process, which must not come before it.
    this.#nobody.keepProcessAlive(true)
  }
}
