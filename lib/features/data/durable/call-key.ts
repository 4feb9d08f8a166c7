// The key of a call as its row has it: digests of whose key it is, and of what it is used for.
import { createHash } from 'node:crypto'
import type { Payload } from '../../../core/wire/bytes/payload.ts'
import type { CallKey } from './key-rows.ts'
import { payloadBytes } from './stored-answer.ts'

/** A call that has a key. */
export interface CallWithKey {
  /** The id of the caller's identity. Callers without one share their keys. */
  readonly identity: string | undefined
  readonly key: string
  readonly actionName: string
  /** As it came. */
  readonly data: Payload
}

export function callKeyOf({ identity, key, actionName, data }: CallWithKey): CallKey {
  const hash = createHash('sha256')
    .update(JSON.stringify([identity ?? null, key]))
    .digest()
  const fingerprint = createHash('sha256').update(`${actionName}\n`)
  if (data !== undefined) fingerprint.update(payloadBytes(data))
  return { hash, fingerprint: fingerprint.digest() }
}
