// The metadata of a call: a few texts beside its data, such as a trace's id. In a CALL frame an array of texts, key and value in turn.
import { ProtocolError } from '../../base/errors.ts'
import { encodeText } from '../bytes/text.ts'
import type { MsgpackReader } from './msgpack-reader.ts'
import type { MsgpackWriter } from './msgpack-writer.ts'

/**
 * Texts that travel beside a call's data: trace ids, tenants, locales. Keys are 1 to 128 characters of a-z, 0-9, `-`, `_` and `.`,
 * so that they can be headers too; at most 64 of them, and 8 KiB in all.
 */
export type Metadata = Readonly<Record<string, string>>

export const maxMetadataEntries = 64
export const maxMetadataBytes = 8_192
const maxKeyBytes = 128
/** What isock itself sends begins with it; callers cannot. */
export const reservedPrefix = 'isock.'
/** The idempotency key of a call. */
export const keyEntry = 'isock.key'

export const noMetadata: Metadata = Object.freeze(Object.create(null) as Metadata)

export function isMetadataKey(key: string): boolean {
  return key.length <= maxKeyBytes && /^[a-z0-9._-]+$/.test(key)
}

/** Its bytes on the wire, without the heads of its texts. */
export function metadataSize(metadata: Metadata | undefined): number {
  if (metadata === undefined) return 0
  let size = 0
  for (const key in metadata) size += key.length + encodeText(metadata[key] as string).length
  return size
}

export function writeMetadata(writer: MsgpackWriter, metadata: Metadata): void {
  const entries = Object.entries(metadata)
  writer.arrayHead(entries.length * 2)
  for (const [key, value] of entries) {
    writer.text(key)
    writer.text(value)
  }
}

/** Throws ProtocolError. */
export function readMetadata(reader: MsgpackReader): Metadata {
  const count = reader.arrayHead()
  if (count % 2 !== 0 || count > maxMetadataEntries * 2) throw new ProtocolError(`metadata of ${count} texts`)
  const metadata = Object.create(null) as Record<string, string>
  let left = maxMetadataBytes
  for (let i = 0; i < count; i += 2) {
    const key = reader.text(maxKeyBytes)
    if (!isMetadataKey(key)) throw new ProtocolError('a metadata key that is not of a-z, 0-9, ".", "_" and "-"')
    const value = reader.text(left)
    left = Math.max(0, left - key.length - value.length)
    metadata[key] = value
  }
  return Object.freeze(metadata)
}
