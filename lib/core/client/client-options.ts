// The options of a Client, and the forms of its constructor.
import type { Credential } from '../action/credential.ts'
import { requireMetadata } from '../action/metadata-option.ts'
import { type OnRetry, requireOnRetry, requireTimeout } from '../action/run-options.ts'
import { type BackoffOptions, backoffOptions } from '../base/backoff.ts'
import { type Clock, platformClock } from '../base/clock.ts'
import { consoleLogger, type Logger } from '../base/log.ts'
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import {
  invalidOption,
  type LimitOptions,
  type Limits,
  requireCount,
  requirePositive,
  resolveLimits,
} from '../base/options.ts'
import { resolveToken, type TokenSource } from '../base/token.ts'
import { type Address, isUrl } from '../link/address.ts'
import { isName } from '../wire/frames/frame.ts'
import type { Metadata } from '../wire/frames/metadata.ts'
import type { AnyClass } from '../wire/rich/class-registry.ts'
import type { ClientPlatform, Dial, DialOptions } from './client-platform.ts'
import { type Asked, type Presented, requireCredentials } from './presented.ts'
import { type ResumeStorage, StoredSessions } from './stored-sessions.ts'

export interface ClientOptions extends Omit<TokenSource, 'token'>, DialOptions {
  /**
   * The server's token, or a function that gives it: asked at each connect, for tokens that expire. Prefer a file or
   * ISOCK_TOKEN to a text in the program.
   */
  readonly token?: Asked<string> | undefined
  /**
   * Faults in a row that each call outlives: lost links and failed connects, until it makes progress. A busy server costs none: the
   * call waits while it has time, or for a minute where it has no time limit. 0: each call is tried once. Default 3.
   */
  readonly retry?: number | undefined
  /** Called after each fault that one of the client's calls outlives, see `onRetry` of {@link RunOptions}. Default: none. */
  readonly onRetry?: OnRetry | undefined
  /** Texts that all calls of this client send, see `metadata` of {@link RunOptions}; those of a call replace them by key. Default: none. */
  readonly metadata?: Metadata | undefined
  /**
   * Milliseconds for which calls outlive that the server cannot be reached while their session there may still live, however many
   * attempts fail: from the first fault until they make progress. Calls with `retry: 0` have none. Default 30 000; Infinity: as long
   * as they have time.
   */
  readonly patienceMs?: number | undefined
  /** How long to wait between attempts to connect. Default: 100 ms, doubling to 5 s, with full jitter. */
  readonly backoff?: BackoffOptions | undefined
  /** Milliseconds for each call, all attempts together. Default: 60 000 without a sign of life. */
  readonly timeoutMs?: number | undefined
  /**
   * What guards ask for; made by `YourGuard.credential(...)`, or a function that gives them: asked at each connect. Shown, as the
   * token is, to each address of the client.
   *
   * @example
   * new Client('tls://example.org:4440', { credentials: async () => [Login.credential(await freshTicket())] })
   */
  readonly credentials?: Asked<readonly Credential[]> | undefined
  /** Send the token and the credentials without TLS to another machine too. Default false. */
  readonly allowClearTextToken?: boolean | undefined
  /**
   * The name that this client gives itself, 1 to 512 bytes: `session.name` at the server, the same after a reconnect.
   * Unique among the connected clients of a server: with one that is taken nothing is run, and every call rejects with
   * ClientError (`NAME_TAKEN`). Default: none.
   */
  readonly name?: string | undefined
  /**
   * Where to keep what resumes the session, so that a reloaded page continues in it, with its identity and its presence:
   * `sessionStorage`, or any object with its three methods, also on Node; or a function that gives one, as where storage is
   * switched off, the very name `sessionStorage` throws. Calls, streams and subscriptions of the former page end; the session's `state`
   * stays. Where the session is gone, there is a new one. A duplicated tab gets one of its own while the other one is connected. One client
   * for each address and storage: a second one gets a session of its own. A storage that throws is logged, and ends nothing. What it holds
   * is a secret. Default: none.
   *
   * @example
   * const client = new Client({ resume: sessionStorage })
   */
  readonly resume?: ResumeStorage | (() => ResumeStorage) | undefined
  readonly limits?: LimitOptions | undefined
  /** Classes whose instances keep their class on the wire, in addition to those that actions declare. */
  readonly classes?: readonly AnyClass[] | undefined
  /** Stay connected while idle, as a client does that offers actions to the server. Default: when it offers some. */
  readonly keepConnected?: boolean | undefined
  /**
   * Default: errors of handlers and of this client's own actions go to the console, in a browser to `reportError`, so that
   * `window.onerror` hears of them, at most 20 in 10 s; and a warning for each subscription that ended with an error that nobody takes.
   */
  readonly log?: Logger | undefined
  /** Errors of this client's own actions travel with their stacks. Default false. */
  readonly exposeStacks?: boolean | undefined
  /** For development: errors that this client's actions do not declare travel with all that they have. Default false. */
  readonly exposeErrors?: boolean | undefined
  /** For tests in virtual time. */
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
  /** Opens links itself; for transports of one's own. */
  readonly dial?: Dial | undefined
}

export const defaultPatienceMs = 30_000

