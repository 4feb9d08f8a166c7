// The options of a daemon, their defaults and checks.
import { type Clock, platformClock } from '../core/base/clock.ts'
import { type Logger, silentLogger } from '../core/base/log.ts'
import { checkOptions, type Filled } from '../core/base/option-table.ts'
import { invalidOption, requireCount, requirePositive } from '../core/base/options.ts'
import type { EventSource } from './event-source.ts'
import type { TracimEvent } from './event-types.ts'

/** How a daemon limits its clients. Sizes in bytes, times in milliseconds. */
export interface TracimDaemonLimits {
  /** The largest event of a client. Default 4 MiB. */
  readonly maxDocumentBytes: number
  /** All events of clients that are arriving. Above it, further ones are refused. Default 64 MiB. */
  readonly maxBufferedBytes: number
  /** From a client's connection to the end of its event. Default 10 s. */
  readonly documentTimeoutMs: number
  /** Concurrent incoming connections; more are closed. Default 1 024. */
  readonly maxConnections: number
  /** Registered clients; more are refused. Default 4 096. */
  readonly maxClients: number
  /** Concurrent connections to clients. Default 256. */
  readonly maxDeliveries: number
  /** The longest delivery of one event to a client. Default 5 s. */
  readonly deliveryTimeoutMs: number
  /** Events queued for one client; a client with more is unregistered. Default 10 000. */
  readonly maxQueuedEvents: number
  /** Bytes queued for one client; a client with more is unregistered, unless it is a single event. Default 32 MiB. */
  readonly maxQueuedBytes: number
  /** Concurrent forwarded requests; more get status 503. Default 16. */
  readonly maxRequests: number
}

export interface TracimDaemonOptions extends Partial<TracimDaemonLimits> {
  /** The path to listen at, as clients know it: an absolute path in a directory of mode 0700. */
  readonly socketPath: string
  /** A `TracimSource`, or any async iterable, whose items are sent to all clients. Default: none. */
  readonly source?: EventSource | AsyncIterable<unknown> | undefined
  /** The account that clients get if the source is an iterable. Default empty. */
  readonly userId?: string | undefined
  /** Converts an iterable's item to an event. Default: an item with an `event_type` is one, others become a `message`. */
  readonly toEvent?: ((item: unknown) => TracimEvent) | undefined
  /** The time between two pings. A client that has not answered by the next one is unregistered. Default 60 000. */
  readonly pingIntervalMs?: number | undefined
  /** Whether all clients get an event when one registers or leaves. Default true, as the protocol requires. */
  readonly announceClients?: boolean | undefined
  /** Allows a directory that others can enter. Default false. */
  readonly allowSharedDirectory?: boolean | undefined
  readonly log?: Logger | undefined
  readonly clock?: Clock | undefined
}

export type ResolvedDaemonOptions = Filled<Omit<TracimDaemonOptions, 'source' | 'toEvent'>>

const defaults: TracimDaemonLimits = {
  maxDocumentBytes: 4 * 1024 * 1024,
  maxBufferedBytes: 64 * 1024 * 1024,
  documentTimeoutMs: 10_000,
  maxConnections: 1_024,
  maxClients: 4_096,
  maxDeliveries: 256,
  deliveryTimeoutMs: 5_000,
  maxQueuedEvents: 10_000,
  maxQueuedBytes: 32 * 1024 * 1024,
  maxRequests: 16,
}

const daemonOptions: { readonly [Name in keyof Required<TracimDaemonOptions>]: unknown } = {
  ...defaults,
  socketPath: 'any',
  source: 'any',
  userId: 'any',
  toEvent: 'any',
  pingIntervalMs: 'any',
  announceClients: 'any',
  allowSharedDirectory: 'any',
  log: 'any',
  clock: 'any',
}

/** @throws ClientError (`INVALID_OPTION`) that names the option. */
export function resolveDaemonOptions(given: TracimDaemonOptions): ResolvedDaemonOptions {
  checkOptions('TracimDaemon', given, daemonOptions)
  if (typeof given.socketPath !== 'string' || given.socketPath === '')
    throw invalidOption('socketPath', 'an absolute path', given.socketPath)
  const options = {
    socketPath: given.socketPath,
    userId: given.userId ?? '',
    pingIntervalMs: given.pingIntervalMs ?? 60_000,
    announceClients: given.announceClients ?? true,
    allowSharedDirectory: given.allowSharedDirectory ?? false,
    log: given.log ?? silentLogger,
    clock: given.clock ?? platformClock,
  }
  requirePositive('pingIntervalMs', options.pingIntervalMs)
  const limits: Record<string, number> = {}
  for (const [name, byDefault] of Object.entries(defaults)) {
    const value: unknown = given[name as keyof TracimDaemonLimits] ?? byDefault
    limits[name] = requirePositive(name, name.startsWith('max') ? requireCount(name, value) : value)
  }
  return { ...options, ...(limits as unknown as TracimDaemonLimits) }
}
