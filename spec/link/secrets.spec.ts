// What is kept in files that nobody else may read, and what a server is given for TLS.
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import { requireTls } from '../../lib/core/link/listen-tls.ts'
import { certificateOf } from '../../lib/core/link/peer-certificate.ts'
import { readSecretFile } from '../../lib/core/link/secret-file.ts'
import { makeCertificates } from '../setup/certificates.ts'
import { skip } from '../setup/skip.ts'

function refusalOf(run: () => unknown): ClientError {
  try {
    run()
  } catch (error) {
    expect(error).to.be.instanceOf(ClientError).with.property('code', 'INVALID_OPTION')
    return error as ClientError
  }
  throw new Error('it was not refused')
}

describe('A file with a secret', () => {
  let directory: string
  let file: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'isock-secret-'))
    file = join(directory, 'secret')
  })

  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const write = (bytes: number, mode: number): void => {
    writeFileSync(file, 'x'.repeat(bytes))
    chmodSync(file, mode)
  }

  it('is read where its owner alone can read it, up to 64 KiB', () => {
    for (const mode of [0o600, 0o400, 0o700]) {
      write(64 * 1024, mode)
      expect(readSecretFile(file)).to.have.lengthOf(64 * 1024)
      rmSync(file)
    }
    write(64 * 1024 + 1, 0o600)
    expect(refusalOf(() => readSecretFile(file)).message).to.equal(`the secret file ${file} is too large`)
  })

  for (const mode of [0o640, 0o604, 0o620, 0o610, 0o601])
    it(`is refused with the mode ${mode.toString(8)}, with the remedy`, () => {
      write(10, mode)
      expect(refusalOf(() => readSecretFile(file)).message).to.equal(
        `the secret file ${file} can be read by others; run: chmod 600 ${file}`,
      )
    })

  it('is named where there is none', () => {
    const error = refusalOf(() => readSecretFile(file))
    expect(error.message).to.match(/^cannot read the secret file .*secret: ENOENT/)
    expect(error.cause).to.be.instanceOf(Error)
  })

  it('is closed again, also where it is refused', () => {
    write(10, 0o644)
    const opened = (): number => readdirSync('/dev/fd').length
    const before = opened()
    refusalOf(() => readSecretFile(file))
    chmodSync(file, 0o600)
    readSecretFile(file)
    expect(opened()).to.equal(before)
  })
})

describe('The option tls of a server', () => {
  const certificates = makeCertificates()

  before(function () {
    if (certificates === undefined) skip(this, 'there is no openssl command; install the package openssl')
  })

  const given = () => {
    if (certificates === undefined) throw new Error('there are no certificates')
    return { ...certificates.server, ca: certificates.ca }
  }
  const messageOf = (tls: unknown): string => refusalOf(() => requireTls(tls)).message

  it('is taken with its parts as texts, as bytes, and in lists', () => {
    const { key, cert, ca } = given()
    for (const tls of [
      { key, cert },
      { key, cert, ca: undefined },
      { key, cert, ca },
      { key: Buffer.from(key), cert: Buffer.from(cert), ca: [ca, Buffer.from(ca)] },
      { key: [key], cert: [cert] },
    ]) {
      if ('ca' in tls && tls.ca === undefined)
        expect(messageOf(tls)).to.contain('tls option ca: undefined protects nothing')
      else requireTls(tls)
    }
  })

  it('is an object with key and cert', () => {
    const { key, cert } = given()
    for (const [tls, came] of [
      ['/etc/key.pem', '"a string"'],
      [null, 'null'],
      [true, 'true'],
      [[], 'an instance of Array'],
    ] as const)
      expect(messageOf(tls)).to.equal(`option tls: expected an object with key and cert, got ${came}`)
    for (const tls of [
      {},
      { key },
      { cert },
      { key: '', cert },
      { key, cert: '' },
      { key, cert: [] },
      { key: null, cert },
    ])
      expect(messageOf(tls)).to.equal('option tls: expected both key and cert')
    expect(messageOf({ key, cert, certs: cert })).to.contain('tls: unknown option "certs"; did you mean cert')
  })

  it('is refused with the name of the part that is wrong, and without what it is', () => {
    const { key, cert, ca } = given()
    const path = '/secret/path.pem'
    for (const [tls, message] of [
      [{ key, cert: path }, /^option tls\.cert: expected a certificate as PEM: a file's content, not its path \(/],
      [
        { key: path, cert },
        /^option tls\.key: expected a private key as PEM: .*, with the right passphrase if it is encrypted \(/,
      ],
      [{ key: 5, cert }, /^option tls\.key: expected a private key as PEM: [^()]*$/],
      [{ key, cert, passphrase: 5 }, /^option tls\.passphrase: expected a string$/],
      [{ key, cert, ca: path }, /^option tls\.ca: expected certificates as PEM: .* \(no start line\)$/],
      [{ key, cert, ca: [ca, path] }, /^option tls\.ca: expected certificates as PEM/],
      [{ key, cert, ca: '-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----' }, /^option tls\.ca: .* \(/],
      [{ key: certificates?.client.key, cert }, /^option tls: expected a key and a cert that belong together \(/],
      [{ key, cert, minVersion: 'TLSv9' }, /^option tls: cannot be used \(/],
    ] as const) {
      const error = refusalOf(() => requireTls(tls))
      expect(error.message).to.match(message)
      expect(error.message).to.not.contain(path)
      // What Node says of a type quotes the value.
      expect(error.cause === undefined).to.equal(!error.message.includes('('))
    }
  })
})

describe('The certificate of a peer', () => {
  const shown = { subject: { CN: 'client', O: ['a', 'b'] }, fingerprint256: 'AA:BB' }
  const from = (fields: object): ReturnType<typeof certificateOf> =>
    certificateOf({
      authorized: true,
      authorizationError: null,
      getPeerCertificate: () => shown,
      ...fields,
    } as unknown as TLSSocket)

  it('is who the authorities say that it is', () => {
    expect(from({})).to.deep.equal({ commonName: 'client', fingerprint: 'AA:BB', subject: { CN: 'client', O: 'a, b' } })
    expect(from({ authorizationError: undefined })?.commonName).to.equal('client')
    expect(from({ getPeerCertificate: () => ({ subject: {}, fingerprint256: 'AA' }) })?.commonName).to.equal('')
  })

  it('is nobody where they do not vouch for it, or do so no more', () => {
    expect(from({ authorized: false })).to.equal(undefined)
    expect(from({ authorizationError: 'SELF_SIGNED' })).to.equal(undefined)
  })

  it('is nobody where there is none, or the connection has ended', () => {
    for (const certificate of [null, {}, { subject: shown.subject }, { fingerprint256: 'AA' }])
      expect(from({ getPeerCertificate: () => certificate })).to.equal(undefined)
  })
})
