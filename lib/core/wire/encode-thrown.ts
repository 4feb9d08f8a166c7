// Encodes *thrown* values, which must be sent even if parts of them cannot be serialized.

import type { Payload } from './bytes/payload.ts'
import { isError } from './rich/error-fields.ts'
import { sendableError } from './rich/sendable-error.ts'
import type { ValueRules } from './values/value-limits.ts'

/** The part of the value codec that thrown values need here. */
export interface ValueEncoder {
  encode(value: unknown, label: string, rules?: ValueRules): Payload
}

/**
 * Encodes what an action threw. Never throws: own fields, causes and errors that cannot be serialized are left out, all of
 * them if necessary. A thrown value other than an error is sent as that value, or as the error that says why it cannot be.
 */
export function encodeThrown(
  codec: ValueEncoder,
  thrown: unknown,
  options: { readonly exposeStacks?: boolean | undefined } = {},
): Payload {
  const rules: ValueRules = { exposeStacks: options.exposeStacks ?? false }
  const encode = (value: unknown): Payload => codec.encode(value, 'error', rules)
  try {
    return encode(thrown)
  } catch (refusal) {
    return encode(sendableError(isError(thrown) ? thrown : (refusal as Error), encode))
  }
}
