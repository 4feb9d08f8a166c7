// The option `metadata` of clients and calls, checked.
import { invalidOption } from '../base/options.ts'
import {
  isMetadataKey,
  type Metadata,
  maxMetadataBytes,
  maxMetadataEntries,
  metadataSize,
  reservedPrefix,
} from '../wire/frames/metadata.ts'
import { isPlainObject } from '../wire/values/realm.ts'

/** What a call sends: `given`, with what of `defaults` it does not name. undefined: none. Throws ClientError (`INVALID_OPTION`). */
export function metadataOf(given: unknown, defaults?: Metadata): Metadata | undefined {
  const own = requireMetadata(given)
  if (own === undefined || defaults === undefined) return own ?? defaults
  return requireFitting({ ...defaults, ...own })
}

/** A copy; undefined for none. Throws ClientError (`INVALID_OPTION`). */
export function requireMetadata(given: unknown): Metadata | undefined {
  if (given === undefined) return undefined
  if (!isPlainObject(given)) throw invalidOption('metadata', 'an object of texts', given)
  const entries = Object.entries(given)
  if (entries.length === 0) return undefined
  for (const [key, value] of entries) {
    if (!isMetadataKey(key))
      throw invalidOption('metadata', 'keys of 1 to 128 characters of a-z, 0-9, "-", "_" and "."', key)
    if (typeof value !== 'string') throw invalidOption(`metadata.${key}`, 'a text', value)
    if (key.startsWith(reservedPrefix))
      throw invalidOption('metadata', `keys without "${reservedPrefix}", which is isock's own`, key)
  }
  return requireFitting(Object.fromEntries(entries) as Metadata)
}

/** Throws ClientError (`INVALID_OPTION`) for more than a call may have. */
export function requireFitting(metadata: Metadata): Metadata {
  const count = Object.keys(metadata).length
  if (count > maxMetadataEntries) throw invalidOption('metadata', `at most ${maxMetadataEntries} keys`, count)
  const size = metadataSize(metadata)
  if (size > maxMetadataBytes) throw invalidOption('metadata', `at most ${maxMetadataBytes} bytes`, size)
  return metadata
}
