// Who a TLS connection's peer is by its certificate: only what the authorities that we trust vouch for.
import type { TLSSocket, PeerCertificate as TlsCertificate } from 'node:tls'
import type { PeerCertificate } from './link.ts'

export function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  if (!socket.authorized) return undefined
  // null where the connection has ended meanwhile.
  const { subject, fingerprint256 } = (socket.getPeerCertificate() as Partial<TlsCertificate> | null) ?? {}
  if (subject === undefined || fingerprint256 === undefined) return undefined
  const fields = Object.entries(subject).map(([key, value]) => [key, [value].flat().join(', ')])
  return { commonName: String(subject.CN ?? ''), fingerprint: fingerprint256, subject: Object.fromEntries(fields) }
}
