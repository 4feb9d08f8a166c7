// The key of one state among those of a durable service: any text that every store keeps as it is.
import { checkOptions } from '../../core/base/option-table.ts'
import { describe, invalidOption } from '../../core/base/options.ts'
import type { ServiceClass } from './service.ts'

/** With the name, it fits into the index of every store. */
const maxKeyBytes = 512

const encoder = new TextEncoder()

/** What is wrong with a key; undefined: nothing. */
export function keyFault(key: unknown): string | undefined {
  const expected = `a key is a text of 1 to ${maxKeyBytes} bytes`
  if (typeof key !== 'string' || key === '' || key.length > maxKeyBytes) return `${expected}, got ${describe(key)}`
  if (encoder.encode(key).byteLength > maxKeyBytes) return `${expected}, got ${describe(key)}`
  if (key.includes('\0') || /\p{Surrogate}/u.test(key)) return `${expected} without U+0000 and lone surrogates`
  return undefined
}

/** Options of `client.service` and `server.service`. */
export interface ServiceInstanceOptions {
  /** Which state of a durable service: a text of 1 to 512 bytes, such as a user's id. Default: none; that is one more state. */
  readonly key?: string | undefined
}

/** The key, checked. Throws ClientError (`INVALID_OPTION`). */
export function readKeyOption(service: ServiceClass, options: ServiceInstanceOptions): string | undefined {
  checkOptions('service', options, { key: 'any' })
  const { key } = options
  if (key === undefined) return undefined
  const fault = keyFault(key)
  if (fault !== undefined) throw invalidOption('key', fault, key)
  if (service.durable !== true)
    throw invalidOption(
      'key',
      'none for a service in memory; give its class static durable = true, or keep a Map in its state',
      key,
    )
  return key
}
