// Leaves of a wire tree with rules of their own: bigints, Dates and regular expressions.

import { maxBigIntDigits, maxRegExpLength, type ValueRules } from '../values/value-limits.ts'
import type { SendWalk } from './send-walk.ts'
import { markNode } from './wire-node.ts'

/** Above the longest bigint that can be sent. */
const bigIntBound = 10n ** BigInt(maxBigIntDigits)

export function bigIntLeaf(value: bigint, walk: SendWalk): bigint {
  if (value < bigIntBound && value > -bigIntBound) return value
  return walk.refuse(`a bigint may have at most ${maxBigIntDigits} digits`)
}

/** @throws TypeError for an object that only has the prototype of a Date. */
export function dateLeaf(date: Date): Date | object {
  const time = Date.prototype.getTime.call(date)
  return Number.isNaN(time) ? markNode('invalid-date', []) : new Date(time)
}

export function regExpLeaf(pattern: RegExp, rules: ValueRules, walk: SendWalk): RegExp {
  if (!rules.allowRegExp) {
    walk.refuse('regular expressions are sent only if the action allows them; send `source` and `flags` as text')
  }
  if (String(pattern).length > maxRegExpLength) {
    walk.refuse(`a regular expression may have at most ${maxRegExpLength} characters`)
  }
  return new RegExp(pattern.source, pattern.flags)
}
