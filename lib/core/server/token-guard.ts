// The built-in guard: one shared secret. Compared in constant time, and never accepted over a connection that others can read.

import { createHash, timingSafeEqual } from 'node:crypto'
import { Guard, refusals, tokenGuardName, type Visitor } from '../action/guard.ts'
import { brand } from '../base/brand.ts'
import { AuthError } from '../base/errors.ts'

export interface TokenGuardOptions {
  /** Accept the token over TCP without TLS from another machine. Default false. */
  readonly allowClearText?: boolean | undefined
}

/**
 * Accepts clients that present the token. `new Server(..., { token })`, `tokenFile` and the variable ISOCK_TOKEN create one.
 * The idea is bgpy's token.
 */
export class TokenGuard extends Guard<string> {
  static override guardName = tokenGuardName
  readonly #digest: Buffer
  readonly #allowClearText: boolean

  constructor(token: string, options: TokenGuardOptions = {}) {
    super()
    this.#digest = digestOf(token)
    this.#allowClearText = options.allowClearText ?? false
  }

  check(credential: string | undefined, { peer }: Visitor): boolean {
    if (!peer.isPrivate && !this.#allowClearText) {
      throw new AuthError(
        'tokens are not accepted in clear text from another machine: use tls://, or allow it with allowClearTextToken',
      )
    }
    // Digests have equal lengths, so the comparison reveals nothing about the token's length.
    const isRight = timingSafeEqual(digestOf(typeof credential === 'string' ? credential : ''), this.#digest)
    if (!isRight) throw new AuthError(credential === undefined ? refusals.noToken : 'the token is wrong')
    return true
  }
}

brand('isock.TokenGuard', TokenGuard)

// biome-ignore lint/suspicious/noExplicitAny: guards of any credentials
type AnyGuard = Guard<any>

/** The guards, preceded by the token's if there is one. */
export function guardsWithToken(
  guards: readonly AnyGuard[] | undefined,
  token: string | undefined,
  allowClearText: boolean | undefined,
): AnyGuard[] {
  const others = guards ?? []
  return token === undefined
    ? [...others]
    : [new TokenGuard(token, { allowClearText: allowClearText ?? false }), ...others]
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest()
}
