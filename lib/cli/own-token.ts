// The token of a server that a command runs in this process: from its file, or from ISOCK_TOKEN, which is then removed from the
// environment, so that the modules loaded next, and processes they start, do not see it.
import { resolveToken, type TokenSource } from '../core/base/token.ts'
import { readSecretFile } from '../core/link/secret-file.ts'
import { takeSecrets } from '../daemon/secret-variables.ts'

/** @throws ClientError (`INVALID_OPTION`) for an invalid ISOCK_TOKEN. */
export function takeToken(tokenFile: string | undefined): TokenSource {
  const taken = takeSecrets(process.env)
  if (tokenFile !== undefined) return { tokenFile }
  const token = resolveToken({}, taken, readSecretFile)
  return token === undefined ? {} : { token }
}
