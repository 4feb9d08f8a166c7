// Every bound of the system with its default, and the checks that reject a wrong option immediately, by name.
import { ClientError } from './errors.ts'
import { checkOptions, withDefaults } from './option-table.ts'

/** Bounds, each an option of Server and Client. Sizes in bytes, times in milliseconds. */
export interface Limits {
  /** The largest frame after the handshake. Default 4 MiB. */
  readonly maxFrameBytes: number
  /** Calls of one session that may run concurrently at the side with these limits; the caller queues the rest. Default 1 024. */
  readonly maxCallsInFlight: number
  /**
   * Calls of all sessions together that may run concurrently at a server; more are rejected as not started. Above three
   * quarters, those of addresses with more than a fair share are rejected. Default 65 536.
   */
  readonly maxRunningCalls: number
  /** Calls that a client holds back while its session is full or disconnected. More are rejected. Default 65 536. */
  readonly maxQueuedCalls: number
  /**
   * Answers of one session: those sent and not acknowledged, where large ones are evicted; and, counted separately, those
   * that wait for a full connection before further calls are held back. Default 16 MiB.
   */
  readonly maxLedgerBytes: number
  /**
   * Data of one session's unanswered calls; the caller queues the rest, and what arrives anyway is rejected as not started.
   * Counted separately: input of one session that has not been read. Default 64 MiB.
   */
  readonly maxInFlightBytes: number
  /** How far a stream's writer may be ahead of its reader; an item counts as at least 1 KiB. Default 256 KiB. */
  readonly streamWindowBytes: number
  /** Bytes queued for a peer that does not read; above it the link is closed. Default 16 MiB. */
  readonly maxWriteQueueBytes: number
  /** How deep arrays and objects of one value may nest (a Map counts as two). At most 512; both sides must allow it. Default 64. */
  readonly maxValueDepth: number
  /**
   * Arrays, objects and byte arrays in one value; five times that number of values in total, and half that number of values
   * without a JSON type (Dates, bigints ...), but at least 100 000. Each may take fifty times its bytes in memory. Both sides
   * must allow it. Default 200 000.
   */
  readonly maxValueContainers: number
  /**
   * What a server holds for all of its clients together: kept answers, waiting data and input, names, histories, queues,
   * keys, incoming requests, and the fixed cost of sessions, links and rooms. Above it, the largest holders are evicted: see
   * docs/limits.md. Default 256 MiB, which fits a machine with 1 GiB.
   */
  readonly maxHeldBytes: number
  /** How long a session outlives its link. Default 15 minutes. */
  readonly sessionLeaseMs: number
  /** The same for a session without any call in either direction. Default 30 s. */
  readonly unusedSessionLeaseMs: number
  /**
   * How long a handler whose caller gave up (cancelled, disconnected, or timed out) keeps its place among `maxCallsInFlight`.
   * Then its place is free although the handler still runs; at most as many handlers as there are places do so. Default 1 s.
   */
  readonly cancelGraceMs: number
  /**
   * How long a client that closed its link without giving a reason may take to reconnect before the signals of its running
   * calls abort: its process may have ended, or a proxy restarted. Infinity: as long as the session lasts. Default 10 s.
   */
  readonly closedLinkGraceMs: number
  /**
   * How long the session of a page that was closed, reloaded or left (WebSocket close code 1001) outlives its link: the browser's
   * back button may restore the page. Never longer than `sessionLeaseMs`. Default 20 s.
   */
  readonly leftPageLeaseMs: number
  /**
   * Sessions that a server keeps, connected or not. Above it, a new session replaces one of the address or identity with
   * the most, an idle one first. If no other has more, the new session is rejected. Default 100 000.
   */
  readonly maxSessions: number
  /** Links that have not been admitted yet. Above it, they are shared out like `maxSessions`. Default 1 024. */
  readonly maxUnauthenticatedLinks: number
  /** From the opened link to the accepted session. Default 5 s. */
  readonly handshakeTimeoutMs: number
  /** From the first byte of a frame to its last, plus a second for each 16 KB received. Default 30 s. */
  readonly frameTimeoutMs: number
  /** Silence after which a side asks whether the other is alive. Default 15 s. */
  readonly heartbeatMs: number
  /**
   * Silence after which a link counts as dead. A peer that does not read what was written has the same time, plus a second
   * for each 16 KB. Default 45 s.
   */
  readonly deadAfterMs: number
}

