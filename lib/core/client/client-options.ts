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
   * The server's token, or a function that returns it, called at each connect, for tokens that expire. Prefer a file or
   * ISOCK_TOKEN to a token in the source code.
   */
  readonly token?: Asked<string> | undefined
  /**
   * How often in a row each call is retried after a lost link or a failed connect, until it makes progress. A busy server does not
   * count: the call waits until its timeout, or for a minute if it has none. With 0, each call is tried once. Default 3.
   */
  readonly retry?: number | undefined
  /** Called after each fault for each call that is retried, see `onRetry` of {@link RunOptions}. Default: none. */
  readonly onRetry?: OnRetry | undefined
  /** Metadata for all calls of this client, see `metadata` of {@link RunOptions}. That of a call takes precedence by key. Default: none. */
  readonly metadata?: Metadata | undefined
  /**
   * How long calls survive an unreachable server while their session may still exist there, in milliseconds from the first fault,
   * regardless of `retry`. Calls with `retry: 0` do not wait. Infinity waits until the timeout of each call. Default 30 000.
   */
  readonly patienceMs?: number | undefined
  /** The delay between attempts to connect. Default: 100 ms, doubling up to 5 s, with full jitter. */
  readonly backoff?: BackoffOptions | undefined
  /** The timeout of each call in milliseconds, including all attempts. Default: 60 000 without a sign of life. */
  readonly timeoutMs?: number | undefined
  /**
   * Credentials for the server's guards, created by `YourGuard.credential(...)`, or a function that returns them, called at each
   * connect. Like the token, they are sent to each address of the client.
   *
   * @example
   * new Client('tls://example.org:4440', { credentials: async () => [Login.credential(await freshTicket())] })
   */
  readonly credentials?: Asked<readonly Credential[]> | undefined
  /** Allows sending the token and the credentials to another machine without TLS. Default false. */
  readonly allowClearTextToken?: boolean | undefined
  /**
   * The name of this client, 1 to 512 bytes: `session.name` on the server, unchanged after a reconnect. It must be unique among the
   * connected clients of a server: if it is taken, every call rejects with ClientError (`NAME_TAKEN`) without running. Default: none.
   */
  readonly name?: string | undefined
  /**
   * Where to store the session, so that a reloaded page resumes it with the same identity and presence: `sessionStorage`, or any object
   * with its three methods, also on Node; or a function that returns one, because access to `sessionStorage` throws if storage is
   * disabled. Calls, streams and subscriptions of the former page end; the session's `state` stays. If the session no longer exists, a
   * new one is created. A duplicated tab gets its own session while the other tab is connected, and so does a second client with the
   * same address and storage. Errors of the storage are logged. The stored session is a secret. Default: none.
   *
   * @example
   * const client = new Client({ resume: sessionStorage })
   */
  readonly resume?: ResumeStorage | (() => ResumeStorage) | undefined
  /**
   * The addresses are those of servers that share one store of sessions: each of them may continue the session of another one that is gone
   * for 5 s, and answers the calls whose answers are recorded. So all of them get the secret that resumes the session. Default false.
   */
  readonly sharedSessions?: boolean | undefined
  readonly limits?: LimitOptions | undefined
  /** Classes whose instances keep their class on the wire, besides those that actions declare. */
  readonly classes?: readonly AnyClass[] | undefined
  /** Whether to stay connected while idle. Default: true if the client offers actions to the server. */
  readonly keepConnected?: boolean | undefined
  /**
   * The logger. Default: errors of handlers and of this client's own actions are written to the console, or in a browser passed to
   * `reportError` and so to `window.onerror`, at most 20 in 10 s. A subscription that ends with an unhandled error logs a warning.
   */
  readonly log?: Logger | undefined
  /** Sends the stacks of errors of this client's own actions. Default false. */
  readonly exposeStacks?: boolean | undefined
  /** For development: sends errors that this client's actions do not declare in full. Default false. */
  readonly exposeErrors?: boolean | undefined
  /** For tests in virtual time. */
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
  /** Opens the links, for a custom transport. */
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
  sharedSessions: 'any',
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
  /** Undefined if the session ends with the client. */
  readonly stored: StoredSessions | undefined
  readonly retry: number
  readonly onRetry: OnRetry | undefined
  readonly metadata: Metadata | undefined
  readonly patienceMs: number
  readonly timeoutMs: number | undefined
  readonly backoff: BackoffOptions
  readonly presented: Presented
  readonly credentialHint: string | undefined
  readonly given: ClientOptions
}

export type ClientArguments =
  | [address: string | URL | readonly (string | URL)[], options?: ClientOptions]
  | [host: string, port: number, options?: ClientOptions]

/** @throws ClientError (`INVALID_OPTION`) that names the invalid option. */
export function resolveClientOptions(platform: ClientPlatform, args: ClientArguments): ResolvedClientOptions {
  const { addresses, given } = readArguments(platform, args)
  const clock = given.clock ?? platformClock
  if (given.name !== undefined && !isName(given.name))
    throw invalidOption('name', 'a string of 1 to 512 bytes', given.name)
  if (given.sharedSessions !== undefined && typeof given.sharedSessions !== 'boolean')
    throw invalidOption('sharedSessions', 'true or false', given.sharedSessions)
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
    credentialHint: platform.credentialHint,
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

/** The arguments of a client of the same server with other credentials, which connects only for its calls. */
export function argumentsWith(credentials: readonly Credential[], args: ClientArguments): ClientArguments {
  const [first, second] = args
  // A name and a session belong to one client only.
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
