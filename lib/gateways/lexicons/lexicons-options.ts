// The options of `lexicons(...)`, their defaults and checks.
import type { ServerView } from '../../core/action/context.ts'
import { type Guard, guardNameOf } from '../../core/action/guard.ts'
import { checkOptions, type Filled, type OptionTable, withDefaults } from '../../core/base/option-table.ts'
import { describe, invalidOption, requirePositive } from '../../core/base/options.ts'
import { TrustList } from '../../core/server/trust.ts'
import { type ChannelClass, channelNameOf } from '../../features/channels/channel.ts'
import { requirePath } from '../../features/web/web-options.ts'
import { type HeaderForm, headerForms } from './header-credentials.ts'
import type { LexiconsClient } from './lexicons-client.ts'

/** The event that a line of `onLog` reports. */
export type LexiconsStatus =
  | 'started'
  | 'refused'
  | 'connected'
  | 'signal'
  | 'sent'
  | 'failed'
  | 'disconnected'
  | 'shut down'

/** One line of `onLog`. Never contains header values. */
export interface LexiconsLogLine {
  readonly status: LexiconsStatus
  readonly client?: LexiconsClient
  /** signal: `{ Name: kwargs }`; sent: the entries; failed and refused: the error. */
  readonly data?: unknown
}

type GuardReference = string | (abstract new (...args: never) => Guard<never>)

/** Options of the gateway. Sizes in bytes, times in milliseconds. */
export interface LexiconsOptions {
  /** The path for clients that do not name the subprotocol `lexicons`. Default '/lexicons'. */
  readonly path?: string | undefined
  /** The guards, by class or name, whose credentials clients send as headers. Default: none. */
  readonly headers?: readonly GuardReference[] | undefined
  /**
   * The form of these headers' values. 'json'; 'python': also Python's `str()` of a dict, with single quotes, True and None;
   * 'text': also any other text, which the guard receives as `{ header: text }`. Default 'json'.
   */
  readonly headerValues?: HeaderForm | undefined
  /** The channels that clients may subscribe to by name. Default: none. */
  readonly channels?: readonly ChannelClass[] | undefined
  /** IP addresses and ranges that may connect; '*': all. Default ['*']. */
  readonly trust?: readonly string[] | undefined
  /** The signals that subscribe to a channel and unsubscribe from it; false: none. Default 'Subscribe', 'Unsubscribe'. */
  readonly subscribeAction?: string | false | undefined
  readonly unsubscribeAction?: string | false | undefined
  /** 'asked': the client receives only results that an action sends as a reply. 'all': every result. Default 'asked'. */
  readonly replies?: 'asked' | 'all' | undefined
  /** Converts a signal's kwargs to the action's data. Default: the kwargs. An error that it throws is sent to the client. */
  readonly input?: ((kwargs: object, actionName: string) => unknown) | undefined
  /** Send binary messages, as lexicons itself does, rather than text. Both are accepted. Default false. */
  readonly binary?: boolean | undefined
  /**
   * Called when a client was admitted; awaited before its first signal. The client is disconnected if it throws, or takes
   * longer than `timeoutMs`.
   */
  readonly onConnect?: ((client: LexiconsClient, server: ServerView) => unknown) | undefined
  /** Called when an admitted client has gone. */
  readonly onDisconnect?: ((client: LexiconsClient, server: ServerView) => unknown) | undefined
  readonly onStart?: ((server: ServerView) => unknown) | undefined
  /** Called when all clients have gone; awaited, within the server's grace period. */
  readonly onShutdown?: ((server: ServerView) => unknown) | undefined
  readonly onLog?: ((line: LexiconsLogLine) => void) | undefined
  /** The longest message of a client. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined
  /** Signals in one message. Default 100. */
  readonly maxSignals?: number | undefined
  /** Channels and rooms that one client may be in. Default 100. */
  readonly maxSubscriptions?: number | undefined
  /**
   * Bytes queued for a client that does not read; each message counts for 512 more. Above it, the client is
   * disconnected. A single message may be larger. Also the limit for the replies to one list of signals. Default 8 MiB.
   */
  readonly maxQueuedBytes?: number | undefined
  /** How long a client may read nothing of its queue, plus a second for each 16 KB of it. Default 30 s. */
  readonly stallTimeoutMs?: number | undefined
  /** The time limit for each action of a client, for a channel to admit it, and for `onConnect` and `onDisconnect`. Default 60 s. */
  readonly timeoutMs?: number | undefined
}

