// The options of a client of the daemon, their defaults and checks.
import { type Clock, platformClock } from '../core/base/clock.ts'
import { type Logger, silentLogger } from '../core/base/log.ts'
import { checkOptions, type Filled, type OptionTable } from '../core/base/option-table.ts'
import { invalidOption, requireCount, requirePositive } from '../core/base/options.ts'

/** Sizes in bytes, times in milliseconds. */
export interface TracimDaemonClientOptions {
  /** The daemon's socket, as the daemon writes it. */
  readonly masterSocketPath: string
  /** This client's own socket: an absolute path in a directory of mode 0700. */
  readonly clientSocketPath: string
  /** Signals that close the client before they end the process. Default `SIGINT` and `SIGTERM`; `[]` for none. */
  readonly closeOnSignals?: readonly NodeJS.Signals[] | undefined
  /** Registers again automatically if the daemon has restarted or forgotten this client. Default true. */
  readonly keepRegistered?: boolean | undefined
  /** How often the client checks whether the daemon has restarted. Default 1 000. */
  readonly lookEveryMs?: number | undefined
  /** After this time without a ping, the client asks the daemon whether it is known. Default 150 000: two and a half pings. */
  readonly pingSilenceMs?: number | undefined
  /** How long the daemon may take to answer. Default 10 000. */
  readonly answerTimeoutMs?: number | undefined
  /** The largest event. Default 16 MiB. */
  readonly maxDocumentBytes?: number | undefined
  /** All events that are arriving. Above it, further ones are refused. Default 64 MiB. */
  readonly maxBufferedBytes?: number | undefined
  /** From the daemon's connection to the end of its event. Default 10 000. */
  readonly documentTimeoutMs?: number | undefined
  /** Concurrent connections; more are closed. Default 256. */
  readonly maxConnections?: number | undefined
  /** Events that wait for the handlers, and for each reader of `events()`. Default 10 000. */
  readonly maxQueuedEvents?: number | undefined
  /** The bytes of queued events, as received; a single event may be larger. Default 64 MiB. */
  readonly maxQueuedBytes?: number | undefined
  /** Allows a directory that others can enter. Default false. */
  readonly allowSharedDirectory?: boolean | undefined
  readonly log?: Logger | undefined
  readonly clock?: Clock | undefined
}

const clientOptions: OptionTable<TracimDaemonClientOptions> = {
  masterSocketPath: 'any',
  clientSocketPath: 'any',
  closeOnSignals: 'any',
  keepRegistered: 'any',
  lookEveryMs: 'any',
  pingSilenceMs: 'any',
  answerTimeoutMs: 'any',
  maxDocumentBytes: 'any',
  maxBufferedBytes: 'any',
  documentTimeoutMs: 'any',
  maxConnections: 'any',
  maxQueuedEvents: 'any',
  maxQueuedBytes: 'any',
  allowSharedDirectory: 'any',
  log: 'any',
  clock: 'any',
}

/** @throws ClientError (`INVALID_OPTION`) that names the option. */
export function resolveClientOptions(given: TracimDaemonClientOptions): Filled<TracimDaemonClientOptions> {
  checkOptions('TracimDaemonClient', given, clientOptions)
  for (const name of ['masterSocketPath', 'clientSocketPath'] as const) {
    if (typeof given[name] !== 'string' || given[name] === '')
      throw invalidOption(name, 'an absolute path', given[name])
  }
  const { masterSocketPath, clientSocketPath } = given
  if (masterSocketPath === clientSocketPath)
    throw invalidOption('clientSocketPath', 'another path than masterSocketPath', clientSocketPath)
  return {
    masterSocketPath,
    clientSocketPath,
    closeOnSignals: given.closeOnSignals ?? ['SIGINT', 'SIGTERM'],
    keepRegistered: given.keepRegistered ?? true,
    lookEveryMs: requirePositive('lookEveryMs', given.lookEveryMs ?? 1_000),
    pingSilenceMs: requirePositive('pingSilenceMs', given.pingSilenceMs ?? 150_000),
    answerTimeoutMs: requirePositive('answerTimeoutMs', given.answerTimeoutMs ?? 10_000),
    maxDocumentBytes: requirePositive('maxDocumentBytes', given.maxDocumentBytes ?? 16 * 1024 * 1024),
    maxBufferedBytes: requirePositive('maxBufferedBytes', given.maxBufferedBytes ?? 64 * 1024 * 1024),
    documentTimeoutMs: requirePositive('documentTimeoutMs', given.documentTimeoutMs ?? 10_000),
    maxConnections: requirePositive('maxConnections', requireCount('maxConnections', given.maxConnections ?? 256)),
    maxQueuedEvents: requirePositive(
      'maxQueuedEvents',
      requireCount('maxQueuedEvents', given.maxQueuedEvents ?? 10_000),
    ),
    maxQueuedBytes: requirePositive('maxQueuedBytes', given.maxQueuedBytes ?? 64 * 1024 * 1024),
    allowSharedDirectory: given.allowSharedDirectory ?? false,
    log: given.log ?? silentLogger,
    clock: given.clock ?? platformClock,
  }
}
