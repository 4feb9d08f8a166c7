// The TLS files of a server's port. Checks them before anything listens, so that an error names the option. Each process
// reads them itself, so a successor on the same sockets gets a renewed certificate.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { ClientError } from '../core/base/errors.ts'
import type { ServerTls } from '../core/server/server-options.ts'

/** Paths of PEM files. */
export interface TlsFiles {
  /** The private key. */
  readonly tlsKey?: string | undefined
  /** The certificate, followed by those up to the authority. */
  readonly tlsCert?: string | undefined
  /** Authorities: clients must present a certificate that one of them has signed. */
  readonly tlsCa?: string | undefined
  /** Reads them again when they change. Default true. */
  readonly tlsWatch?: boolean | undefined
}

export const tlsFileNames = ['tlsKey', 'tlsCert', 'tlsCa'] as const
export type TlsFileName = (typeof tlsFileNames)[number]

/**
 * The option `tls` of a server that reads these files, after checking them. undefined if no file is named. `nameOf` returns an
 * option's name as its user knows it.
 *
 * @throws ClientError (`INVALID_OPTION`) that names the option and the file.
 */
export function tlsOf(
  files: TlsFiles,
  nameOf: (option: TlsFileName) => string = (option) => `option ${option}`,
): ServerTls | undefined {
  const { tlsKey, tlsCert, tlsCa, tlsWatch = true } = files
  if (tlsKey === undefined && tlsCert === undefined && tlsCa === undefined) return undefined
  const names = { key: nameOf('tlsKey'), cert: nameOf('tlsCert'), ca: nameOf('tlsCa') }
  if (tlsKey === undefined || tlsCert === undefined) throw refused(`TLS needs both ${names.key} and ${names.cert}`)
  const [key, cert] = [read(names.key, tlsKey), read(names.cert, tlsCert)]
  const privateKey = parse(names.key, `a private key in PEM without a passphrase in ${tlsKey}`, () =>
    createPrivateKey(key),
  )
  const certificate = parse(names.cert, `a certificate in PEM in ${tlsCert}`, () => new X509Certificate(cert))
  if (!certificate.checkPrivateKey(privateKey))
    throw refused(`${names.key}: ${tlsKey} is not the key of the certificate in ${tlsCert}`)
  // Checks the other certificates in the file, and rejects weak keys.
  parse(names.cert, `a certificate that TLS accepts in ${tlsCert}`, () => createSecureContext({ key, cert }))
  const given = { keyFile: tlsKey, certFile: tlsCert, ...(tlsWatch ? {} : { watchMs: false as const }) }
  if (tlsCa === undefined) return given
  const ca = read(names.ca, tlsCa)
  parse(names.ca, `a certificate in PEM in ${tlsCa}`, () => new X509Certificate(ca))
  return { ...given, caFile: tlsCa, requestCert: true, rejectUnauthorized: true }
}

/** @throws ClientError (`INVALID_OPTION`) without a port: a Unix socket has no TLS, and would be open without it. */
export function requirePortForTls(tls: ServerTls | undefined, port: number | undefined): void {
  if (tls !== undefined && port === undefined)
    throw refused('TLS needs a port, and only a path was given; add a port, or omit the TLS files')
}

function read(name: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw refused(`${name}: cannot read ${path}: ${(cause as Error).message}`, cause)
  }
}

function parse<T>(name: string, expected: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    throw refused(`${name}: expected ${expected}: ${(cause as Error).message}`, cause)
  }
}

function refused(message: string, cause?: unknown): ClientError {
  return new ClientError(message, { code: 'INVALID_OPTION', cause })
}
