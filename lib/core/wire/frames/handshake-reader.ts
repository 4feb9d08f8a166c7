// Reads HELLO and WELCOME, the only frames with a part of any shape (the credentials), checked field by field.
import { ProtocolError } from '../../base/errors.ts'
import { mostCallsInFlight } from '../../base/options.ts'
import { type HelloFrame, Kind, maxNameBytes, type PeerLimits, type WelcomeFrame } from './frame.ts'
import { decodeFree } from './free-msgpack.ts'

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

function decodeArray(bytes: Uint8Array, start: number, end: number, frame: string, count: number): unknown[] {
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

function asCount(frame: string, field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw wrong(frame, field)
}

function asText(frame: string, field: string, value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= maxNameBytes) return value
  throw wrong(frame, field)
}

function asSecret(frame: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array && value.length <= 64) return value
  throw wrong(frame, 'resume')
}

function asLimits(frame: string, value: unknown): PeerLimits {
  if (!Array.isArray(value) || value.length !== 4) throw wrong(frame, 'limits')
  const [maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes] = value.map((limit) =>
    asCount(frame, 'limits', limit),
  )
  if (!maxFrameBytes || maxCallsInFlight === undefined || !streamWindowBytes || !maxInFlightBytes)
    throw wrong(frame, 'limits')
  if (maxCallsInFlight > mostCallsInFlight) throw wrong(frame, 'limits')
  return { maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes }
}

/** Not null, an array, or bytes. */
function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function wrong(frame: string, field: string): ProtocolError {
  return new ProtocolError(`${frame} with a wrong ${field}`)
}
