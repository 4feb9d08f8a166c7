// Who a TLS connection's peer is by its certificate: only what the authorities that we trust vouch for.
import type { TLSSocket, PeerCertificate as TlsCertificate } from 'node:tls'
import type { PeerCertificate } from './link.ts'

export function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  // A peer may show another certificate later (TLS 1.2 renegotiates). Where nobody vouches for that one and connections
  // without are taken, Node notes the error, and leaves `authorized` as it was.
  if (!socket.authorized || (socket.authorizationError ?? undefined) !== undefined) return undefined
  // null where the connection has ended meanwhile.
  const { subject, fingerprint256 } = (socket.getPeerCertificate() as Partial<TlsCertificate> | null) ?? {}
  if (subject === undefined || fingerprint256 === undefined) return undefined
  const fields = Object.entries(subject).map(([key, value]) => [key, [value].flat().join(', ')])
  return { commonName: String(subject.CN ?? ''), fingerprint: fingerprint256, subject: Object.fromEntries(fields) }
}
