// JSON from untrusted clients. Checks its depth and size before parsing.
import { jsonTextFault } from '../core/wire/rich/json-text-scan.ts'
import { defaultValueLimits, type ValueLimits } from '../core/wire/values/value-limits.ts'

/** Completes a sentence that begins with "it is". */
export interface JsonFault {
  readonly fault: string
}

export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The limits of the server that receives the value. */
export type JsonLimits = Pick<ValueLimits, 'maxDepth' | 'maxContainers'>

export function readJson(
  text: string,
  { maxDepth, maxContainers }: JsonLimits = defaultValueLimits,
): { readonly value: unknown } | JsonFault {
  const fault = jsonTextFault(text, maxDepth, maxContainers)
  if (fault !== undefined) return { fault }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    // The parser's message quotes the text, which may contain a password.
    return { fault: 'not JSON' }
  }
}
