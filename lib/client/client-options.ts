// What a Client can be told, and the reading of its constructor's forms.
import type { Credential } from '../action/guard.ts'
import { requireTimeout } from '../action/run-options.ts'
import type { BackoffOptions } from '../base/backoff.ts'
import { type Clock, platformClock } from '../base/clock.ts'
import { consoleLogger, type Logger } from '../base/log.ts'
import { invalidOption, type Limits, requireCount, requirePositive, resolveLimits } from '../base/options.ts'
import { resolveToken, type TokenSource } from '../base/token.ts'
import { type Address, parseAddress, tcpAddress } from '../link/address.ts'
import type { AnyClass } from '../wire/class-registry.ts'
import { isName } from '../wire/frame.ts'
import type { ClientPlatform, Dial, DialOptions } from './client-platform.ts'

export interface ClientOptions extends TokenSource, DialOptions {
  /**
   * Faults in a row that each call outlives: lost links and failed connects, until it makes progress. A busy server costs none: the
   * call waits while it has time, or for a minute where it has no time limit. 0: each call is tried once. Default 3.
   */
  readonly retry?: number
  /** How long to wait between attempts to connect. Default: 100 ms, doubling to 5 s, with full jitter. */
  readonly backoff?: BackoffOptions
  /** Milliseconds for each call, all attempts together. Default: 60 000 without a sign of life. */
  readonly timeoutMs?: number
  /** What guards ask for; made by `YourGuard.credential(...)`. */
  readonly credentials?: readonly Credential[]
  /** Send the token over TCP without TLS to another machine too. Default false. */
  readonly allowClearTextToken?: boolean
  /**
   * The name that this client gives itself, 1 to 512 bytes: `session.name` at the server, the same after a reconnect.
   * Unique among the connected clients of a server: with one that is taken nothing is run, and every call rejects with
   * ClientError (`NAME_TAKEN`). Default: none.
   */
  readonly name?: string
  readonly limits?: Partial<Limits>
  /** Classes whose instances travel as themselves, beside those that actions name. */
  readonly classes?: readonly AnyClass[]
  /** Stay connected while idle, as a client does that offers actions to the server. Default: when it offers some. */
  readonly keepConnected?: boolean
  /** Default: errors of handlers and of this client's own actions go to the console, at most 20 in 10 s; nothing else. */
  readonly log?: Logger
  /** Errors of this client's own actions travel with their stacks. Default false. */
  readonly exposeStacks?: boolean
  /** For development: errors that this client's actions do not declare travel with all that they have. Default false. */
  readonly exposeErrors?: boolean
  /** For tests in virtual time. */
  readonly clock?: Clock
  readonly random?: () => number
  /** Opens links itself; for transports of one's own. */
  readonly dial?: Dial
}

export interface ResolvedClientOptions {
  readonly addresses: readonly Address[]
  readonly limits: Limits
  readonly log: Logger
  readonly clock: Clock
  readonly random: () => number
  readonly dial: Dial
  readonly onOnline: ClientPlatform['onOnline']
  readonly retry: number
  readonly timeoutMs: number | undefined
  readonly backoff: BackoffOptions
  readonly token: string | undefined
  /** The user gave it; one from the environment is merely left out where it may not go. */
  readonly isTokenGiven: boolean
  readonly given: ClientOptions
}

export type ClientArguments =
  | [address: string | readonly string[], options?: ClientOptions]
  | [host: string, port: number, options?: ClientOptions]

/** @throws ClientError (`INVALID_OPTION`) that names what is wrong. */
export function resolveClientOptions(platform: ClientPlatform, args: ClientArguments): ResolvedClientOptions {
  const [first, second, third] = args
  const given = (typeof second === 'number' ? third : second) ?? {}
  const clock = given.clock ?? platformClock
  const addresses =
    typeof second === 'number' ? [tcpAddress(first as string, second, given.tls ? 'tls' : 'tcp')] : addressesOf(first)
  if (given.name !== undefined && !isName(given.name))
    throw invalidOption('name', 'a text of 1 to 512 bytes', given.name)
  return {
    addresses,
    limits: resolveLimits(given.limits),
    log: given.log ?? consoleLogger(() => clock.now()),
    clock,
    random: given.random ?? Math.random,
    dial: given.dial ?? platform.dialer(given),
    onOnline: platform.onOnline,
    retry: given.retry === undefined ? 3 : requireCount('retry', given.retry),
    timeoutMs: given.timeoutMs === undefined ? undefined : requireTimeout(given.timeoutMs),
    backoff: checkedBackoff(given.backoff),
    token: resolveToken(given, platform.environment, platform.readSecret),
    isTokenGiven: given.token !== undefined || given.tokenFile !== undefined,
    given,
  }
}

function addressesOf(given: unknown): Address[] {
  const texts = Array.isArray(given) ? given : [given]
  if (texts.length === 0) throw invalidOption('address', 'at least one address', given)
  return texts.map(parseAddress)
}

function checkedBackoff(backoff: BackoffOptions = {}): BackoffOptions {
  for (const [name, value] of Object.entries(backoff)) requirePositive(`backoff.${name}`, value)
  return backoff
}
