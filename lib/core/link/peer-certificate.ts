// The identity of a TLS peer by its certificate, accepted only if an authority that we trust has signed it.
import type { TLSSocket, PeerCertificate as TlsCertificate } from 'node:tls'
import type { PeerCertificate } from './link.ts'

export function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  // A peer may present another certificate later (TLS 1.2 renegotiates). If that one is untrusted and connections without one
  // are accepted, Node records the error but leaves `authorized` as it was.
  if (!socket.authorized || (socket.authorizationError ?? undefined) !== undefined) return undefined
  // null if the connection has ended meanwhile.
  const { subject, fingerprint256 } = (socket.getPeerCertificate() as Partial<TlsCertificate> | null) ?? {}
  if (subject === undefined || fingerprint256 === undefined) return undefined
  const fields = Object.entries(subject).map(([key, value]) => [key, [value].flat().join(', ')])
  return { commonName: String(subject.CN ?? ''), fingerprint: fingerprint256, subject: Object.fromEntries(fields) }
}
