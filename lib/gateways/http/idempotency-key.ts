// The Idempotency-Key header, and the fingerprint that shows whether two requests are the same.
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { HttpError } from './error-answer.ts'

const maxKeyLength = 255

/**
 * Reads a structured header string, `"8e03978e-40d5"`, or the same without quotes. Throws HttpError (400). See the IETF
 * draft on the Idempotency-Key HTTP header field.
 */
export function readIdempotencyKey(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['idempotency-key']
  if (header === undefined) return undefined
  const text = String(header).trim()
  const quoted = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(text)?.[1]
  const key = quoted === undefined ? /^[\x21\x23-\x2b\x2d-\x7e]+$/.exec(text)?.[0] : quoted.replace(/\\(.)/g, '$1')
  if (key !== undefined && key !== '' && key.length <= maxKeyLength) return key
  const message = `Idempotency-Key: expected one text of 1 to ${maxKeyLength} ASCII characters, such as "8e03978e-40d5"`
  throw new HttpError(400, 'BAD_REQUEST', message)
}

/** The key under which a store keeps an outcome: callers without an identity must not share theirs. */
export function storedKeyOf(key: string, callerId: string, hasIdentity: boolean): string {
  return hasIdentity
    ? key
    : createHash('sha256')
        .update(JSON.stringify([callerId, key]))
        .digest('base64')
}

/** A digest of the body's type and bytes, equal for equal requests. */
export function fingerprintOf(bodyType: string, bytes: Uint8Array): string {
  return createHash('sha256').update(`${bodyType}\n`).update(bytes).digest('base64')
}
