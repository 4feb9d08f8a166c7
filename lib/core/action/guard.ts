// Guards check what a client presents before its session is accepted (lexicons calls them Headers); the gate
// combines their verdicts. Both sides import the class: the server runs it, the client names it.
import { brand } from '../base/brand.ts'
import { requireNameOf } from '../base/class-name.ts'
import { invalidUsage } from '../base/errors.ts'
import type { Peer } from '../link/link.ts'
import type { Identity } from './context.ts'
import type { Credential } from './credential.ts'

export type { Credential } from './credential.ts'

/** A client that connects. */
export interface Visitor {
  readonly peer: Peer
  /** The name that the client chose. */
  readonly name: string | undefined
}

/** False: rejected. True: accepted. An identity: accepted, with this identity. Any other object counts as a check that failed. */
export type Verdict = boolean | Identity

/** Combines the guards' verdicts, in their order. The default accepts a client that all of them accept. */
export type Gate = (verdicts: readonly boolean[]) => boolean

export const defaultGate: Gate = (verdicts) => verdicts.every(Boolean)

/**
 * Checks one credential. `check` may throw AuthError to give a reason; any other error counts as a rejection and is logged.
 * Credentials travel in the first frame, which is small: 4 KiB with everything in it. They are plain msgpack values.
 *
 * @example
 * export class Login extends Guard<{ email: string; password: string }> {
 *   async check(credential: { email: string; password: string } | undefined) {
 *     const user = credential && (await findUser(credential))
 *     return user ? { id: user.id } : false
 *   }
 * }
 * const client = new Client('localhost', 4440, { credentials: [Login.credential({ email, password })] })
 */
export abstract class Guard<Value = unknown> {
  /** The name under which clients present credentials; default: the class's name, which must not be minified. */
  static guardName?: string

  /**
   * How often `check` runs again for each open session, in milliseconds, with the same credential and visitor. A rejection ends the
   * session (`SESSION_ENDED`); another identity with the same `id` replaces the former one, as on a reconnect. A check that fails
   * or does not answer is retried sooner, and counts as a rejection when twice this time has passed. Default undefined: only
   * when a client connects.
   *
   * @example
   * class Login extends Guard<string> {
   *   override revalidateEveryMs = 60_000
   *   check(token: string | undefined) { return verify(token) }
   * }
   */
  readonly revalidateEveryMs?: number | undefined

  /** `credential` is untrusted, whatever its type says: validate it before use. undefined: none was presented. */
  abstract check(credential: Value | undefined, visitor: Visitor): Verdict | Promise<Verdict>

  /** A credential for this guard. */
  static credential<V>(this: GuardClass<V>, value: V): Credential {
    return { guard: guardNameOf(this), value }
  }
}

/** A reference to a guard's class, whatever its constructor takes. */
export type GuardClass<V> = (abstract new (...args: never[]) => Guard<V>) & { guardName?: string }

brand('isock.Guard', Guard)

/** The name of a guard's class. Throws ClientError (`INVALID_OPTION`) for a minified name. */
export function guardNameOf(guard: { readonly name: string; guardName?: string }): string {
  return requireNameOf(guard, 'guardName', invalidUsage)
}

/** The name of the guard that checks the token of `token`, `tokenFile` or ISOCK_TOKEN. */
export const tokenGuardName = 'token'

/** What clients read that are refused without a reason of a guard's own. */
export const refusals = {
  noToken: 'this server asks for a token',
  unaccepted: 'this server did not accept the credentials',
} as const
