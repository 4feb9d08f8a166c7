// The way of *thrown* values, which must travel even where parts of them cannot.

import type { Payload } from './bytes/payload.ts'
import { isError } from './rich/error-fields.ts'
import { sendableError } from './rich/sendable-error.ts'
import type { ValueRules } from './values/value-limits.ts'

/** The half of the value codec that thrown values need here. */
export interface ValueEncoder {
  encode(value: unknown, label: string, rules?: ValueRules): Payload
}

/**
 * What an action threw, ready to travel. Never throws: own fields, causes and errors that cannot travel are left out,
 * if need be all of them. A thrown value that is no error travels as that value, or as the error that says why it cannot.
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
