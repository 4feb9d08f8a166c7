// All clients of an Igor gateway: their ids, their places, how long they are kept while away, and when none is left.
// A client that has introduced itself keeps its place while it is away; no unknown client gets it.
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import type { Clock, Timer } from '../../core/base/clock.ts'
import type { Logger } from '../../core/base/log.ts'
import type { ClientSocket } from '../socket-queue.ts'
import { oldestOfLargest } from './client-accounts.ts'
import type { IgorClient } from './igor-client.ts'

export interface ClientTableOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly sessionMs: number
  /** The places of connected clients, and of known ones that are away. */
  readonly places: FairPlaces
  readonly maxAwayClients: number
  readonly onLastClientGone: (() => void) | undefined
}

export class ClientTable {
  readonly #options: ClientTableOptions
  readonly #clients = new Set<IgorClient>()
  readonly #byId = new Map<string, IgorClient>()
  /** Known clients that are away, longest first. */
  readonly #away = new Map<IgorClient, Timer>()
  /** Unknown clients that left something running, and cannot come back. */
  readonly #orphaned = new Map<IgorClient, Timer>()
  /** Connected clients that the server has admitted. */
  readonly #admitted = new Set<IgorClient>()
  #emptyTimer: Timer | undefined
  #isClosed = false

  constructor(options: ClientTableOptions) {
    this.#options = options
  }

  get places(): FairPlaces {
    return this.#options.places
  }

  /** Whether any client has introduced itself, and may come back. A dead connection may still look open. */
  get hasIntroduced(): boolean {
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

  /** Returns false if there is no place. A guest takes none: it is a known client, which has its own. */
  add(client: IgorClient, isGuest = false): boolean {
    if (!isGuest && !this.places.take(client.accounts.place)) return false
    this.#clients.add(client)
    return true
  }

  /** Called when the server has admitted the client: from now on, `onLastClientGone` waits for it. */
  setAdmitted(client: IgorClient): void {
    if (!this.#clients.has(client) || this.#away.has(client) || this.#orphaned.has(client)) return
    this.#count(client, client.accounts.address)
    this.#admitted.add(client)
    this.#emptyTimer?.cancel()
    this.#emptyTimer = undefined
  }

  /** Assigns this id to the client. */
  name(id: string, client: IgorClient): void {
    this.#byId.set(id, client)
    this.setAdmitted(client)
  }

  /** Called when a client that was away, or on another socket, is connected again. */
  resume(client: IgorClient, socket: ClientSocket, address: string | undefined, greeting: readonly string[]): void {
    this.#away.get(client)?.cancel()
    this.#away.delete(client)
    client.attach(socket, greeting)
    this.setAdmitted(client)
    this.#count(client, address)
  }

  /** Called when a client's socket is gone. Keeps the client for a while, if it may come back or something runs for it. */
  leave(client: IgorClient, socket: ClientSocket): void {
    const { clock, sessionMs } = this.#options
    if (!client.detach(socket) || !this.#clients.has(client)) return
    const isKnown = client.introduced !== undefined
    if (!isKnown) client.abandon()
    this.#options.log.debug({ id: client.introduced?.id }, 'a connection of an Igor client has ended')
    if (this.#isClosed || (!isKnown && client.openStreams === 0)) this.forget(client)
    else {
      const kept = isKnown ? this.#away : this.#orphaned
      if (!isKnown) this.places.leave(client.accounts.place)
      kept.set(
        client,
        clock.setTimer(() => this.forget(client), sessionMs),
      )
      this.#enforceLimit()
    }
    this.#onGone(client)
  }

  /** Removes the client: cancels its streams, frees its id. */
  forget(client: IgorClient): void {
    for (const kept of [this.#away, this.#orphaned]) {
      kept.get(client)?.cancel()
      kept.delete(client)
    }
    if (!this.#clients.delete(client)) return
    this.places.leave(client.accounts.place)
    const id = client.introduced?.id
    if (id !== undefined && this.#byId.get(id) === client) this.#byId.delete(id)
    void client.close('the client disconnected')
    this.#onGone(client)
  }

  /** Removes an unknown client that has left, once nothing runs for it. */
  forgetIfDone(client: IgorClient): void {
    if (this.#orphaned.has(client) && client.openStreams === 0) this.forget(client)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#emptyTimer?.cancel()
    for (const kept of [this.#away, this.#orphaned]) {
      for (const timer of kept.values()) timer.cancel()
      kept.clear()
    }
    this.#admitted.clear()
    const clients = [...this.#clients]
    this.#clients.clear()
    this.#byId.clear()
    await Promise.all(clients.map((client) => client.close('the server is shutting down')))
  }

  /**
   * Above the limit, removes unknown clients first, of the address with the most: they never displace a client that may
   * come back.
   */
  #enforceLimit(): void {
    if (this.#away.size + this.#orphaned.size <= this.#options.maxAwayClients) return
    const few = this.#orphaned.size > 0 ? this.#orphaned : this.#away
    this.forget(oldestOfLargest(few.keys(), ({ accounts }) => accounts.holder) as IgorClient)
  }

  /** Counts the client for its identity, at this address. */
  #count({ accounts, identity }: IgorClient, address: string | undefined): void {
    accounts.moveTo({ address, identity: identity?.id }, this.places)
  }

  #onGone(client: IgorClient): void {
    if (this.#admitted.delete(client) && this.#admitted.size === 0) this.#onEmpty()
  }

  #onEmpty(): void {
    const { clock, sessionMs, onLastClientGone, log } = this.#options
    if (this.#isClosed || onLastClientGone === undefined || this.#emptyTimer !== undefined) return
    this.#emptyTimer = clock.setTimer(() => {
      this.#emptyTimer = undefined
      try {
        onLastClientGone()
      } catch (error) {
        log.error({ error }, 'onLastClientGone failed')
      }
    }, sessionMs)
    // The callback may end the process, so the process must stay alive until it is called.
    this.#emptyTimer.keepProcessAlive(true)
  }
}