export const defaultLimits: Limits = {
  maxFrameBytes: 4 * 1024 * 1024,
  maxCallsInFlight: 1_024,
  maxRunningCalls: 65_536,
  maxQueuedCalls: 65_536,
  maxLedgerBytes: 16 * 1024 * 1024,
  maxInFlightBytes: 64 * 1024 * 1024,
  streamWindowBytes: 256 * 1024,
  maxWriteQueueBytes: 16 * 1024 * 1024,
  maxValueDepth: 64,
  maxValueContainers: 200_000,
  maxHeldBytes: 256 * 1024 * 1024,
  sessionLeaseMs: 15 * 60_000,
  unusedSessionLeaseMs: 30_000,
  cancelGraceMs: 1_000,
  closedLinkGraceMs: 10_000,
  leftPageLeaseMs: 20_000,
  maxSessions: 100_000,
  maxUnauthenticatedLinks: 1_024,
  handshakeTimeoutMs: 5_000,
  frameTimeoutMs: 30_000,
  heartbeatMs: 15_000,
  deadAfterMs: 45_000,
}

/** The largest first frame, before anything is known about the peer. Fixed by the protocol. */
export const maxHandshakeBytes = 4 * 1024

/** The most calls in flight that a session may negotiate: the size of its slot tables. */
export const mostCallsInFlight = 65_536

/** The largest nesting depth that may be allowed: walking a value takes stack. */
const deepestValue = 512

/** The limits that are sent in the handshake, and those that count things. */
const wholeNumbers: ReadonlySet<string> = new Set([
  'maxFrameBytes',
  'maxCallsInFlight',
  'streamWindowBytes',
  'maxInFlightBytes',
  'maxValueDepth',
  'maxValueContainers',
])

/** Some of the limits; undefined means the default. */
export type LimitOptions = { readonly [Name in keyof Limits]?: Limits[Name] | undefined }

/** Fills in the defaults. Rejects unknown limits and anything but positive numbers, by name. */
export function resolveLimits(given: LimitOptions = {}): Limits {
  checkOptions('limits', given, defaultLimits)
  const limits = withDefaults(defaultLimits, given)
  for (const [name, value] of Object.entries(limits)) {
    requirePositive(`limits.${name}`, value)
    if (wholeNumbers.has(name) && !Number.isSafeInteger(value))
      throw invalidOption(`limits.${name}`, 'a whole number', value)
  }
  if (limits.maxCallsInFlight > mostCallsInFlight) {
    throw invalidOption('limits.maxCallsInFlight', `at most ${mostCallsInFlight}`, limits.maxCallsInFlight)
  }
  if (limits.maxValueDepth > deepestValue)
    throw invalidOption('limits.maxValueDepth', `at most ${deepestValue}`, limits.maxValueDepth)
  if (limits.maxFrameBytes > 2 ** 31 - 1)
    throw invalidOption('limits.maxFrameBytes', 'below 2 GiB', limits.maxFrameBytes)
  return limits
}

export function requirePositive(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0) return value
  throw invalidOption(name, 'a positive number', value)
}

/** A whole number of at least zero, or Infinity. */
export function requireCount(name: string, value: unknown): number {
  if (value === Number.POSITIVE_INFINITY) return value
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw invalidOption(name, 'a whole number of at least 0, or Infinity', value)
}

/** The error for a wrong option: what was expected, and what was given. */
export function invalidOption(name: string, expected: string, actual: unknown): ClientError {
  return new ClientError(`option ${name}: expected ${expected}, got ${describe(actual)}`, { code: 'INVALID_OPTION' })
}

/** A short, safe description of any value for an error message. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string')
    return value.length > 60 ? `a string of ${value.length} characters` : JSON.stringify(value)
  if (typeof value === 'function') return value.name ? `the function or class ${value.name}` : 'a function'
  if (typeof value !== 'object') return String(value)
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object'
}
