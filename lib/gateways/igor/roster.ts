// All clients of an Igor gateway: who has which id, who has a place, who is away and for how long they are kept, and when
// nobody is left. Whoever has introduced itself keeps its place while it is away: no stranger gets it meanwhile.
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import type { Clock, Timer } from '../../core/base/clock.ts'
import type { Logger } from '../../core/base/log.ts'
import { firstOfMost } from './holdings.ts'
import type { IgorClient } from './igor-client.ts'
import type { ClientSocket } from './outbox.ts'

export interface RosterOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly sessionMs: number
  /** Of those that are there, and of known ones that are away. */
  readonly places: FairPlaces
  readonly maxAwayClients: number
  readonly onLastClientGone: (() => void) | undefined
}

export class Roster {
  readonly #options: RosterOptions
  readonly #clients = new Set<IgorClient>()
  readonly #byId = new Map<string, IgorClient>()
  /** Those that may come back, the longest away first. */
  readonly #away = new Map<IgorClient, Timer>()
  /** Strangers that left something running, and will not come back. */
  readonly #unclaimed = new Map<IgorClient, Timer>()
  /** Those that are there and were let in by the server. */
  readonly #inside = new Set<IgorClient>()
  #nobody: Timer | undefined
  #isClosed = false

  constructor(options: RosterOptions) {
    this.#options = options
  }

  get places(): FairPlaces {
    return this.#options.places
  }

  /** Whether somebody has introduced itself, and may come back: also one whose connection seems to stand. */
  get knowsSomebody(): boolean {
    return this.#byId.size > 0
  }

  get openStreams(): number {
    let count = 0
    for (const client of this.#clients) count += client.openStreams
    return count
  }

  find(id: string): IgorClient | undefined {
    return this.#byId.get(id)
  }

  /** False: there is no place for it. A guest takes none: it is known, and has its own. */
  add(client: IgorClient, isGuest = false): boolean {
    if (!isGuest && !this.places.take(client.holdings.place)) return false
    this.#clients.add(client)
    return true
  }

  /** The server has let it in: from now on it would be missed. */
  letIn(client: IgorClient): void {
    if (!this.#clients.has(client) || this.#away.has(client) || this.#unclaimed.has(client)) return
    this.#count(client, client.holdings.address)
    this.#inside.add(client)
    this.#nobody?.cancel()
    this.#nobody = undefined
  }

  /** The client has its id from now on. */
  name(id: string, client: IgorClient): void {
    this.#byId.set(id, client)
    this.letIn(client)
  }

  /** A client that is away, or on another socket, is there again. */
  comeBack(client: IgorClient, socket: ClientSocket, address: string | undefined, greeting: readonly string[]): void {
    this.#away.get(client)?.cancel()
    this.#away.delete(client)
    client.attach(socket, greeting)
    this.letIn(client)
    this.#count(client, address)
  }

  /** A client's socket is gone: it is kept for a while, if it may come back or something runs for it. */
  leave(client: IgorClient, socket: ClientSocket): void {
    const { clock, sessionMs } = this.#options
    if (!client.detach(socket) || !this.#clients.has(client)) return
    const isKnown = client.introduced !== undefined
    if (!isKnown) client.abandon()
    this.#options.log.debug({ id: client.introduced?.id }, 'a connection of an Igor client has ended')
    if (this.#isClosed || (!isKnown && client.openStreams === 0)) this.forget(client)
    else {
      const kept = isKnown ? this.#away : this.#unclaimed
      if (!isKnown) this.places.leave(client.holdings.place)
      kept.set(
        client,
        clock.setTimer(() => this.forget(client), sessionMs),
      )
      this.#keepFew()
    }
    this.#miss(client)
  }

  /** It is over: its streams are cancelled, its id is free. */
  forget(client: IgorClient): void {
    for (const kept of [this.#away, this.#unclaimed]) {
      kept.get(client)?.cancel()
      kept.delete(client)
    }
    if (!this.#clients.delete(client)) return
    this.places.leave(client.holdings.place)
    const id = client.introduced?.id
    if (id !== undefined && this.#byId.get(id) === client) this.#byId.delete(id)
    void client.close('the client has gone')
    this.#miss(client)
  }

  /** An unknown client that is away has nothing more to finish. */
  forgetIfDone(client: IgorClient): void {
    if (this.#unclaimed.has(client) && client.openStreams === 0) this.forget(client)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#nobody?.cancel()
    for (const kept of [this.#away, this.#unclaimed]) {
      for (const timer of kept.values()) timer.cancel()
      kept.clear()
    }
    this.#inside.clear()
    const clients = [...this.#clients]
    this.#clients.clear()
    this.#byId.clear()
    await Promise.all(clients.map((client) => client.close('the server is shutting down')))
  }

  /** Above the bound strangers go first, of the address with most of them: nobody who may come back is pushed out by them. */
  #keepFew(): void {
    if (this.#away.size + this.#unclaimed.size <= this.#options.maxAwayClients) return
    const few = this.#unclaimed.size > 0 ? this.#unclaimed : this.#away
    this.forget(firstOfMost(few.keys(), ({ holdings }) => holdings.holder) as IgorClient)
  }

  /** For who the guards said it is, at this address. */
  #count({ holdings, identity }: IgorClient, address: string | undefined): void {
    holdings.moveTo({ address, identity: identity?.id }, this.places)
  }

  #miss(client: IgorClient): void {
    if (this.#inside.delete(client) && this.#inside.size === 0) this.#onNobody()
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
