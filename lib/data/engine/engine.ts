// The store behind a database: MikroORM, over libsql or PostgreSQL. Loaded only by a database that is opened. Everything
// under engine/ knows MikroORM, and nothing outside does.
import { FlushMode, MikroORM, type Options } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/libsql'
import { StoreUnavailableError } from '../../base/data-errors.ts'
import type { ResolvedDataOptions } from '../data-options.ts'
import type { Plans } from '../plans.ts'
import { hideFields } from './hidden-fields.ts'
import { readValues } from './postgres-values.ts'
import { schemasOf } from './schemas.ts'
import { storeError } from './store-errors.ts'

export type Manager = SqlEntityManager

export class Engine {
  readonly plans: Plans
  readonly options: ResolvedDataOptions
  readonly isPostgres: boolean
  readonly orm: MikroORM
  /** Units of work that are in a transaction. */
  readonly transactions = new Set<{ cut(): Promise<void> }>()
  #isClosed = false

  private constructor(orm: MikroORM, plans: Plans, options: ResolvedDataOptions) {
    this.orm = orm
    this.plans = plans
    this.options = options
    this.isPostgres = options.place.kind === 'postgresql'
  }

  /** @throws StoreUnavailableError where the store cannot be reached. */
  static async open(plans: Plans, options: ResolvedDataOptions): Promise<Engine> {
    const { place } = options
    const config = {
      ...(place.kind === 'postgresql'
        ? await postgresConfig(place.url, options)
        : await libsqlConfig(place.path, options)),
      entities: schemasOf(plans, place.kind === 'postgresql'),
      connect: false,
      ensureDatabase: false,
      validateRequired: false,
      discovery: { disableDynamicFileAccess: true, inferDefaultValues: false, requireEntitiesArray: true },
      metadataCache: { enabled: false },
      logger: () => undefined,
      debug: false,
    } as unknown as Options
    const orm = await MikroORM.init(config)
    hideFields(orm, plans)
    const engine = new Engine(orm, plans, options)
    try {
      await engine.orm.em.fork().getConnection().execute('select 1')
      return engine
    } catch (error) {
      await engine.close()
      throw new StoreUnavailableError(`the store cannot be opened: ${storeError(error).message}`)
    }
  }

  /** A unit of work of MikroORM's. */
  fork(): Manager {
    return this.orm.em.fork({ flushMode: FlushMode.COMMIT, useContext: false }) as unknown as Manager
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Units that are in a transaction are rolled back: to wait for them would be to wait for whatever they wait for. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.transactions].map((unit) => unit.cut()))
    await this.orm.close(true)
    const { place } = this.options
    if (place.kind === 'libsql' && place.path !== ':memory:') await (await import('./libsql/collected.ts')).collected()
  }
}

/** What goes wrong is told by errors. */
const silent = { warn: () => undefined, error: () => undefined, debug: () => undefined, deprecate: () => undefined }

async function libsqlConfig(path: string, { waitMs, maxConnections }: ResolvedDataOptions): Promise<object> {
  const { libsqlDriver } = await import('./libsql/driver.ts')
  // A store in memory is its one connection.
  const connections = path === ':memory:' ? 1 : maxConnections
  return {
    driver: libsqlDriver(waitMs),
    dbName: path,
    // None is closed while the store is used: its file would stay open until what was prepared on it is collected.
    pool: { min: connections, max: connections, acquireTimeoutMillis: waitMs },
    driverOptions: { log: silent },
  }
}

async function postgresConfig(url: string, options: ResolvedDataOptions): Promise<object> {
  const { PostgreSqlDriver } = await import('@mikro-orm/postgresql')
  const { waitMs, statementTimeoutMs, maxConnections, schema } = options
  return {
    driver: PostgreSqlDriver,
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
        // Where the server is gone without a word, nobody else ends the wait.
        query_timeout: statementTimeoutMs + 1_000,
      },
    },
  }
}
