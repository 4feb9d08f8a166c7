// Hints between servers of one PostgreSQL: NOTIFY outside of transactions, which would serialize their commits, and one connection of its
// own that listens. Where notifications do not come through, as behind some poolers, the store is looked at more often instead.
import { createHash, randomBytes } from 'node:crypto'
import { ServerError } from '../../../core/base/errors.ts'
import { clearTimeout, setTimeout } from '../../../core/base/platform-timers.ts'
import type { StoreHints } from '../durable/store-hints.ts'
import { runIn } from './durable-store.ts'
import type { Engine } from './engine.ts'

interface RawConnection {
  query(sql: string, values?: readonly unknown[]): Promise<unknown>
  on(event: 'notification', listener: (message: { readonly payload?: string }) => void): void
  on(event: 'error' | 'end', listener: () => void): void
}

/** The part of knex's client that is used. */
interface KnexClient {
  acquireRawConnection(): Promise<RawConnection>
  destroyRawConnection(connection: RawConnection): Promise<void>
}

const firstDelayMs = 100
const longestDelayMs = 5_000
/** How long the first notification to itself may take. */
const testMs = 5_000
/** How often the store is looked at without notifications. */
const lookEveryMs = 250

const selfTest = 'test '

export class PostgresHints implements StoreHints {
  readonly #engine: Engine
  readonly #topic: string
  readonly #report: (error: unknown) => void
  #onHint: ((text?: string) => void) | undefined
  #connection: RawConnection | undefined
  #connecting: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #wakeTest: ((text: string) => void) | undefined
  #delayMs = firstDelayMs
  #isDeaf = false
  #isClosed = false

  /** `report`: gets the reason when notifications do not come through. */
  constructor(engine: Engine, report: (error: unknown) => void) {
    this.#engine = engine
    this.#report = report
    const schema = createHash('sha256')
      .update(engine.options.schema ?? '')
      .digest('hex')
      .slice(0, 16)
    this.#topic = `isock_${schema}`
  }

  async send(text: string): Promise<void> {
    try {
      await runIn(this.#engine.fork(), 'select pg_notify(?, ?)', [this.#topic, text])
    } catch {
      // Others look each second.
    }
  }

  listen(onHint: (text?: string) => void): void {
    this.#onHint = onHint
    this.#connecting = this.#connect()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#wakeTest?.('')
    await this.#connecting
    await this.#drop()
  }

  async #connect(): Promise<void> {
    try {
      const connection = await this.#client.acquireRawConnection()
      this.#connection = connection
      const lost = (): void => this.#onLost(connection)
      connection.on('error', lost)
      connection.on('end', lost)
      connection.on('notification', ({ payload = '' }) => this.#heard(payload))
      await connection.query(`listen "${this.#topic}"`)
      if (this.#isClosed) return
      if (!(await this.#hearsItself())) return this.#lookInstead()
      this.#delayMs = firstDelayMs
      // What was sent while nobody listened.
      if (!this.#isClosed) this.#onHint?.()
    } catch {
      if (this.#connection === undefined) this.#again()
      else this.#onLost(this.#connection)
    }
  }

  #heard(text: string): void {
    if (text.startsWith(selfTest)) this.#wakeTest?.(text)
    else this.#onHint?.(text)
  }

  async #hearsItself(): Promise<boolean> {
    const text = `${selfTest}${randomBytes(8).toString('hex')}`
    let timer: ReturnType<typeof setTimeout> | undefined
    const heard = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), testMs)
      this.#wakeTest = (came) => {
        if (came === text || this.#isClosed) resolve(true)
      }
    })
    await this.send(text)
    const isHeard = await heard
    clearTimeout(timer)
    this.#wakeTest = undefined
    return isHeard
  }

  async #lookInstead(): Promise<void> {
    await this.#drop()
    if (!this.#isDeaf)
      this.#report(
        new ServerError(
          'notifications of PostgreSQL do not come through, so messages of other servers may take longer: connect to it directly, or by a pooler that keeps sessions',
        ),
      )
    this.#isDeaf = true
    const look = (): void => {
      if (this.#isClosed) return
      this.#onHint?.()
      this.#timer = setTimeout(look, lookEveryMs)
    }
    look()
  }

  #onLost(connection: RawConnection): void {
    if (this.#connection !== connection) return
    void this.#drop().then(() => this.#again())
  }

  #again(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#connecting = this.#connect()
    }, this.#delayMs)
    this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs)
  }

  async #drop(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    if (connection !== undefined) await this.#client.destroyRawConnection(connection).catch(() => undefined)
  }

  get #client(): KnexClient {
    return (this.#engine.fork().getConnection().getKnex() as unknown as { readonly client: KnexClient }).client
  }
}
