// Checks a server's TLS options part by part: Node's own errors name neither the option nor the part.
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ClientError } from '../base/errors.ts'
import { checkOptions } from '../base/option-table.ts'
import { invalidOption } from '../base/options.ts'
import type { ListenTls } from './listener.ts'
import { listenTlsOptions } from './tls-options.ts'

const asPem = "as PEM: a file's content, not its path"

/** `table` has the accepted names. Throws ClientError (`INVALID_OPTION`) that names the part, and never quotes it: it may be secret. */
export function requireTls(tls: unknown, table: object = listenTlsOptions): asserts tls is ListenTls {
  if (typeof tls !== 'object' || tls === null || Array.isArray(tls))
    throw invalidOption('tls', 'an object with key and cert', typeof tls === 'string' ? 'a string' : tls)
  checkOptions('tls', tls, table)
  const { key, cert, ca } = tls as ListenTls
  if (isMissing(key) || isMissing(cert)) throw wrong('tls', 'expected both key and cert')
  // Node ignores what it cannot read, and then trusts no client.
  for (const each of [ca ?? []].flat())
    check('tls.ca', `expected certificates ${asPem}`, () => new X509Certificate(requirePem(each)))
  // The parts are checked only if the whole is unusable: `ciphers`, for example, may allow shorter keys.
  check('tls', 'cannot be used', () => useAll(tls as ListenTls))
}

/** Throws ClientError if a single part is wrong, else Node's own error. */
function useAll(tls: ListenTls): void {
  try {
    createSecureContext(tls as SecureContextOptions)
  } catch (error) {
    requireParts(tls)
    throw error
  }
}

function requireParts({ key, cert, passphrase }: ListenTls): void {
  if (typeof (passphrase ?? '') !== 'string') throw wrong('tls.passphrase', 'expected a string')
  check('tls.cert', `expected a certificate ${asPem}`, () => createSecureContext({ cert } as SecureContextOptions))
  check('tls.key', `expected a private key ${asPem}, with the right passphrase if it is encrypted`, () =>
    createSecureContext({ key, passphrase } as SecureContextOptions),
  )
  check('tls', 'expected a key and a cert that belong together', () =>
    createSecureContext({ key, cert, passphrase } as SecureContextOptions),
  )
}

/** X509Certificate reads DER as well, which a TLS context ignores. */
function requirePem(each: string | NodeJS.ArrayBufferView): string {
  const pem = typeof each === 'string' ? each : new TextDecoder('latin1').decode(each)
  if (!pem.includes('-----BEGIN ')) throw new TypeError('no start line')
  return pem
}

function isMissing(part: unknown): boolean {
  return part === undefined || part === null || (part as { readonly length?: number }).length === 0
}

function check(name: string, expected: string, use: () => unknown): void {
  try {
    use()
  } catch (cause) {
    if (cause instanceof ClientError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    // Node's message for a wrong type quotes the value.
    throw code === 'ERR_INVALID_ARG_TYPE' ? wrong(name, expected) : wrong(name, `${expected} (${message})`, cause)
  }
}

function wrong(name: string, what: string, cause?: unknown): ClientError {
  return new ClientError(`option ${name}: ${what}`, { code: 'INVALID_OPTION', cause })
}
