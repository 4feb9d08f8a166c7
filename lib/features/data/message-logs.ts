// The logs of a server's durable channels: loads what they need with the first such channel, so that other servers pay nothing.
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { Refused } from '../../core/action/refused.ts'
import { BusyError, IsockError } from '../../core/base/errors.ts'
import { OpenedOnce } from '../../core/base/opened-once.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type {
  LogBounds,
  LogNews,
  LogPage,
  LogRoom,
  MessageLogs,
  OutgoingMessage,
} from '../../core/server/message-logs.ts'
import { type Database, durableStore, storeHints } from './database.ts'
import type { RoomLogs } from './durable/room-logs.ts'

export class SharedLogs implements MessageLogs {
  readonly #database: Database
  readonly #kit: ServerKit
  readonly #bounds = new Map<string, LogBounds>()
  readonly #logs = new OpenedOnce(() => this.#open())
  #hasStarted = false
  #isOpen = false

  constructor(database: Database, kit: ServerKit) {
    this.#database = database
    this.#kit = kit
  }

  /** Called when the store is open. Rejects if there are durable channels, and the store cannot be used for them. */
  async start(): Promise<void> {
    this.#hasStarted = true
    if (this.#bounds.size > 0) await this.opened()
  }

  /** False: a transaction must not begin, because opening waits for it. */
  get isReady(): boolean {
    return this.#isOpen || this.#bounds.size === 0
  }

  /** Rejects as not started. */
  async ready(): Promise<void> {
    try {
      await this.opened()
    } catch (error) {
      const reason = error instanceof IsockError ? `: ${error.message}` : ''
      throw new Refused(new BusyError(`the store of data cannot be used for durable channels${reason}`))
    }
  }

  /** Never rejects. */
  async stop(): Promise<void> {
    await (await this.#logs.ifOpened())?.close()
  }

  keep(channel: string, bounds: LogBounds | undefined): void {
    if (bounds === undefined) this.#bounds.delete(channel)
    else this.#bounds.set(channel, bounds)
    if (this.#hasStarted)
      this.opened()
        .then((logs) => logs.keep(channel, bounds))
        .catch(() => undefined)
  }

  async append(message: OutgoingMessage): Promise<number> {
    return (await this.opened()).append(message)
  }

  async after(room: LogRoom, offset: number, limit: number): Promise<LogPage> {
    return (await this.opened()).after(room, offset, limit)
  }

  async newest(room: LogRoom, limit: number): Promise<LogPage> {
    return (await this.opened()).newest(room, limit)
  }

  watch(room: LogRoom, onNews: (news: LogNews) => void): () => void {
    let isOver = false
    let end: (() => void) | undefined
    const begin = (logs: RoomLogs): void => {
      if (!isOver) end = logs.watch(room, onNews)
    }
    // Where the store cannot be opened, reading fails, too.
    this.opened().then(begin, () => undefined)
    return () => {
      isOver = true
      end?.()
    }
  }

  opened(): Promise<RoomLogs> {
    return this.#logs.get()
  }

  async #open(): Promise<RoomLogs> {
    const [{ RoomLogs: Logs }, { RoomRows: Rows }, store, hints] = await Promise.all([
      import('./durable/room-logs.ts'),
      import('./durable/room-rows.ts'),
      this.#database[durableStore](),
      this.#database[storeHints]((error) => this.#kit.report(error, 'hints of the store of data')),
    ])
    const rows = new Rows(store, await this.#hasIdentity(store))
    await rows.settleAt(this.#place(), randomBytes(12).toString('hex'))
    const report = (error: unknown): void => this.#kit.report(error, 'old messages of durable channels')
    const logs = new Logs({ store, rows, hints, clock: this.#kit.clock, report })
    for (const [channel, bounds] of this.#bounds) logs.keep(channel, bounds)
    this.#isOpen = true
    return logs
  }

  async #hasIdentity({ isPostgres, read }: Awaited<ReturnType<Database[typeof durableStore]>>): Promise<boolean> {
    if (!isPostgres) return false
    try {
      await read('select system_identifier from pg_control_system()')
      return true
    } catch {
      this.#kit.log.warn(
        {},
        'the store hides pg_control_system(): a database that is restored from a backup elsewhere may look like the former one to subscribers of durable channels',
      )
      return false
    }
  }

  /** The file of the store, which a copy of it does not share; '-': none. */
  #place(): string {
    const { place } = this.#database.options
    if (place.kind !== 'libsql') return '-'
    const { ino, birthtimeMs } = statSync(place.path)
    return `${ino}:${Math.floor(birthtimeMs)}`
  }
}
