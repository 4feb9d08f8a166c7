// The bounds on one value, the same at the sender (which gets the clear error) and at the receiver (which trusts no sender),
// and what a caller may additionally allow.

import { defaultLimits, type Limits } from '../../base/options.ts'

/** What one call of the codec allows beyond the defaults. */
export interface ValueRules {
  /** Allows regular expressions: only if the action asked for them, because a hostile pattern can hang its user. Default false. */
  readonly allowRegExp?: boolean
  /** Errors keep their stack text. Default false. */
  readonly exposeStacks?: boolean
  /** Returns the streams that arrived beside a call's data, by their numbers, each once. Default: there are none. @internal */
  readonly streamOf?: (number: number) => unknown
}

/** The bounds on one value; the defaults are {@link defaultValueLimits}. */
export interface ValueLimits {
  /** The nesting depth of arrays and objects on the wire (a Map counts as two). */
  readonly maxDepth: number
  /** Arrays and objects in total, as on the wire. */
  readonly maxContainers: number
  /** Values that need a type annotation: Dates, Maps, bigints, undefined ... */
  readonly maxAnnotations: number
  /** Values in total, at the sender. A value that is reachable twice is sent, and counted, twice. */
  readonly maxNodes: number
}

/** The bounds on values of a server or client with these limits. */
export function valueLimitsOf({ maxValueDepth, maxValueContainers }: ValueOptions): ValueLimits {
  return {
    maxDepth: maxValueDepth,
    maxContainers: maxValueContainers,
    maxAnnotations: Math.max(100_000, Math.floor(maxValueContainers / 2)),
    maxNodes: 5 * maxValueContainers,
  }
}

type ValueOptions = Pick<Limits, 'maxValueDepth' | 'maxValueContainers'>

export const defaultValueLimits: ValueLimits = valueLimitsOf(defaultLimits)

/** Digits of the longest bigint that can be sent: reading one takes time quadratic in its length. */
export const maxBigIntDigits = 10_000

/** Characters of the longest regular expression that can be sent, including slashes and flags. */
export const maxRegExpLength = 1_000
