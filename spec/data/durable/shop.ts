// A store of accounts for the specs of transactional actions, and servers that come back at the same place over it.
import { Action, ActionError, Client, type ClientOptions, type Context, Server, type ServerOptions } from 'isock'
import { field, Model, type ModelClass } from 'isock/data'
import type { ServerKit } from '../../../lib/core/server/feature.ts'
import type { SessionKeeper } from '../../../lib/core/server/session-keeper.ts'
import { type Data, data } from '../../../lib/features/data/data.ts'
import type { KeptSessions } from '../../../lib/features/data/durable/kept-sessions.ts'
import { VirtualNetwork } from '../../setup/virtual-network.ts'
import type { StoreOptions } from '../stores.ts'

export class Entry extends Model {
  note = field.text()
  amount = field.integer()
}

export class Refused extends ActionError {
  constructor() {
    super('not with this amount', { code: 'REFUSED' })
  }
}

/** Holds handlers until the spec lets them continue. */
export class Gate {
  readonly arrived: string[] = []
  #isOpen = true
  readonly #wakers: (() => void)[] = []

  close(): void {
    this.#isOpen = false
  }

  open(): void {
    this.#isOpen = true
    for (const wake of this.#wakers.splice(0)) wake()
  }

  async pass(name: string): Promise<void> {
    this.arrived.push(name)
    if (!this.#isOpen) await new Promise<void>((resolve) => this.#wakers.push(resolve))
  }
}

export interface Deposit {
  readonly note: string
  readonly amount: number
}

/** Writes an entry when its gate is open; refuses what is below zero, after it was written. */
export class Post extends Action {
  static override transactional = true
  static override errors = [Refused]
  readonly gate: Gate

  constructor(gate: Gate) {
    super()
    this.gate = gate
  }

  async action({ note, amount }: Deposit, { db }: Context): Promise<string> {
    await this.gate.pass(note)
    await db.create(Entry, { note, amount })
    if (amount < 0) throw new Refused()
    return `posted ${note}`
  }
}

export class Volatile extends Action {
  readonly gate: Gate

  constructor(gate: Gate) {
    super()
    this.gate = gate
  }

  async action(note: string): Promise<string> {
    await this.gate.pass(note)
    return note
  }
}

export class PostAll extends Action {
  static override transactional = true

  async *action(notes: readonly string[], { db }: Context): AsyncGenerator<string, number> {
    for (const note of notes) {
      await db.create(Entry, { note, amount: 1 })
      yield `item ${note}`
    }
    return notes.length
  }
}

export class Read extends Action {
  static override transactional = true

  async action(note: string, { db }: Context): Promise<number> {
    return db.count(Entry, { note })
  }
}

/** One server of a place. */
export interface Running {
  readonly server: Server
  readonly keeper: KeptSessions
  readonly data: Data
  readonly kit: ServerKit
  readonly gate: Gate
}

/** A place at which servers follow each other. Those that were left still run, as processes do that only stood still. */
export class Place {
  readonly network = new VirtualNetwork()
  readonly #store: StoreOptions
  readonly #models: readonly ModelClass[]
  readonly #servers: Server[] = []
  readonly #clients: Client[] = []

  constructor(store: StoreOptions, models: readonly ModelClass[] = [Entry]) {
    this.#store = store
    this.#models = models
  }

  async serve(
    options: ServerOptions = {},
    gate = new Gate(),
    more: readonly Action[] | ((server: Server) => unknown) = [],
  ): Promise<Running> {
    let kit: ServerKit | undefined
    let keeper: unknown
    const spied = data({ models: this.#models, maxConnections: 3, ...this.#store })
    const features = [
      {
        name: 'data',
        attach: (given: ServerKit) => {
          kit = given
          const keepSessions = (kept: SessionKeeper): void => {
            keeper = kept
            given.keepSessions(kept)
          }
          return spied.attach(Object.create(given, { keepSessions: { value: keepSessions } }) as ServerKit)
        },
      },
    ]
    const server = new Server('memory:shop', { network: this.network, features, ...options })
    for (const action of [new Post(gate), new Volatile(gate), new PostAll(), new Read()]) server.addAction(action)
    if (typeof more === 'function') more(server)
    else for (const action of more) server.addAction(action)
    this.#servers.push(server)
    this.network.setReachable('shop', true)
    await server.listen()
    return {
      server,
      keeper: keeper as KeptSessions,
      data: server.findFeature('data') as Data,
      kit: kit as ServerKit,
      gate,
    }
  }

  /** Links break, and nobody listens: the server does not know. */
  leave(): void {
    this.network.crash('shop')
  }

  client(options: ClientOptions = {}): Client {
    const backoff = { minMs: 5, maxMs: 20 }
    const client = new Client('memory:shop', { network: this.network, retry: 50, backoff, ...options })
    this.#clients.push(client)
    return client
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    await Promise.all(this.#servers.map((server) => server.shutdown({ graceMs: 0 })))
  }
}
