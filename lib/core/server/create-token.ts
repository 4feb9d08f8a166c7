// A new token for the clients of a server.
import { randomBytes } from 'node:crypto'

const randomBytesOfToken = 32

/**
 * A new token of 256 random bits: 43 letters, digits, dashes and underscores. bgpy's `token_create`.
 *
 * @example writeFileSync('token.txt', createToken(), { mode: 0o600 }) // as `isock token --file token.txt` does
 */
export function createToken(): string {
  return randomBytes(randomBytesOfToken).toString('base64url')
}
