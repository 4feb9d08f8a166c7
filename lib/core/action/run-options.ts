// The options of runAction, checked and completed.
import type { Clock } from '../base/clock.ts'
import type { OptionTable } from '../base/option-table.ts'
import { invalidOption, requireCount } from '../base/options.ts'
import type { Retry } from '../session/fault.ts'
import type { CallBounds } from '../session/outgoing-call.ts'
import type { Metadata } from '../wire/frames/metadata.ts'
import type { Credential } from './credential.ts'

/** Options of one call. Those left out come from the client's options. */
export interface RunOptions {
  /**
   * Milliseconds until the call fails with DeadlineError, all attempts together; Infinity: no time limit. The action sees
   * it as `context.deadline`. Default: the action's `static timeoutMs`, the client's `timeoutMs`, or 60 000 of silence:
   * when none of them is set, each item restarts the time.
   */
  readonly timeoutMs?: number | undefined
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined
  /**
   * Faults in a row that the call survives: lost links and failed connects, until it makes progress. A busy server does not count:
   * the call waits while it has time, or for a minute without a time limit. 0: the call is tried once. Default: the client's.
   */
  readonly retry?: number | undefined
  /**
   * Called after each fault that the call outlives: it will be tried again, without the program having to do anything. For logs and
   * progress; what it throws ends the call, so that it can also say that enough was tried. Default: the client's.
   *
   * @example
   * await client.runAction(Report, year, { onRetry: ({ fault, reason }) => console.warn(`${fault}: ${reason.message}`) })
   */
  readonly onRetry?: OnRetry | undefined
  /** The call may be run again when it is unknown whether it ran. Default: the action's `static idempotent`. */
  readonly idempotent?: boolean | undefined
  /**
   * Credentials for this call, instead of the client's own: for programs that act for several users. Calls with the same credentials
   * share their own session, which is kept for 30 s after the last one. Only for calls of a client.
   *
   * @example
   * await client.runAction(ReadMail, undefined, { credentials: [Login.credential(ticketOf(request))] })
   */
  readonly credentials?: readonly Credential[] | undefined
  /**
   * Texts for the handler's `context.metadata`, such as `traceparent` or a tenant: at most 64 keys of a-z, 0-9, `-`, `_` and `.`, and
   * 8 KiB. They are no credentials: any client can send any. Those of the client come with them, where the keys differ. Nested calls
   * do not inherit them.
   */
  readonly metadata?: Metadata | undefined
  /**
   * An idempotency key, 1 to 255 characters: calls with the same key have one effect and get the same answer, also those of another
   * client of the same identity, after a crash of client or server, for 24 h (`data({ keepKeysMs })`). For transactional and durable
   * actions; others refuse it. The same key with another action or other data is a ServerError (`IDEMPOTENCY_KEY_REUSED`). See
   * docs/durable.md.
   *
   * @example
   * await client.runAction(Order, order, { key: `order-${order.id}` })
   */
  readonly key?: string | undefined
  /** The context of the action that makes this call: its remaining time and its signal apply to the call too. */
  readonly parent?: RunParent | undefined
}

export const runOptions: OptionTable<RunOptions> = {
  timeoutMs: 'any',
  signal: 'any',
  retry: 'any',
  onRetry: 'any',
  metadata: 'any',
  idempotent: 'any',
  key: 'any',
  credentials: 'protects',
  parent: 'any',
}

export type OnRetry = (retry: Retry) => void

/** What a call inherits from the run that makes it. */
export interface RunParent {
  readonly signal: AbortSignal
  readonly remainingMs: number
  /** Called with each call that inherits from it, before it is sent. @internal */
  onCall?(call: NestedCall): void
}

/** A call that a run makes, as the run sees it. */
export interface NestedCall {
  /** Its session; undefined when that is not known. */
  readonly sessionId: string | undefined
  /** Its number there; 0 until it is sent. */
  readonly seq: number
  /** Runs when the call is over. */
  whenDone(onDone: () => void): void
}

export interface RunDefaults {
  readonly retry: number
  readonly onRetry?: OnRetry | undefined
  readonly metadata?: Metadata | undefined
  readonly timeoutMs: number | undefined
}

/** Silence after which a call fails when no timeout is set. */
export const defaultSilenceMs = 60_000

/** @throws ClientError (`INVALID_OPTION`) that names the option. */
export function resolveBounds(
  options: RunOptions,
  actionTimeoutMs: number | undefined,
  defaults: RunDefaults,
  parent: RunParent | undefined,
  clock: Clock,
): CallBounds {
  if (options.signal !== undefined && typeof options.signal?.addEventListener !== 'function')
    throw invalidOption('signal', 'an AbortSignal', options.signal)
  if (options.credentials !== undefined)
    throw invalidOption('credentials', 'none when a server calls its client', 'a list')
  const retries = options.retry === undefined ? defaults.retry : requireCount('retry', options.retry)
  const given = options.timeoutMs ?? actionTimeoutMs ?? defaults.timeoutMs
  if (given !== undefined) requireTimeout(given)
  const parentMs = parent?.remainingMs ?? Number.POSITIVE_INFINITY
  const isInherited = parentMs < (given ?? Number.POSITIVE_INFINITY)
  const timeoutMs = isInherited ? Math.max(0, parentMs) : (given ?? defaultSilenceMs)
  const deadlineAtMs = timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : clock.now() + timeoutMs
  return { retries, timeoutMs, deadlineAtMs, isDeadlineShared: isInherited || given !== undefined }
}

/** @throws ClientError (`INVALID_OPTION`). */
export function requireOnRetry(value: unknown): OnRetry | undefined {
  if (value === undefined || typeof value === 'function') return value as OnRetry | undefined
  throw invalidOption('onRetry', 'a function', value)
}

export function requireTimeout(value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value
  throw invalidOption('timeoutMs', 'a number of milliseconds of at least 0, or Infinity', value)
}
