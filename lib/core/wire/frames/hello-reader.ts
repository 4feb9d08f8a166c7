// Reads HELLO, the only frame with a part of any shape (the credentials), field by field. Only servers read it.
import { type HelloFrame, Kind } from './frame.ts'
import { asCount, asLimits, asSecret, asText, decodeArray, wrong } from './handshake-reader.ts'

export function readHello(bytes: Uint8Array, start: number, end: number): HelloFrame {
  const fields = decodeArray(bytes, start, end, 'HELLO', 8)
  const [, version, features, sessionId, resumeSecret, name, limits, credentials] = fields
  if (!isMap(credentials)) throw wrong('HELLO', 'credentials')
  return {
    kind: Kind.Hello,
    version: asCount('HELLO', 'version', version),
    features: asCount('HELLO', 'features', features),
    sessionId: sessionId === null ? undefined : asText('HELLO', 'session', sessionId),
    resumeSecret: resumeSecret === null ? undefined : asSecret('HELLO', resumeSecret),
    name: name === null ? undefined : asText('HELLO', 'name', name),
    limits: asLimits('HELLO', limits),
    credentials,
  }
}

/** Not null, an array, or bytes. */
function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