export const clientOptions: OptionTable<ClientOptions> = {
  token: 'protects',
  tokenFile: 'protects',
  credentials: 'protects',
  tls: 'protects',
  network: 'any',
  retry: 'any',
  onRetry: 'any',
  metadata: 'any',
  patienceMs: 'any',
  backoff: 'any',
  timeoutMs: 'any',
  allowClearTextToken: 'any',
  name: 'any',
  resume: 'any',
  limits: 'any',
  classes: 'any',
  keepConnected: 'any',
  log: 'any',
  exposeStacks: 'any',
  exposeErrors: 'any',
  clock: 'any',
  random: 'any',
  dial: 'any',
}

export interface ResolvedClientOptions {
  readonly addresses: readonly Address[]
  readonly limits: Limits
  readonly log: Logger
  readonly clock: Clock
  readonly random: () => number
  readonly dial: Dial
  readonly onWakeUp: ClientPlatform['onWakeUp']
  readonly onExit: ClientPlatform['onExit']
  /** undefined: the session ends with the client. */
  readonly stored: StoredSessions | undefined
  readonly retry: number
  readonly onRetry: OnRetry | undefined
  readonly metadata: Metadata | undefined
  readonly patienceMs: number
  readonly timeoutMs: number | undefined
  readonly backoff: BackoffOptions
  readonly presented: Presented
  readonly given: ClientOptions
}

export type ClientArguments =
  | [address: string | URL | readonly (string | URL)[], options?: ClientOptions]
  | [host: string, port: number, options?: ClientOptions]

/** @throws ClientError (`INVALID_OPTION`) that names what is wrong. */
export function resolveClientOptions(platform: ClientPlatform, args: ClientArguments): ResolvedClientOptions {
  const { addresses, given } = readArguments(platform, args)
  const clock = given.clock ?? platformClock
  if (given.name !== undefined && !isName(given.name))
    throw invalidOption('name', 'a text of 1 to 512 bytes', given.name)
  const log = given.log ?? consoleLogger(() => clock.now(), platform.reportError)
  const { resume: storage } = given
  const { onExit } = platform
  return {
    addresses,
    limits: resolveLimits(given.limits),
    log,
    clock,
    random: given.random ?? Math.random,
    dial: given.dial ?? platform.dialer(given, addresses),
    onWakeUp: platform.onWakeUp,
    onExit,
    stored: storage === undefined ? undefined : new StoredSessions({ storage, addresses, log, onExit }),
    retry: given.retry === undefined ? 3 : requireCount('retry', given.retry),
    onRetry: requireOnRetry(given.onRetry),
    metadata: requireMetadata(given.metadata),
    patienceMs: given.patienceMs === undefined ? defaultPatienceMs : requireCount('patienceMs', given.patienceMs),
    timeoutMs: given.timeoutMs === undefined ? undefined : requireTimeout(given.timeoutMs),
    backoff: checkedBackoff(given.backoff),
    presented: presentedBy(given, platform),
    given,
  }
}

function sourceOf(token: string | undefined, tokenFile: string | undefined): TokenSource {
  if (token !== undefined) return { token }
  return tokenFile === undefined ? {} : { tokenFile }
}

function presentedBy(given: ClientOptions, { environment, readSecret }: ClientPlatform): Presented {
  const { token, credentials, allowClearTextToken = false } = given
  if (credentials !== undefined && typeof credentials !== 'function') requireCredentials(credentials)
  return {
    token:
      typeof token === 'function' ? token : resolveToken(sourceOf(token, given.tokenFile), environment, readSecret),
    isTokenGiven: token !== undefined || given.tokenFile !== undefined,
    credentials,
    allowClearTextToken: allowClearTextToken === true,
  }
}

/** Those of a client of the same server with other credentials, whose connection is nobody's but its calls'. */
export function argumentsWith(credentials: readonly Credential[], args: ClientArguments): ClientArguments {
  const [first, second] = args
  // A name is one client's alone, and so is a session.
  const { name: _, resume: __, ...given } = args.find((arg): arg is ClientOptions => isOptions(arg)) ?? {}
  const options = { ...given, credentials, keepConnected: false }
  return typeof second === 'number' ? [first as string, second, options] : [first, options]
}

function isOptions(arg: unknown): boolean {
  return typeof arg === 'object' && arg !== null && !Array.isArray(arg) && !isUrl(arg)
}

/** Reads the forms of the constructor. */
function readArguments(
  platform: ClientPlatform,
  [first, second, third]: ClientArguments,
): { addresses: Address[]; given: ClientOptions } {
  if (typeof second === 'string') throw invalidOption('port', 'a number', second)
  const hasPort = typeof second === 'number'
  const given = (hasPort ? third : second) ?? {}
  checkOptions('Client', given, clientOptions)
  const hasTls = given.tls !== undefined
  if (hasTls && given.dial !== undefined) throw invalidOption('tls', 'none beside dial', given.tls)
  const texts = Array.isArray(first) ? first : [first]
  if (texts.length === 0) throw invalidOption('address', 'at least one address', first)
  const bare = hasTls ? 'tls' : 'tcp'
  const port = hasPort ? second : undefined
  const addresses = (hasPort ? [first] : texts).map((text) => platform.readAddress(text, bare, port))
  return { addresses, given }
}

function checkedBackoff(backoff: BackoffOptions = {}): BackoffOptions {
  checkOptions('backoff', backoff, backoffOptions)
  for (const [name, value] of Object.entries(backoff))
    if (value !== undefined) requirePositive(`backoff.${name}`, value)
  return backoff
}
