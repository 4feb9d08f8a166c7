// Limits how often clients may call, as an interceptor of a server. The algorithm is GCRA, the generic cell rate algorithm of ATM
// networks: for each client one time, up to which its calls are paid for.
import { addressKey } from '../../core/accounting/owner.ts'
import type { ServerCall } from '../../core/action/intercepted-run.ts'
import type { Interceptor } from '../../core/action/interceptors.ts'
import { BusyError } from '../../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { invalidOption, requireCount, requirePositive } from '../../core/base/options.ts'
import { monotonicNow } from '../../core/base/platform-timers.ts'

export interface RateLimitOptions {
  /** Calls that one client may make in `everyMs`, evenly spread. */
  readonly calls: number
  /** Milliseconds. Default 1 000. */
  readonly everyMs?: number | undefined
  /** Calls that may come together after a pause. Default: `calls`. */
  readonly burst?: number | undefined
  /**
   * Who counts as one client: a session; an identity, or the address where there is none; an address, a /64 network for IPv6; or a text
   * that a function returns for a call, undefined: not limited. Default 'identity'.
   */
  readonly per?: 'session' | 'identity' | 'address' | ((call: ServerCall) => string | undefined) | undefined
  /** Which calls count, and are limited. Default: all. */
  readonly only?: ((call: ServerCall) => boolean) | undefined
  /** Clients that are counted separately; those beyond share one count. Default 10 000. */
  readonly maxClients?: number | undefined
  /** Milliseconds that only grow; for tests. Default: the platform's monotonic clock. */
  readonly now?: (() => number) | undefined
}

const optionTable: OptionTable<RateLimitOptions> = {
  calls: 'any',
  everyMs: 'any',
  burst: 'any',
  per: 'protects',
  only: 'protects',
  maxClients: 'any',
  now: 'any',
}

/**
 * An interceptor that refuses calls beyond a rate as BusyError with `retryAfterMs`: they have not started, and isock's clients retry
 * them then, as long as they have time.
 *
 * @throws ClientError (`INVALID_OPTION`).
 * @example
 * server.use(rateLimit({ calls: 100, per: 'identity' }))
 * server.use(rateLimit({ calls: 5, everyMs: 60_000, per: 'address', only: ({ name }) => name === 'Login' }))
 */
export function rateLimit(options: RateLimitOptions): Interceptor<ServerCall> {
  checkOptions('rateLimit', options, optionTable)
  const {
    everyMs = 1_000,
    burst = options.calls,
    maxClients = 10_000,
    per = 'identity',
    only,
    now = monotonicNow,
  } = options
  requirePositive('calls', options.calls)
  requirePositive('everyMs', everyMs)
  requirePositive('burst', burst)
  requireCount('maxClients', maxClients)
  const clientOf = typeof per === 'function' ? per : clients[per]
  if (clientOf === undefined) throw invalidOption('per', "'session', 'identity', 'address' or a function", per)
  if (only !== undefined && typeof only !== 'function') throw invalidOption('only', 'a function', only)
  const rate = new Rate({ intervalMs: everyMs / options.calls, burst, maxClients, everyMs })
  return (call, next) => {
    const client = only === undefined || only(call) ? clientOf(call) : undefined
    const waitMs = client === undefined ? 0 : rate.take(client, now())
    if (waitMs === 0) return next()
    const message = `more than ${options.calls} calls in ${everyMs} ms; retry in ${Math.ceil(waitMs)} ms`
    throw new BusyError(message, { retryAfterMs: Math.ceil(waitMs) })
  }
}

const clients: Readonly<Record<string, (call: ServerCall) => string>> = {
  session: ({ context }) => `session ${context.session.id}`,
  identity: ({ context }) => {
    const { identity } = context.session
    return identity === undefined ? addressOf(context.session.peer) : `identity ${identity.id}`
  },
  address: ({ context }) => addressOf(context.session.peer),
}

function addressOf(peer: { readonly address?: string } | undefined): string {
  return `address ${addressKey(peer?.address)}`
}

interface RateOptions {
  readonly intervalMs: number
  readonly burst: number
  readonly maxClients: number
  readonly everyMs: number
}

/** Of all clients for whom there is no room: a flood of new ones neither gets around the limit nor locks out the known ones. */
const others = ''

class Rate {
  readonly #options: RateOptions
  /** By client: the time up to which its calls are paid for. One that has passed says nothing. */
  readonly #paidUntilMs = new Map<string, number>()
  #sweptAtMs = Number.NEGATIVE_INFINITY

  constructor(options: RateOptions) {
    this.#options = options
  }

  /** 0: the call may run, and is counted. Else how long to wait, in milliseconds. */
  take(client: string, nowMs: number): number {
    const { intervalMs, burst } = this.#options
    const key = this.#keyOf(client, nowMs)
    const paidUntilMs = Math.max(this.#paidUntilMs.get(key) ?? nowMs, nowMs)
    const waitMs = paidUntilMs - nowMs - (burst - 1) * intervalMs
    // Times are fractions: a rounding error is no wait.
    if (waitMs > 1e-6) return waitMs
    this.#paidUntilMs.set(key, paidUntilMs + intervalMs)
    return 0
  }

  #keyOf(client: string, nowMs: number): string {
    const known = this.#paidUntilMs
    if (known.has(client) || known.size < this.#options.maxClients) return client
    if (nowMs - this.#sweptAtMs < this.#options.everyMs) return others
    this.#sweptAtMs = nowMs
    for (const [key, untilMs] of known) if (untilMs <= nowMs) known.delete(key)
    return known.size < this.#options.maxClients ? client : others
  }
}
