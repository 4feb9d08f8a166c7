// The options of the HTTP gateway, their defaults and checks.
import { checkOptions } from '../../core/base/option-table.ts'
import { invalidOption, requireCount, requirePositive } from '../../core/base/options.ts'
import type { FailedCall } from './error-answer.ts'

/** Limits for the gateway's clients. Sizes are in bytes, times in milliseconds. */
export interface HttpLimits {
  /** The largest request body; larger ones get 413. Default 1 MiB. */
  readonly maxBodyBytes: number
  /** The longest encoded query of a GET; longer ones get 414. Default 8 KiB. */
  readonly maxQueryBytes: number
  /**
   * All bodies that are arriving or belong to running calls. One client may use three quarters; the rest is reserved for clients
   * with less than a fair share, which may also evict bodies that are arriving. Others get 503. Default 64 MiB.
   */
  readonly maxBufferedBytes: number
  /**
   * The time from the head of a request to the end of its body, plus a second for each 16 KB received; then 408. Default
   * 30 s.
   */
  readonly bodyTimeoutMs: number
  /** Concurrent requests, not counting streams; shared like `maxBufferedBytes`. Default 1 024. */
  readonly maxRequests: number
  /**
   * Open streams of channels and actions. Beyond that, a new stream replaces the oldest one of the address or identity with the
   * most; if none has more, the new one gets 503. Default 1 024.
   */
  readonly maxStreams: number
  /** The interval of keep-alive comments on an idle event stream, so that no proxy closes it. Default 15 s. */
  readonly keepAliveMs: number
  /** How long a client may read nothing before it is disconnected, plus a second for each 16 KB waiting. Default 30 s. */
  readonly maxStallMs: number
}

/** What is stored for the `Idempotency-Key` header. */
export interface IdempotencyLimits {
  /** How long an outcome is stored, in milliseconds. Default 15 minutes. */
  readonly keepMs: number
  /**
   * Stored keys, shared like `maxRequests`. Beyond that, keys of finished calls are evicted, the oldest of the client with the
   * most, and get 409 for as long as they would have been stored. Default 10 000.
   */
  readonly maxKeys: number
  /** Bytes of stored responses. Beyond that, keys are evicted likewise. Default 16 MiB. */
  readonly maxKeptBytes: number
}

/** Who may read `/metrics`: programs on this machine, everyone, or nobody (404). */
export type MetricsAccess = 'loopback' | 'everyone' | 'off'

/** Options of the HTTP gateway. */
export interface HttpOptions extends Partial<HttpLimits> {
  /** The prefix of all paths, such as '/api'. Default '/': none. */
  readonly path?: string | undefined
  readonly idempotency?: Partial<IdempotencyLimits> | undefined
  /** Who may read `/metrics`. Default 'loopback', which excludes requests forwarded by a proxy. */
  readonly metrics?: MetricsAccess | undefined
  /**
   * Returns the status for an error that an action threw, 400 to 599, or undefined for 500. Also called for undeclared errors, of
   * which the client sees only the status.
   *
   * @example http({ statusOf: (error) => (error.name === 'OutOfStock' ? 409 : undefined) })
   */
  readonly statusOf?: ((error: FailedCall) => number | undefined) | undefined
}

export interface ResolvedHttpOptions extends HttpLimits {
  /** '' or a prefix such as '/api'. */
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
    throw invalidOption('http path', "a path such as '/api'", path)
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
