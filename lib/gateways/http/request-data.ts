// From the bytes of a body to the data of a call. What it means as superjson is judged by the server's own codec, the
// same that stands between isock's clients and their sessions.
import type { IncomingMessage } from 'node:http'
import { UnsendableError } from '../../core/base/errors.ts'
import type { Limits } from '../../core/base/options.ts'
import { Encoded } from '../../core/wire/bytes/encoded.ts'
import type { Payload } from '../../core/wire/bytes/payload.ts'
import { fitsFrame } from '../../core/wire/frames/frame-fit.ts'
import { ClassRegistry } from '../../core/wire/rich/class-registry.ts'
import { jsonTextFault } from '../../core/wire/rich/json-text-scan.ts'
import { StandardCodec, type ValueCodec } from '../../core/wire/value-codec.ts'
import { type ValueLimits, valueLimitsOf } from '../../core/wire/values/value-limits.ts'
import { readMediaType, type ValueFormat } from './accept.ts'
import { HttpFault } from './error-answer.ts'

type BodyType = 'bytes' | 'json' | 'superjson' | 'plain' | 'none'

/** The data, and how it was written. */
export interface RequestData {
  readonly data: unknown
  readonly format: ValueFormat
}

/** What kind of body it is, from its head alone. Throws HttpFault (415). */
export function bodyTypeOf({ headers }: IncomingMessage): BodyType {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') throw unsupported(`Content-Encoding ${encoding} is not read`)
  const { 'content-type': contentType, 'content-length': length, 'transfer-encoding': transfer } = headers
  if (contentType === undefined) {
    if (transfer === undefined && (length === undefined || Number(length) === 0)) return 'none'
    throw unsupported('a body needs its Content-Type')
  }
  const { type, parameters } = readMediaType(contentType)
  if (type === 'application/octet-stream') return 'bytes'
  if (type !== 'application/json') throw unsupported(`Content-Type ${type} is not read`)
  const charset = parameters.get('charset') ?? 'utf-8'
  if (charset !== 'utf-8' && charset !== 'utf8') throw unsupported(`charset ${charset} is not read`)
  const format = parameters.get('format') ?? 'json'
  if (format === 'superjson' || format === 'plain' || format === 'json') return format
  throw unsupported(`format ${format} is not read`)
}

/** Reads bodies. */
export class DataReader {
  readonly #maxFrameBytes: number
  readonly #limits: ValueLimits
  readonly #codec: ValueCodec

  /** Data that fits no frame of this size could not be handed on. */
  constructor(limits: Limits) {
    this.#maxFrameBytes = limits.maxFrameBytes
    this.#limits = valueLimitsOf(limits)
    this.#codec = new StandardCodec(new ClassRegistry(), this.#limits)
  }

  /** Throws HttpFault: 400, 413. */
  read(bytes: Uint8Array, type: BodyType): RequestData {
    const { payload, format } = readPayload(bytes, type, this.#codec, this.#limits)
    if (!fitsFrame(payload, this.#maxFrameBytes))
      throw new HttpFault(
        413,
        'TOO_LARGE',
        `the data does not fit ${this.#maxFrameBytes} bytes; raise limits.maxFrameBytes, or send less`,
      )
    return { data: payload === undefined ? undefined : new Encoded(payload), format }
  }
}

interface ReadPayload {
  readonly payload: Payload
  readonly format: ValueFormat
}

function readPayload(bytes: Uint8Array, type: BodyType, codec: ValueCodec, limits: ValueLimits): ReadPayload {
  const format = type === 'superjson' ? 'superjson' : 'plain'
  if (type === 'bytes') return { payload: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), format }
  if (bytes.length === 0) return { payload: undefined, format }
  const value = parse(textOf(bytes), limits)
  if (type === 'superjson' && !isRecord(value)) throw bad('superjson is an object with "json", and "meta" if need be')
  if (type !== 'superjson' && !(type === 'json' && isSuperJson(value))) return { payload: pack(value, codec), format }
  return { payload: richPayload(value as object, codec), format: 'superjson' }
}

/** As it came, in two texts: the server checks the meta before it looks at the value. */
function richPayload(value: object, codec: ValueCodec): Payload {
  const { json, meta, ...others } = value as { readonly json?: unknown; readonly meta?: unknown }
  if (Object.keys(others).length > 0) throw bad('superjson has "json" and "meta" and nothing else')
  if (meta === undefined) return pack(json, codec)
  return { json: JSON.stringify(json ?? null), meta: JSON.stringify(meta), bytes: [] }
}

/** Of JSON only what is too deep cannot travel. */
function pack(value: unknown, codec: ValueCodec): Payload {
  try {
    return codec.encode(value, 'data')
  } catch (error) {
    if (error instanceof UnsendableError) throw bad(error.message)
    throw error
  }
}

/** What superjson writes for a value that JSON cannot say; an object of an action's own would have to be made to match. */
function isSuperJson(value: unknown): boolean {
  if (!isRecord(value) || Object.keys(value).length !== 2) return false
  if (!Object.hasOwn(value, 'json') || !Object.hasOwn(value, 'meta')) return false
  const { meta } = value as { readonly meta: unknown }
  return isRecord(meta) && (Object.hasOwn(meta, 'values') || Object.hasOwn(meta, 'referentialEqualities'))
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw bad('the body is not UTF-8')
  }
}

function parse(text: string, { maxDepth, maxContainers }: ValueLimits): unknown {
  const fault = jsonTextFault(text, maxDepth, maxContainers)
  if (fault !== undefined) throw bad(`the body is ${fault}`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw bad(`the body is not JSON: ${(error as Error).message}`)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function bad(message: string): HttpFault {
  return new HttpFault(400, 'BAD_REQUEST', message)
}

function unsupported(what: string): HttpFault {
  const message = `${what}; send JSON as "content-type: application/json" or bytes as "application/octet-stream"`
  return new HttpFault(415, 'UNSUPPORTED_MEDIA_TYPE', message)
}
