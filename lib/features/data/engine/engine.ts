// The store behind a database: MikroORM, over libsql or PostgreSQL. Loaded only when a database opens. Everything
// under engine/ knows MikroORM, and nothing else does.
import { FlushMode, MikroORM, type Options } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/libsql'
import { monotonicNow } from '../../../core/base/platform-timers.ts'
import { StoreUnavailableError } from '../data-errors.ts'
import type { ResolvedDataOptions } from '../data-options.ts'
import type { Plans } from '../plans.ts'
import { isVolatile } from '../store-url.ts'
import type { ChangePublisher } from './change-log.ts'
import { contextFree } from './context-free.ts'
import { hideFields } from './hidden-fields.ts'
import { beginWithFirstStatement, type TransactionMaker } from './idle-transactions.ts'
import { storeBusy, WriteLock } from './libsql/write-lock.ts'
import { type KnexClient, lightenTransactions } from './light-transactions.ts'
import { readValues } from './postgres-values.ts'
import { rowsInSlices } from './rows-in-slices.ts'
import { schemasOf } from './schemas.ts'
import { Slices } from './slices.ts'
import { isStoreFault, storeError } from './store-errors.ts'
import { writeUniqueValuesWithRows } from './unique-values.ts'

export type Manager = SqlEntityManager

/** The time between two reports of an unusable store. */
const reportEveryMs = 60_000
/** The most blocking units named in an error. */
const namedHolders = 3

/** A unit of work with a transaction, as others see it. */
export interface Holder {
  /** Names the owner, such as `action "buy"`. */
  readonly label: string
  /** How long it has blocked others. */
  readonly heldMs: number
  cut(): Promise<void>
}

/** The part of knex's pool that is used. */
interface Pool {
  numPendingAcquires(): number
}

export class Engine {
  readonly plans: Plans
  readonly options: ResolvedDataOptions
  readonly isPostgres: boolean
  /** A transaction blocks everything, including reads. */
  readonly hasOneConnection: boolean
  readonly orm: MikroORM
  /** Units of work that are in a transaction. */
  readonly transactions = new Set<Holder>()
  readonly #writeLock: WriteLock
  readonly #publisher: ChangePublisher | undefined
  #reportsAfterMs = 0
  #isClosed = false

  private constructor(orm: MikroORM, plans: Plans, options: ResolvedDataOptions, more: EngineParts) {
    this.orm = orm
    this.plans = plans
    this.options = options
    this.isPostgres = options.place.kind === 'postgresql'
    this.hasOneConnection = connectionsOf(options) === 1
    this.#writeLock = more.writeLock
    this.#publisher = more.publisher
  }

  /** @throws StoreUnavailableError if the store cannot be reached. */
  static async open(plans: Plans, options: ResolvedDataOptions, publisher?: ChangePublisher): Promise<Engine> {
    const { place } = options
    const writeLock = new WriteLock(options.waitMs)
    const config = {
      ...(place.kind === 'postgresql'
        ? await postgresConfig(place.url, options)
        : await libsqlConfig(place.path, options, writeLock)),
      entities: schemasOf(plans, place.kind === 'postgresql'),
      connect: false,
      ensureDatabase: false,
      validateRequired: false,
      discovery: {
        disableDynamicFileAccess: true,
        inferDefaultValues: false,
        requireEntitiesArray: true,
        warnWhenNoEntities: false,
      },
      metadataCache: { enabled: false },
      logger: () => undefined,
      debug: false,
    } as unknown as Options
    const orm = await MikroORM.init(config)
    const client: unknown = (orm.em as unknown as Manager).getKnex().client
    lightenTransactions(client as KnexClient)
    if (place.kind === 'postgresql') beginWithFirstStatement(client as TransactionMaker)
    hideFields(orm, plans)
    writeUniqueValuesWithRows(orm, plans)
    const engine = new Engine(orm, plans, options, { writeLock, publisher })
    try {
      await engine.orm.em.fork().getConnection().execute('select 1')
      return engine
    } catch (error) {
      await engine.close()
      throw new StoreUnavailableError(`the store cannot be opened: ${storeError(error).message}`)
    }
  }

