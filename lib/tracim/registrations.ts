// The registered clients, and whether each has answered the last ping. Sends nothing itself.
import type { ClientData } from './event-types.ts'

interface Entry {
  readonly client: ClientData
  hasAnswered: boolean
}

export class Registrations {
  readonly #entries = new Map<string, Entry>()

  get size(): number {
    return this.#entries.size
  }

  get clients(): ClientData[] {
    return [...this.#entries.values()].map(({ client }) => client)
  }

  paths(): Iterable<string> {
    return this.#entries.keys()
  }

  has(path: string): boolean {
    return this.#entries.has(path)
  }

  /** Replaces the entry of a known path. */
  add(client: ClientData): void {
    this.#entries.set(client.path, { client, hasAnswered: true })
  }

  remove(path: string): ClientData | undefined {
    const entry = this.#entries.get(path)
    this.#entries.delete(path)
    return entry?.client
  }

  markAnswered(path: string): void {
    const entry = this.#entries.get(path)
    if (entry !== undefined) entry.hasAnswered = true
  }

  /** Removes and returns the clients that have not answered since the last round. The others must answer before the next one. */
  nextRound(): ClientData[] {
    const silent = [...this.#entries.values()].filter(({ hasAnswered }) => !hasAnswered).map(({ client }) => client)
    for (const { path } of silent) this.#entries.delete(path)
    for (const entry of this.#entries.values()) entry.hasAnswered = false
    return silent
  }
}
