// The bounds on one value, the same at the sender (who gets the clear error) and at the receiver (who trusts nobody),
// and what a caller may additionally allow.

import { defaultLimits, type Limits } from '../../base/options.ts'

/** What one call of the codec allows beyond the defaults. */
export interface ValueRules {
  /** Regular expressions travel: only where the action asked for them, for a hostile pattern can hang its user. Default false. */
  readonly allowRegExp?: boolean
  /** Errors keep their stack text. Default false. */
  readonly exposeStacks?: boolean
  /** Streams that came beside a call's data stand in it: by their numbers, each once. Default: none did. @internal */
  readonly streamOf?: (number: number) => unknown
}

/** The bounds on one value; the defaults are {@link defaultValueLimits}. */
export interface ValueLimits {
  /** Arrays and objects inside each other, as they are nested on the wire (a Map counts as two). */
  readonly maxDepth: number
  /** Arrays and objects in all, as they are on the wire. */
  readonly maxContainers: number
  /** Values that need a type annotation: Dates, Maps, bigints, undefined ... */
  readonly maxAnnotations: number
  /** Values in all, at the sender; a value that is reachable twice is sent, and counted, twice. */
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

/** Digits of the longest bigint that travels: reading one takes time that grows with the square of its length. */
export const maxBigIntDigits = 10_000

/** Characters of the longest regular expression that travels, slashes and flags included. */
export const maxRegExpLength = 1_000
