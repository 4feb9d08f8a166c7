// The origin of a daemon's token. The state file records the origin, so that a crashed daemon is not restarted without its token,
// but never the token itself.
import { ClientError } from '../core/base/errors.ts'
import { resolveToken, type TokenSource } from '../core/base/token.ts'
import { readSecretFile } from '../core/link/secret-file.ts'

export const tokenOrigins = ['none', 'option', 'file', 'environment'] as const
export type TokenOrigin = (typeof tokenOrigins)[number]

export interface DaemonToken {
  readonly tokenOrigin: TokenOrigin
  /** Undefined if there is no token, or if the daemon reads the file itself. */
  readonly token: string | undefined
}

/** @throws ClientError (`INVALID_OPTION`) for an invalid token or file. */
export function findToken(source: TokenSource, environment: NodeJS.ProcessEnv): DaemonToken {
  const token = resolveToken(source, environment, readSecretFile)
  if (token === undefined) return { tokenOrigin: 'none', token }
  if (source.token !== undefined) return { tokenOrigin: 'option', token }
  if (source.tokenFile !== undefined) return { tokenOrigin: 'file', token: undefined }
  return { tokenOrigin: 'environment', token }
}

/**
 * Returns the token for restarting a daemon. A token that is not stored in a file must be passed again.
 *
 * @throws ClientError (`NOT_RUNNING`) if it is not passed; what {@link findToken} throws.
 */
export function findTokenAgain(
  name: string,
  origin: TokenOrigin,
  source: TokenSource,
  environment: NodeJS.ProcessEnv,
): DaemonToken {
  const found = findToken(source, environment)
  if (origin === 'option' && found.tokenOrigin !== 'option') {
    const message = `daemon "${name}" has crashed, and its token is not stored; pass it again: restart({ token }), or start it with a tokenFile`
    throw new ClientError(message, { code: 'NOT_RUNNING' })
  }
  if (origin !== 'none' && found.tokenOrigin === 'none') {
    const message = `daemon "${name}" has crashed, and its token came from ISOCK_TOKEN, which is not set here; set it again, or start it with a token file`
    throw new ClientError(message, { code: 'NOT_RUNNING' })
  }
  return found
}
