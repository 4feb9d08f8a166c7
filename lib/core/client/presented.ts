// The token and credentials that a client presents to a server's guards. Functions are called at each connect, because their
// results may expire.
import type { Credential } from '../action/credential.ts'
import { refusals, tokenGuardName } from '../action/guard.ts'
import type { Clock } from '../base/clock.ts'
import { AuthError, ClientError, LinkError } from '../base/errors.ts'
import { followSignal } from '../base/followed-signals.ts'
import { invalidOption } from '../base/options.ts'
import { requireToken } from '../base/token.ts'
import type { Peer } from '../link/link.ts'

/** A value, or a function that returns it, called at each connect. */
export type Asked<T> = T | (() => T | PromiseLike<T>)

export interface Presented {
  readonly token: Asked<string> | undefined
  /** Whether the program passed the token. One from the environment is omitted, not rejected, if it must not be sent. */
  readonly isTokenGiven: boolean
  readonly credentials: Asked<readonly Credential[]> | undefined
  readonly allowClearTextToken: boolean
}

/** Limits the wait for the functions. */
export interface AskingBounds {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Returns the token and credentials for HELLO.
 *
 * @throws ClientError (`INVALID_OPTION`) if they are invalid or must not be sent in clear text; LinkError if a function fails or times
 * out, because another attempt may succeed.
 */
export async function presentedTo(
  peer: Peer,
  { token, isTokenGiven, credentials, allowClearTextToken }: Presented,
  bounds: AskingBounds,
): Promise<Record<string, unknown>> {
  const presented: Record<string, unknown> = Object.create(null)
  if (peer.isPrivate || allowClearTextToken) {
    for (const { guard, value } of await listOf(credentials, bounds)) presented[guard] = value
    const asked = typeof token === 'function' ? requireToken('token', await ask('token', token, bounds)) : token
    if (asked !== undefined) presented[tokenGuardName] = asked
  } else if (isTokenGiven || typeof credentials === 'function' || (credentials ?? []).length > 0) {
    throw new ClientError(
      `${isTokenGiven ? 'the token is' : 'credentials are'} not sent in clear text to ${peer.description}: use tls://, or allow it with allowClearTextToken`,
      { code: 'INVALID_OPTION' },
    )
  }
  return presented
}

/** A refusal in isock's own words, with what the client presented. The reasons that guards give stay as they are. */
export function explained(error: unknown, presented: object, hint: string | undefined): unknown {
  if (!(error instanceof AuthError) || hint === undefined) return error
  const { message } = error
  const names = Object.keys(presented)
  if (names.length === 0 && (message === refusals.noToken || message === refusals.unaccepted))
    return new AuthError(`${message}; this client presents nothing: ${hint}`)
  return message === refusals.unaccepted
    ? new AuthError(`${message}; this client presents: ${names.join(', ')}`)
    : error
}

/** Throws ClientError (`INVALID_OPTION`) for anything but credentials; does not quote them. */
export function requireCredentials(credentials: unknown): readonly Credential[] {
  const isList = Array.isArray(credentials)
  if (isList && credentials.every((each) => typeof (each as Partial<Credential> | null)?.guard === 'string'))
    return credentials as readonly Credential[]
  const wanted = 'a list of what YourGuard.credential(...) makes, or a function that gives one'
  throw invalidOption('credentials', wanted, isList ? 'a list of something else' : typeof credentials)
}

async function listOf(
  credentials: Asked<readonly Credential[]> | undefined,
  bounds: AskingBounds,
): Promise<readonly Credential[]> {
  if (typeof credentials !== 'function') return credentials ?? []
  return requireCredentials(await ask('credentials', credentials, bounds))
}

function ask<T>(
  name: string,
  give: () => T | PromiseLike<T>,
  { clock, timeoutMs, signal }: AskingBounds,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): void =>
      reject(
        new LinkError(`the function of option ${name} failed: ${String((cause as Error | null)?.message ?? cause)}`, {
          cause,
        }),
      )
    const late = (): void =>
      reject(new LinkError(`the function of option ${name} did not return within ${timeoutMs} ms`))
    const timer = clock.setTimer(late, timeoutMs)
    const unfollow = followSignal(signal, () => reject(signal.reason))
    const over = (): void => {
      timer.cancel()
      unfollow()
    }
    try {
      Promise.resolve(give()).then(resolve, failed).finally(over)
    } catch (error) {
      failed(error)
      over()
    }
  })
}