type Kept = 'input' | 'onConnect' | 'onDisconnect' | 'onStart' | 'onShutdown' | 'onLog'

export interface ResolvedLexiconsOptions
  extends Filled<Omit<LexiconsOptions, Kept | 'headers' | 'channels' | 'trust'>>,
    Pick<LexiconsOptions, Kept> {
  readonly guards: readonly string[]
  readonly channels: ReadonlyMap<string, ChannelClass>
  /** Undefined: all addresses. */
  readonly trust: TrustList | undefined
}

const bounds = {
  maxMessageBytes: 1024 * 1024,
  maxSignals: 100,
  maxSubscriptions: 100,
  maxQueuedBytes: 8 * 1024 * 1024,
  stallTimeoutMs: 30_000,
  timeoutMs: 60_000,
}
const defaults = {
  ...bounds,
  path: '/lexicons',
  subscribeAction: 'Subscribe',
  unsubscribeAction: 'Unsubscribe',
  replies: 'asked',
  headerValues: 'json',
  binary: false,
} as const
const hooks: readonly Kept[] = ['input', 'onConnect', 'onDisconnect', 'onStart', 'onShutdown', 'onLog']
const lexiconsOptions: OptionTable<LexiconsOptions> = {
  headers: 'protects',
  headerValues: 'any',
  trust: 'protects',
  path: 'any',
  channels: 'any',
  subscribeAction: 'any',
  unsubscribeAction: 'any',
  replies: 'any',
  input: 'any',
  binary: 'any',
  onConnect: 'any',
  onDisconnect: 'any',
  onStart: 'any',
  onShutdown: 'any',
  onLog: 'any',
  maxMessageBytes: 'any',
  maxSignals: 'any',
  maxSubscriptions: 'any',
  maxQueuedBytes: 'any',
  stallTimeoutMs: 'any',
  timeoutMs: 'any',
}

/** @throws ClientError (`INVALID_OPTION`); ServerError (`INVALID_CHANNEL`). */
export function resolveLexiconsOptions(given: LexiconsOptions): ResolvedLexiconsOptions {
  checkOptions('lexicons', given, lexiconsOptions)
  const { headers = [], channels = [], trust, ...others } = given
  const options: typeof others & Filled<Pick<LexiconsOptions, keyof typeof defaults>> = withDefaults(
    { ...others, ...defaults },
    others,
  )
  for (const name of Object.keys(bounds) as (keyof typeof bounds)[]) requirePositive(`lexicons ${name}`, options[name])
  for (const name of hooks) requireFunction(`lexicons ${name}`, options[name])
  for (const name of ['subscribeAction', 'unsubscribeAction'] as const) {
    const value: unknown = options[name]
    if (value !== false && (typeof value !== 'string' || value === ''))
      throw invalidOption(`lexicons ${name}`, 'the name of a signal, or false', value)
  }
  const path = requirePath('lexicons path', options.path)
  if (typeof options.binary !== 'boolean') throw invalidOption('lexicons binary', 'true or false', options.binary)
  if (options.replies !== 'asked' && options.replies !== 'all')
    throw invalidOption('lexicons replies', "'asked' or 'all'", options.replies)
  if (!headerForms.includes(options.headerValues))
    throw invalidOption('lexicons headerValues', "'json', 'python' or 'text'", options.headerValues)
  if (!Array.isArray(headers))
    throw invalidOption('lexicons headers', 'a list of guard classes or their names', headers)
  if (!Array.isArray(channels)) throw invalidOption('lexicons channels', 'a list of channel classes', channels)
  return {
    ...options,
    path,
    guards: headers.map(guardName),
    channels: new Map(channels.map((channel: ChannelClass) => [channelNameOf(channel), channel])),
    trust: trustOf(trust),
  }
}

function guardName(guard: unknown): string {
  const name = typeof guard === 'function' ? guardNameOf(guard) : guard
  // The characters that HTTP allows in the name of a header.
  if (typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name)) return name
  throw invalidOption('lexicons headers', 'guard classes or names that can name a header', guard)
}

function trustOf(trust: readonly string[] | undefined): TrustList | undefined {
  if (trust === undefined || (Array.isArray(trust) && trust.includes('*'))) return undefined
  if (Array.isArray(trust) && trust.length > 0) return new TrustList(trust)
  const actual = Array.isArray(trust) ? 'an empty list, which allows no one' : describe(trust)
  throw invalidOption('lexicons trust', "IP addresses, ranges or '*'", actual)
}

function requireFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalidOption(name, 'a function', value)
}
