// The TLS options that Node accepts, on either side. Node ignores a mistyped one, and with it the protection.
import type { CommonConnectionOptions, ConnectionOptions, SecureContextOptions, TlsOptions } from 'node:tls'
import type { OptionTable } from '../base/option-table.ts'

const eitherSide: OptionTable<SecureContextOptions & CommonConnectionOptions> = {
  ca: 'protects',
  crl: 'protects',
  minVersion: 'protects',
  requestCert: 'protects',
  ALPNCallback: 'any',
  ALPNProtocols: 'any',
  SNICallback: 'any',
  allowPartialTrustChain: 'any',
  cert: 'any',
  ciphers: 'any',
  clientCertEngine: 'any',
  dhparam: 'any',
  ecdhCurve: 'any',
  enableTrace: 'any',
  honorCipherOrder: 'any',
  key: 'any',
  maxVersion: 'any',
  passphrase: 'any',
  pfx: 'any',
  privateKeyEngine: 'any',
  privateKeyIdentifier: 'any',
  // undefined means true.
  rejectUnauthorized: 'any',
  secureContext: 'any',
  secureOptions: 'any',
  secureProtocol: 'any',
  sessionIdContext: 'any',
  sessionTimeout: 'any',
  sigalgs: 'any',
  ticketKeys: 'any',
}

type OfServer = Pick<TlsOptions, 'pskCallback' | 'pskIdentityHint'>
type OfClient = Pick<ConnectionOptions, 'servername' | 'checkServerIdentity' | 'minDHSize' | 'session' | 'pskCallback'>

export const listenTlsOptions: OptionTable<SecureContextOptions & CommonConnectionOptions & OfServer> = {
  ...eitherSide,
  pskCallback: 'any',
  pskIdentityHint: 'any',
}

export const dialTlsOptions: OptionTable<SecureContextOptions & CommonConnectionOptions & OfClient> = {
  ...eitherSide,
  servername: 'any',
  checkServerIdentity: 'any',
  minDHSize: 'any',
  session: 'any',
  pskCallback: 'any',
}
