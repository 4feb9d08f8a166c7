// The idempotency key of a call: its option, its entry among the call's metadata, and the refusal of one that nothing keeps. What keeps
// keys, and answers calls with them, is a feature that has data.
import { ServerError } from '../base/errors.ts'
import { invalidOption } from '../base/options.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import { keyEntry, type Metadata } from '../wire/frames/metadata.ts'
import { requireFitting } from './metadata-option.ts'

/** The most characters of a key. */
export const maxKeyLength = 255

function isKey(key: unknown): boolean {
  return typeof key === 'string' && key.length > 0 && key.length <= maxKeyLength
}

/** What a call with this key sends as metadata. Throws ClientError (`INVALID_OPTION`). */
export function withKey(metadata: Metadata | undefined, key: unknown): Metadata | undefined {
  if (key === undefined) return metadata
  if (!isKey(key)) throw invalidOption('key', `a text of 1 to ${maxKeyLength} characters`, key)
  return requireFitting({ ...metadata, [keyEntry]: key as string })
}

/** Metadata as handlers see it. */
export function withoutKey(metadata: Metadata): Metadata {
  if (metadata[keyEntry] === undefined) return metadata
  const { [keyEntry]: _key, ...rest } = metadata
  return Object.freeze(rest)
}

/** The error for a call whose key its action does not keep, if any. `takesKeys`: a feature keeps them. */
export function keyRefusal(
  { metadata, name, input }: Pick<IncomingCall, 'metadata' | 'name' | 'input'>,
  takesKeys: boolean | undefined,
): ServerError | undefined {
  const key = metadata?.[keyEntry]
  if (key === undefined) return undefined
  if (!isKey(key))
    return refusal('BAD_REQUEST', `a key has 1 to ${maxKeyLength} characters, and this one ${key.length}`)
  if (takesKeys !== true)
    return refusal(
      'INVALID_USAGE',
      `action "${name}" keeps no keys: declare it \`static transactional = true\` or \`static durable = true\`, or call it without a key`,
    )
  if (input === undefined) return undefined
  return refusal(
    'INVALID_USAGE',
    `action "${name}" was called with a key and a stream, which cannot be compared: leave out one of them`,
  )
}

function refusal(code: 'BAD_REQUEST' | 'INVALID_USAGE', message: string): ServerError {
  return new ServerError(message, { code, notStarted: true })
}
