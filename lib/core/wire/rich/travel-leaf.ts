// Leaves of a travel tree that have rules of their own: bigints, Dates and regular expressions.

import { maxBigIntDigits, maxRegExpLength, type ValueRules } from '../values/value-limits.ts'
import type { SendWalk } from './send-walk.ts'
import { markNode } from './travel-node.ts'

/** More than the longest bigint that travels. */
const bigIntBound = 10n ** BigInt(maxBigIntDigits)

export function bigIntLeaf(value: bigint, walk: SendWalk): bigint {
  if (value < bigIntBound && value > -bigIntBound) return value
  return walk.refuse(`a bigint of more than ${maxBigIntDigits} digits does not travel`)
}

/** @throws TypeError for what only has the prototype of one. */
export function dateLeaf(date: Date): Date | object {
  const time = Date.prototype.getTime.call(date)
  return Number.isNaN(time) ? markNode('invalid-date', []) : new Date(time)
}

export function regExpLeaf(pattern: RegExp, rules: ValueRules, walk: SendWalk): RegExp {
  if (!rules.allowRegExp) {
    walk.refuse('regular expressions travel only where the action allows them; send `source` and `flags` as text')
  }
  if (String(pattern).length > maxRegExpLength) {
    walk.refuse(`a regular expression of more than ${maxRegExpLength} characters does not travel`)
  }
  return new RegExp(pattern.source, pattern.flags)
}
