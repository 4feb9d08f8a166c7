// Checks what a server is given for TLS, part by part: what Node says of a key does not name the option, nor the part.
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ClientError } from '../base/errors.ts'
import { invalidOption } from '../base/options.ts'
import type { ListenTls } from './listener.ts'

const asPem = "as PEM: a file's content, not its path"

/** Throws ClientError (`INVALID_OPTION`) that names the part. It quotes none of them: they are secrets. */
export function requireTls(tls: unknown): asserts tls is ListenTls {
  if (typeof tls !== 'object' || tls === null || Array.isArray(tls))
    throw invalidOption('tls', 'an object with key and cert', typeof tls === 'string' ? 'a string' : tls)
  const { key, cert, ca, passphrase } = tls as ListenTls
  if (isMissing(key) || isMissing(cert)) throw wrong('tls', 'expected both key and cert')
  if (passphrase !== undefined && typeof passphrase !== 'string') throw wrong('tls.passphrase', 'expected a string')
  check('tls.cert', `expected a certificate ${asPem}`, () => createSecureContext({ cert } as SecureContextOptions))
  check('tls.key', `expected a private key ${asPem}, with the right passphrase where it is encrypted`, () =>
    createSecureContext({ key, passphrase } as SecureContextOptions),
  )
  check('tls', 'expected a key and a cert that belong together', () =>
    createSecureContext({ key, cert, passphrase } as SecureContextOptions),
  )
  // Node leaves out what it cannot read, and then vouches for nobody.
  for (const each of ca === undefined ? [] : [ca].flat())
    check('tls.ca', `expected certificates ${asPem}`, () => new X509Certificate(each))
  check('tls', 'it cannot be used', () => createSecureContext(tls as SecureContextOptions))
}

function isMissing(part: unknown): boolean {
  return part === undefined || part === null || (part as { readonly length?: number }).length === 0
}

function check(name: string, expected: string, use: () => unknown): void {
  try {
    use()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    // What Node says of a value's type quotes the value.
    throw code === 'ERR_INVALID_ARG_TYPE' ? wrong(name, expected) : wrong(name, `${expected} (${message})`, cause)
  }
}

function wrong(name: string, what: string, cause?: unknown): ClientError {
  return new ClientError(`option ${name}: ${what}`, { code: 'INVALID_OPTION', cause })
}
