// Keeps a store in memory in files: loads them at the start, saves periodically and at the end.
import type { Timer } from '../../core/base/clock.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { Database } from './database.ts'

export class Persisting {
  readonly #database: Database
  readonly #kit: ServerKit
  #timer: Timer | undefined
  #saving: Promise<void> = Promise.resolve()
  #isLoaded = false
  #isStopped = false

  constructor(database: Database, kit: ServerKit) {
    this.#database = database
    this.#kit = kit
  }

  /** A missing directory is an empty store. */
  async load(): Promise<void> {
    const { directory, format } = this.#database.options
    if (directory !== undefined) await this.#database.load(directory, { format, replace: true })
    this.#isLoaded = true
  }

  start(): void {
    const { persist } = this.#database.options
    if (persist === false || persist === 'shutdown' || this.#isStopped) return
    this.#timer = this.#kit.clock.setTimer(() => {
      this.#saving = this.#save().finally(() => this.start())
    }, persist.everyMs)
  }

  /** Saves for the last time. Leaves files untouched that could not be loaded. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#saving
    if (this.#isLoaded && this.#database.options.persist !== false) await this.#save()
  }

  /** Never rejects: a failed save is reported, and retried the next time. */
  async #save(): Promise<void> {
    const { directory, format } = this.#database.options
    try {
      if (directory !== undefined) await this.#database.save(directory, { format })
    } catch (error) {
      this.#kit.report(error, `saving data to ${directory}`)
    }
  }
}
