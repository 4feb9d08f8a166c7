// JSON of a stranger: looked over before it is parsed, so that depth costs nobody anything.
import { jsonTextFault } from '../core/wire/rich/json-text-scan.ts'
import { defaultValueLimits, type ValueLimits } from '../core/wire/values/value-limits.ts'

/** Completes a sentence that begins with "it is". */
export interface JsonFault {
  readonly fault: string
}

/** Of the server that hands the value on. */
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
    // The parser's own words quote the text, which may be a password.
    return { fault: 'no JSON' }
  }
}
