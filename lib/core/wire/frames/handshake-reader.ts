// Reads WELCOME, field by field, and the fields that HELLO has as well. Leaves the rest of HELLO to hello-reader.ts.
import { ProtocolError } from '../../base/errors.ts'
import { mostCallsInFlight } from '../../base/options.ts'
import { Kind, maxNameBytes, type PeerLimits, type WelcomeFrame } from './frame.ts'
import { decodeFree } from './free-msgpack.ts'

export function readWelcome(bytes: Uint8Array, start: number, end: number): WelcomeFrame {
  const fields = decodeArray(bytes, start, end, 'WELCOME', 7)
  const [, version, features, sessionId, resumeSecret, resumed, limits] = fields
  if (typeof resumed !== 'boolean') throw wrong('WELCOME', 'resumed')
  return {
    kind: Kind.Welcome,
    version: asCount('WELCOME', 'version', version),
    features: asCount('WELCOME', 'features', features),
    sessionId: asText('WELCOME', 'session', sessionId),
    resumeSecret: asSecret('WELCOME', resumeSecret),
    resumed,
    limits: asLimits('WELCOME', limits),
  }
}

export function decodeArray(bytes: Uint8Array, start: number, end: number, frame: string, count: number): unknown[] {
  let fields: unknown
  try {
    fields = decodeFree(bytes, start, end)
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause
    throw new ProtocolError(`${frame} is not valid msgpack`, { cause })
  }
  if (!Array.isArray(fields) || fields.length !== count) throw wrong(frame, `shape: ${count} items expected`)
  return fields
}

export function asCount(frame: string, field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw wrong(frame, field)
}

export function asText(frame: string, field: string, value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= maxNameBytes) return value
  throw wrong(frame, field)
}

export function asSecret(frame: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array && value.length <= 64) return value
  throw wrong(frame, 'resume')
}

export function asLimits(frame: string, value: unknown): PeerLimits {
  if (!Array.isArray(value) || value.length !== 4) throw wrong(frame, 'limits')
  const [maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes] = value.map((limit) =>
    asCount(frame, 'limits', limit),
  )
  if (!maxFrameBytes || maxCallsInFlight === undefined || !streamWindowBytes || !maxInFlightBytes)
    throw wrong(frame, 'limits')
  if (maxCallsInFlight > mostCallsInFlight) throw wrong(frame, 'limits')
  return { maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes }
}

export function wrong(frame: string, field: string): ProtocolError {
  return new ProtocolError(`${frame} with a wrong ${field}`)
}
