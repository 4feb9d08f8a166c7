// The clients that are registered, and which of them have answered since the last ping. Sends nothing itself.
import type { ClientData } from './event-types.ts'

interface Entry {
  readonly client: ClientData
  hasAnswered: boolean
}

export class Roster {
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

  /** A path that is there already has its entry replaced. */
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

  /** Removes those that have not answered since the last round, and expects an answer of all others. */
  nextRound(): ClientData[] {
    const silent = [...this.#entries.values()].filter(({ hasAnswered }) => !hasAnswered).map(({ client }) => client)
    for (const { path } of silent) this.#entries.delete(path)
    for (const entry of this.#entries.values()) entry.hasAnswered = false
    return silent
  }
}
