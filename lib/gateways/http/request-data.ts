// Converts the bytes of a body to the data of a call. The server's codec checks superjson, as for isock's own clients.
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
import { isJsonObject } from '../json-text.ts'
import { readMediaType, type ValueFormat } from './accept.ts'
import { HttpError } from './error-answer.ts'

type BodyType = 'bytes' | 'json' | 'superjson' | 'plain' | 'none'

/** The data and its format. */
export interface RequestData {
  readonly data: unknown
  readonly format: ValueFormat
}

/** The type of a body, by its headers. Throws HttpError (415). */
export function bodyTypeOf({ headers }: IncomingMessage): BodyType {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') throw unsupported(`Content-Encoding ${encoding} is not supported`)
  const { 'content-type': contentType, 'content-length': length, 'transfer-encoding': transfer } = headers
  if (contentType === undefined) {
    if (transfer === undefined && (length === undefined || Number(length) === 0)) return 'none'
    throw unsupported('a body needs a Content-Type')
  }
  const { type, parameters } = readMediaType(contentType)
  if (type === 'application/octet-stream') return 'bytes'
  if (type !== 'application/json') throw unsupported(`Content-Type ${type} is not supported`)
  const charset = parameters.get('charset') ?? 'utf-8'
  if (charset !== 'utf-8' && charset !== 'utf8') throw unsupported(`charset ${charset} is not supported`)
  const format = parameters.get('format') ?? 'json'
  if (format === 'superjson' || format === 'plain' || format === 'json') return format
  throw unsupported(`format ${format} is not supported`)
}

/** Reads the data of calls from bodies. */
export class DataReader {
  readonly #maxFrameBytes: number
  readonly #limits: ValueLimits
  readonly #codec: ValueCodec

  /** Data must fit a frame of `limits`, because larger data cannot be passed on. */
  constructor(limits: Limits) {
    this.#maxFrameBytes = limits.maxFrameBytes
    this.#limits = valueLimitsOf(limits)
    this.#codec = new StandardCodec(new ClassRegistry(), this.#limits)
  }

  /** Reads the data from the bytes of a body. Throws HttpError: 400, 413. */
  read(bytes: Uint8Array, type: BodyType): RequestData {
    const { payload, format } = readPayload(bytes, type, this.#codec, this.#limits)
    if (!fitsFrame(payload, this.#maxFrameBytes))
      throw new HttpError(
        413,
        'TOO_LARGE',
        `the data does not fit into ${this.#maxFrameBytes} bytes; send less, or raise limits.maxFrameBytes`,
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
  if (type === 'superjson' && !isJsonObject(value))
    throw bad('superjson is an object with "json", and optionally "meta"')
  if (type !== 'superjson' && !(type === 'json' && isSuperJson(value))) return { payload: pack(value, codec), format }
  return { payload: richPayload(value as object, codec), format: 'superjson' }
}

/** Keeps value and meta as received, as JSON strings: the server checks the meta before it reads the value. */
function richPayload(value: object, codec: ValueCodec): Payload {
  const { json, meta, ...others } = value as { readonly json?: unknown; readonly meta?: unknown }
  if (Object.keys(others).length > 0) throw bad('superjson has only "json" and "meta"')
  if (meta === undefined) return pack(json, codec)
  return { json: JSON.stringify(json ?? null), meta: JSON.stringify(meta), bytes: [] }
}

/** Encodes JSON data. Only JSON that is nested too deeply cannot be encoded. */
function pack(value: unknown, codec: ValueCodec): Payload {
  try {
    return codec.encode(value, 'data')
  } catch (error) {
    if (error instanceof UnsendableError) throw bad(error.message)
    throw error
  }
}

/** Whether the value has superjson's form, which data of an action has only on purpose. */
function isSuperJson(value: unknown): boolean {
  if (!isJsonObject(value) || Object.keys(value).length !== 2) return false
  if (!Object.hasOwn(value, 'json') || !Object.hasOwn(value, 'meta')) return false
  const { meta } = value as { readonly meta: unknown }
  return isJsonObject(meta) && (Object.hasOwn(meta, 'values') || Object.hasOwn(meta, 'referentialEqualities'))
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

function bad(message: string): HttpError {
  return new HttpError(400, 'BAD_REQUEST', message)
}

function unsupported(what: string): HttpError {
  const message = `${what}; send JSON as "content-type: application/json" or bytes as "application/octet-stream"`
  return new HttpError(415, 'UNSUPPORTED_MEDIA_TYPE', message)
}
