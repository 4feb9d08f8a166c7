// Certificates for TLS specs, made once for each process with the openssl command: an authority, a server, a client.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certified {
  readonly key: string
  readonly cert: string
}

export interface Certificates {
  readonly ca: string
  readonly server: Certified
  readonly client: Certified
  /** Signed by itself: nobody vouches for it. */
  readonly stranger: Certified
}

let made: { readonly value: Certificates | undefined } | undefined

/** The same for all specs of a process; undefined where there is no openssl command. */
export function makeCertificates(): Certificates | undefined {
  made ??= { value: newCertificates() }
  return made.value
}

function newCertificates(): Certificates | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'isock-certificates-'))
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' })
  }
  const keyOptions = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const read = (name: string): Certified => ({
    key: readFileSync(join(directory, `${name}.key`), 'utf8'),
    cert: readFileSync(join(directory, `${name}.crt`), 'utf8'),
  })
  const selfSigned = (name: string): void =>
    openssl(
      'req',
      '-x509',
      ...keyOptions,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    )
  const signed = (name: string): void => {
    openssl('req', ...keyOptions, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}/O=isock specs`)
    writeFileSync(join(directory, `${name}.ext`), 'subjectAltName=DNS:localhost,IP:127.0.0.1')
    const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`]
    openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-out', `${name}.crt`, '-days', '2')
  }
  try {
    selfSigned('ca')
    selfSigned('stranger')
    signed('server')
    signed('client')
    return { ca: read('ca').cert, server: read('server'), client: read('client'), stranger: read('stranger') }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
