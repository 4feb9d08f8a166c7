// The source of a token: an option, a file that only its owner can read, or the environment.
import { ClientError } from './errors.ts'
import { invalidOption } from './options.ts'

export interface TokenSource {
  /** The token itself. Prefer a file or ISOCK_TOKEN: others can see a command line. */
  readonly token?: string | undefined
  /** A file whose first line is the token. It must not be readable by group or others. */
  readonly tokenFile?: string | undefined
}

const minTokenLength = 8

/** Reads a file's text; rejects one that others can read. Supplied by platforms that have a file system. */
export type ReadSecret = (path: string) => string

/** The token, or undefined if none is set. An empty or very short one is rejected: it protects nothing. */
export function resolveToken(
  source: TokenSource,
  environment: Readonly<Record<string, string | undefined>>,
  readSecret: ReadSecret,
): string | undefined {
  if (source.token !== undefined) return requireToken('token', source.token)
  if (source.tokenFile !== undefined)
    return requireToken('tokenFile', readSecret(source.tokenFile).split('\n')[0]?.trim())
  const fromEnvironment = environment['ISOCK_TOKEN']
  return fromEnvironment === undefined || fromEnvironment === ''
    ? undefined
    : requireToken('ISOCK_TOKEN', fromEnvironment)
}

/** Throws ClientError (`INVALID_OPTION`), without quoting the token. */
export function requireToken(name: string, token: unknown): string {
  if (typeof token === 'string' && token.length >= minTokenLength && token.length <= 1_024) return token
  if (typeof token !== 'string') throw invalidOption(name, 'a string', token)
  const fault = `option ${name}: expected a token of ${minTokenLength} to 1024 characters, got ${token.length}`
  throw new ClientError(fault, { code: 'INVALID_OPTION' })
}