  /** A unit of work of MikroORM. */
  fork(): Manager {
    return contextFree(this.orm.em.fork({ flushMode: FlushMode.COMMIT, useContext: false }) as unknown as Manager)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Something in this process waits for the turn to write, or for a connection. */
  get isWaitedFor(): boolean {
    if (this.#writeLock.waitingCount > 0) return true
    const { client } = this.orm.em.getConnection() as unknown as { readonly client?: { client?: { pool?: Pool } } }
    return (client?.client?.pool?.numPendingAcquires() ?? 0) > 0
  }

  /** The error of a unit that waited too long for others; it names them. */
  busy(waiting: Holder): Error {
    const holders = [...this.transactions].filter((unit) => unit !== waiting).sort((a, b) => b.heldMs - a.heldMs)
    if (holders.length === 0) return storeBusy()
    const named = holders.slice(0, namedHolders).map(({ label, heldMs }) => `${label} (for ${Math.round(heldMs)} ms)`)
    const more = holders.length > namedHolders ? ` and ${holders.length - namedHolders} more` : ''
    const what = this.isPostgres ? 'its connections are held by' : 'the turn to write is held by'
    return storeBusy(
      `${what} ${named.join(', ')}${more}; one that waits for this call must first \`await db.commit()\`, or end`,
    )
  }

  /** Reports an error that means that the store's file cannot be used. Rate-limited, because every call fails with it. */
  reportFault(error: unknown): void {
    const nowMs = monotonicNow()
    if (!isStoreFault(error) || nowMs < this.#reportsAfterMs) return
    this.#reportsAfterMs = nowMs + reportEveryMs
    this.#publisher?.report(storeError(error), 'the store of data')
  }

  /** Rolls back the units in a transaction: waiting for them would mean waiting for whatever they wait for. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.transactions].map((unit) => unit.cut()))
    await this.orm.close(true)
  }
}

interface EngineParts {
  readonly writeLock: WriteLock
  readonly publisher: ChangePublisher | undefined
}

/** Errors report what goes wrong. */
const silent = { warn: () => undefined, error: () => undefined, debug: () => undefined, deprecate: () => undefined }

/** A store in memory is its single connection. */
function connectionsOf({ place, maxConnections }: ResolvedDataOptions): number {
  return isVolatile(place) ? 1 : maxConnections
}

async function libsqlConfig(path: string, options: ResolvedDataOptions, writeLock: WriteLock): Promise<object> {
  const { waitMs, durability } = options
  const { libsqlDriver } = await import('./libsql/driver.ts')
  if (path !== ':memory:') await (await import('./libsql/private-file.ts')).makePrivate(path)
  const connections = connectionsOf(options)
  return {
    driver: libsqlDriver({ writeLock, waitMs, durability, slices: new Slices() }),
    dbName: path,
    // Connections stay open while the store is used: opening one takes longer than most statements.
    pool: { min: connections, max: connections, acquireTimeoutMillis: waitMs },
    driverOptions: { log: silent },
  }
}

async function postgresConfig(url: string, options: ResolvedDataOptions): Promise<object> {
  const { PostgreSqlDriver } = await import('@mikro-orm/postgresql')
  const { waitMs, statementTimeoutMs, idleTransactionMs, maxConnections, schema } = options
  return {
    driver: rowsInSlices(PostgreSqlDriver, new Slices()),
    clientUrl: url,
    ...(schema === undefined ? {} : { schema }),
    pool: {
      min: 0,
      max: maxConnections,
      acquireTimeoutMillis: waitMs,
      afterCreate: (
        connection: Parameters<typeof readValues>[0],
        done: (error: unknown, connection: unknown) => void,
      ) => {
        readValues(connection)
        done(null, connection)
      },
    },
    driverOptions: {
      log: silent,
      connection: {
        application_name: 'isock',
        keepAlive: true,
        connectionTimeoutMillis: waitMs,
        statement_timeout: statementTimeoutMs,
        idle_in_transaction_session_timeout: idleTransactionMs,
        // If the server disappears silently, only this ends the wait.
        query_timeout: statementTimeoutMs + 1_000,
      },
    },
  }
}
