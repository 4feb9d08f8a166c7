// The options of a database, with their defaults and bounds.
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { invalidOption, requireCount, requirePositive } from '../../core/base/options.ts'
import type { ModelClass } from './model.ts'
import { isVolatile, parseStoreUrl, type StorePlace } from './store-url.ts'

/** The format of tables in files. */
export type FileFormat = 'json' | 'csv'

/** When a store in memory is saved: at shutdown; periodically and at shutdown; or never. */
export type Persistence = 'shutdown' | { readonly everyMs: number } | false

/** What survives a power failure after a commit was answered: everything, or possibly not the last commits. */
export type Durability = 'full' | 'normal'

export interface DataOptions {
  /** The classes that are tables. May be empty: durable actions, services and channels have tables of their own. */
  readonly models: readonly ModelClass[]
  /** `memory:` (the default), `file:<path>` (libsql), or `postgres://user@host:port/database`. */
  readonly url?: string | undefined
  /** Where a store in memory is loaded from at the start, and saved to. Default: nowhere. */
  readonly directory?: string | undefined
  /** The format of the files in `directory`. Default 'json'. */
  readonly format?: FileFormat | undefined
  /** When a store in memory is saved to `directory`. Default 'shutdown' if there is a directory. */
  readonly persist?: Persistence | undefined
  /** Adds missing tables and fields at the start. Default true. */
  readonly migrate?: boolean | undefined
  /** The PostgreSQL schema of the tables. Default: the connection's own. */
  readonly schema?: string | undefined
  /** How long an operation waits for an unreachable or busy store, within its call's deadline. Default 5 000. */
  readonly waitMs?: number | undefined
  /** How long PostgreSQL may work on one statement. Default 30 000. */
  readonly statementTimeoutMs?: number | undefined
  /**
   * How long PostgreSQL keeps an idle transaction, in case a process hangs. Then it closes the
   * connection. Infinity: forever. Default 300 000.
   */
  readonly idleTransactionMs?: number | undefined
  /**
   * How long a unit of work that has written may stall for its client (the next input item, or a reader of its
   * items) in milliseconds, while others wait for it or the client has no link. Then it is rolled back, and
   * its call fails with BusyError. Each item gives 100 ms back. Default 4 000, which is less than `waitMs`.
   */
  readonly clientPatienceMs?: number | undefined
  /** Milliseconds for which the answer of a call with a `key` is kept. Default 86 400 000, a day. */
  readonly keepKeysMs?: number | undefined
  /**
   * For a libsql file. 'full': each commit is on disk before it is answered. 'normal': a power failure or a crash of
   * the machine may lose the last commits; a crash of the process loses none. Default 'full'.
   */
  readonly durability?: Durability | undefined
  /** Concurrent connections to PostgreSQL, or to a file. Default 10. A store in memory has one connection. */
  readonly maxConnections?: number | undefined
  /** The most rows that a query may return: more without a limit are an error, and no limit may be above it. Default 100 000. */
  readonly maxRows?: number | undefined
}

export interface ResolvedDataOptions {
  readonly place: StorePlace
  readonly directory: string | undefined
  readonly format: FileFormat
  readonly persist: Persistence
  readonly migrate: boolean
  readonly schema: string | undefined
  readonly waitMs: number
  readonly statementTimeoutMs: number
  /** 0: forever. */
  readonly idleTransactionMs: number
  readonly clientPatienceMs: number
  readonly keepKeysMs: number
  readonly durability: Durability
  readonly maxConnections: number
  readonly maxRows: number
}

const dataOptions: OptionTable<DataOptions> = {
  models: 'any',
  url: 'any',
  directory: 'any',
  format: 'any',
  persist: 'any',
  migrate: 'any',
  schema: 'any',
  durability: 'any',
  clientPatienceMs: 'any',
  keepKeysMs: 'any',
  idleTransactionMs: 'any',
  waitMs: 'any',
  statementTimeoutMs: 'any',
  maxConnections: 'any',
  maxRows: 'any',
}

const longestTimeoutMs = 2 ** 31 - 1

/** @throws ClientError (`INVALID_OPTION`). */
export function resolveDataOptions(options: DataOptions): ResolvedDataOptions {
  if (typeof options !== 'object' || options === null) throw invalidOption('data', 'an object with models', options)
  checkOptions('data', options, dataOptions)
  const { url = 'memory:', directory, format = 'json', migrate = true, schema } = options
  const place = parseStoreUrl(url)
  const isMemory = isVolatile(place)
  if (directory !== undefined && (typeof directory !== 'string' || directory === ''))
    throw invalidOption('data.directory', 'a path', directory)
  if (directory !== undefined && !isMemory)
    throw invalidOption('data.directory', 'none, because the store is not in memory', directory)
  if (format !== 'json' && format !== 'csv') throw invalidOption('data.format', "'json' or 'csv'", format)
  if (typeof migrate !== 'boolean') throw invalidOption('data.migrate', 'true or false', migrate)
  if (schema !== undefined && !(place.kind === 'postgresql' && /^[A-Za-z_]\w{0,60}$/.test(schema)))
    throw invalidOption('data.schema', 'letters, digits and _, for a store in PostgreSQL', schema)
  const { maxConnections = 10, durability = 'full', idleTransactionMs = 300_000 } = options
  if (durability !== 'full' && durability !== 'normal')
    throw invalidOption('data.durability', "'full' or 'normal'", durability)
  if (options.durability !== undefined && place.kind === 'postgresql')
    throw invalidOption('data.durability', 'none for PostgreSQL, which has synchronous_commit for it', durability)
  if (!Number.isSafeInteger(maxConnections) || maxConnections < 1)
    throw invalidOption('data.maxConnections', 'a whole number of at least 1', maxConnections)
  return {
    place,
    directory,
    format,
    persist: persistence(options.persist ?? (directory === undefined ? false : 'shutdown'), directory),
    migrate,
    schema,
    waitMs: requireTimeout('data.waitMs', options.waitMs ?? 5_000),
    statementTimeoutMs: requireTimeout('data.statementTimeoutMs', options.statementTimeoutMs ?? 30_000),
    idleTransactionMs:
      idleTransactionMs === Number.POSITIVE_INFINITY ? 0 : requireTimeout('data.idleTransactionMs', idleTransactionMs),
    clientPatienceMs: requireTimeout('data.clientPatienceMs', options.clientPatienceMs ?? 4_000),
    keepKeysMs: requireTimeout('data.keepKeysMs', options.keepKeysMs ?? 86_400_000),
    durability,
    maxConnections,
    maxRows: requireCount('data.maxRows', options.maxRows ?? 100_000),
  }
}

function persistence(persist: Persistence, directory: string | undefined): Persistence {
  const expected = "'shutdown', { everyMs } or false"
  if (persist === false) return false
  if (directory === undefined) throw invalidOption('data.persist', 'a data.directory with it', persist)
  if (persist === 'shutdown') return persist
  if (typeof persist !== 'object' || persist === null) throw invalidOption('data.persist', expected, persist)
  return { everyMs: requireTimeout('data.persist.everyMs', persist.everyMs) }
}

function requireTimeout(name: string, value: unknown): number {
  const ms = requirePositive(name, value)
  if (ms > longestTimeoutMs) throw invalidOption(name, `at most ${longestTimeoutMs}`, value)
  return ms
}
