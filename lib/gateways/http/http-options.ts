// The options of the HTTP gateway, their defaults and checks.
import { checkOptions } from '../../core/base/option-table.ts'
import { invalidOption, requireCount, requirePositive } from '../../core/base/options.ts'
import type { FailedCall } from './error-answer.ts'

/** How the gateway bounds its clients. Sizes in bytes, times in milliseconds. */
export interface HttpLimits {
  /** The largest body of a request; more is answered with 413. Default 1 MiB. */
  readonly maxBodyBytes: number
  /** The longest query of a GET, as it is encoded; more is answered with 414. Default 8 KiB. */
  readonly maxQueryBytes: number
  /**
   * Of all bodies that are on their way in or belong to running calls. Three quarters of it are for everybody; beyond, only
   * those with less than a fair share get more, at the cost of bodies on their way; others get 503. Default 64 MiB.
   */
  readonly maxBufferedBytes: number
  /** From a request's head to the end of its body, and a second more for each 16 KB that came; after it: 408. Default 30 s. */
  readonly bodyTimeoutMs: number
  /** Requests that are worked on at once, streams aside; shared out like `maxBufferedBytes`. Default 1 024. */
  readonly maxRequests: number
  /**
   * Open streams, of channels and actions together. Above it, a new one takes the place of the oldest of the address or
   * identity with most; where nobody has more, it is answered with 503. Default 1 024.
   */
  readonly maxStreams: number
  /** Silence on an event stream after which a comment is sent, so that nobody on the way ends it. Default 15 s. */
  readonly keepAliveMs: number
  /** How long a reader may take nothing, and a second more for each 16 KB that wait; then it is cut off. Default 30 s. */
  readonly maxStallMs: number
}

/** What is kept for the `Idempotency-Key` header. */
export interface IdempotencyLimits {
  /** How long an outcome is kept, in milliseconds. Default 15 minutes. */
  readonly keepMs: number
  /**
   * Keys in all, shared out like `maxRequests`: those whose calls have ended make room, the oldest of who has most, and are
   * answered with 409 for as long as they would have been kept. Default 10 000.
   */
  readonly maxKeys: number
  /** Bytes of kept answers; above it keys make room likewise. Default 16 MiB. */
  readonly maxKeptBytes: number
}

/** Who may read `/metrics`: programs on this machine, everyone, or nobody (404). */
export type MetricsAccess = 'loopback' | 'everyone' | 'off'

/** Options of the gateway: its bounds, and who may see what. */
export interface HttpOptions extends Partial<HttpLimits> {
  /** What all paths begin with, as in '/api'. Default '/': nothing. */
  readonly path?: string
  readonly idempotency?: Partial<IdempotencyLimits>
  /** Default 'loopback'. A request that was forwarded by a proxy is not from this machine. */
  readonly metrics?: MetricsAccess
  /**
   * The status for an error that an action threw, 400 to 599; undefined: 500. Errors are told by name, message, code and data.
   * Asked about undeclared errors too: the client sees the status that it returns, and of such an error nothing else.
   *
   * @example http({ statusOf: (error) => (error.name === 'OutOfStock' ? 409 : undefined) })
   */
  readonly statusOf?: (error: FailedCall) => number | undefined
}

export interface ResolvedHttpOptions extends HttpLimits {
  /** '' or as in '/api'. */
  readonly prefix: string
  readonly idempotency: IdempotencyLimits
  readonly metrics: MetricsAccess
  readonly statusOf: ((error: FailedCall) => number | undefined) | undefined
}

const defaults: HttpLimits = {
  maxBodyBytes: 1024 * 1024,
  maxQueryBytes: 8 * 1024,
  maxBufferedBytes: 64 * 1024 * 1024,
  bodyTimeoutMs: 30_000,
  maxRequests: 1_024,
  maxStreams: 1_024,
  keepAliveMs: 15_000,
  maxStallMs: 30_000,
}

const idempotencyDefaults: IdempotencyLimits = {
  keepMs: 15 * 60_000,
  maxKeys: 10_000,
  maxKeptBytes: 16 * 1024 * 1024,
}

const accesses: readonly unknown[] = ['loopback', 'everyone', 'off'] satisfies MetricsAccess[]
const httpOptions = { ...defaults, path: 'any', idempotency: 'any', metrics: 'any', statusOf: 'any' }

/** @throws ClientError (`INVALID_OPTION`) that names the option. */
export function resolveHttpOptions(given: HttpOptions = {}): ResolvedHttpOptions {
  checkOptions('http', given, httpOptions)
  const { path = '/', metrics = 'loopback', statusOf } = given
  if (typeof path !== 'string' || !/^\/([\w.~-]+(\/[\w.~-]+)*)?$/.test(path))
    throw invalidOption('http path', "a path as in '/api'", path)
  if (!accesses.includes(metrics)) throw invalidOption('http metrics', `one of ${accesses.join(', ')}`, metrics)
  if (statusOf !== undefined && typeof statusOf !== 'function')
    throw invalidOption('http statusOf', 'a function', statusOf)
  return {
    ...checked(defaults, given, 'http'),
    prefix: path === '/' ? '' : path,
    idempotency: idempotencyOf(given.idempotency),
    metrics,
    statusOf,
  }
}

function idempotencyOf(given: Partial<IdempotencyLimits> = {}): IdempotencyLimits {
  checkOptions('http idempotency', given, idempotencyDefaults)
  return checked(idempotencyDefaults, given, 'http idempotency')
}

function checked<L extends object>(byDefault: L, given: Partial<L>, label: string): L {
  const limits: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(byDefault)) {
    const own: unknown = (given as Record<string, unknown>)[name] ?? value
    const option = `${label} ${name}`
    limits[name] = requirePositive(
      option,
      name.startsWith('max') && !name.endsWith('Ms') ? requireCount(option, own) : own,
    )
  }
  return limits as L
}
