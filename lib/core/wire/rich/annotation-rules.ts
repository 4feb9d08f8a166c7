// What each type annotation requires of the JSON it is attached to, and where further annotations may be within.

import { maxBigIntDigits, maxRegExpLength, type ValueLimits, type ValueRules } from '../values/value-limits.ts'
import type { BinaryValues } from './binary-values.ts'

/** What the annotations of one payload are checked against. */
export interface AnnotationContext {
  readonly limits: ValueLimits
  readonly rules: ValueRules
  readonly bytes: readonly Uint8Array[]
  readonly binaries: BinaryValues
}

/** The requirements of one type. */
export interface AnnotationRule {
  readonly name: string
  accepts(json: unknown, context: AnnotationContext): boolean
  /** Whether a part at these keys may be annotated in turn. Absent: none may. */
  allowsInside?(keys: readonly string[]): boolean
}

/** The superjson types that are accepted: those that round-trip exactly and cannot be made to hang or grow. */
const plainRules: ReadonlyMap<string, AnnotationRule> = byName([
  { name: 'undefined', accepts: (json) => json === null },
  { name: 'number', accepts: (json) => json === 'NaN' || json === 'Infinity' || json === '-Infinity' || json === '-0' },
  {
    name: 'bigint',
    accepts: (json) => typeof json === 'string' && json.length <= maxBigIntDigits + 1 && /^-?\d+$/.test(json),
  },
  { name: 'Date', accepts: (json) => typeof json === 'string' && isIsoTime(json) },
  { name: 'URL', accepts: (json) => typeof json === 'string' && URL.canParse(json) },
  { name: 'set', accepts: (json) => Array.isArray(json), allowsInside: () => true },
  { name: 'map', accepts: isListOfPairs, allowsInside: (keys) => keys.length >= 2 },
  {
    name: 'regexp',
    accepts: (json, { rules }) => rules.allowRegExp === true && typeof json === 'string' && isRegExpText(json),
  },
])

/** Our own, by their names in wire-node.ts. Those that are revived check their annotated parts. */
const customRules: ReadonlyMap<string, AnnotationRule> = byName([
  {
    name: 'bytes',
    accepts: (json, context) => isPair(json) && isIndexOf(context.bytes, json[1]) && areBytesFor(json, context),
  },
  {
    name: 'class',
    accepts: (json) => isPair(json) && typeof json[0] === 'string',
    allowsInside: (keys) => keys[0] === '1',
  },
  {
    name: 'entries',
    accepts: (json) => isListOfPairs(json) && json.every(([key]) => typeof key === 'string'),
    allowsInside: (keys) => keys.length >= 2 && keys[1] === '1',
  },
  {
    name: 'error',
    accepts: (json) => typeof json === 'object' && json !== null && !Array.isArray(json),
    allowsInside: (keys) => keys[0] === 'cause' || keys[0] === 'errors' || keys[0] === 'fields',
  },
  { name: 'invalid-date', accepts: (json) => Array.isArray(json) && json.length === 0 },
  {
    name: 'stream',
    accepts: (json, { rules }) => rules.streamOf !== undefined && Array.isArray(json) && json.length === 1,
  },
])

/** The rule for a type as written in a meta: `"Date"` or `["custom", "bytes"]`. */
export function annotationRule(type: unknown): AnnotationRule | undefined {
  if (typeof type === 'string') return plainRules.get(type)
  const isCustom = isPair(type) && type[0] === 'custom' && typeof type[1] === 'string'
  return isCustom ? customRules.get(type[1] as string) : undefined
}

function byName(rules: readonly AnnotationRule[]): ReadonlyMap<string, AnnotationRule> {
  return new Map(rules.map((rule) => [rule.name, rule]))
}

function isPair(json: unknown): json is [unknown, unknown] {
  return Array.isArray(json) && json.length === 2
}

function isListOfPairs(json: unknown): json is [unknown, unknown][] {
  return Array.isArray(json) && json.every(isPair)
}

function isIsoTime(text: string): boolean {
  return (
    text.length <= 27 &&
    /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  )
}

function isRegExpText(text: string): boolean {
  return text.length <= maxRegExpLength && /^\/.+\/[a-z]*$/s.test(text)
}

function isIndexOf(list: readonly unknown[], index: unknown): index is number {
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < list.length
}

function areBytesFor([name, index]: readonly [unknown, unknown], { bytes, binaries }: AnnotationContext): boolean {
  const part = bytes[index as number]
  return typeof name === 'string' && part !== undefined && binaries.fault(name, part) === undefined
}
