// Conditions of filters, such as `{ age: ge(18) }`. Only these functions create them. Client data never becomes one by
// itself: a JSON object in place of a value is rejected, see parse-filter.ts.

import { brand } from '../../core/base/brand.ts'

/** Global, so that conditions made by another copy of this package count too: the command line may be installed separately. */
const mark: unique symbol = Symbol.for('isock.Condition')

const comparisons = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const

/** The operators, by their names in JSON; see `parseFilter`. */
export const operators = [...comparisons, 'in', 'nin', 'contains', 'lacks', 'matches', 'min', 'max'] as const
export type Operator = (typeof operators)[number]

/** The content of a condition. */
export type ConditionSpec =
  | { readonly operator: Operator; readonly value: unknown }
  | { readonly operator: 'and' | 'or'; readonly parts: readonly ConditionSpec[] }
  | { readonly operator: 'not'; readonly part: ConditionSpec }

/** A condition on a field with values of type `T`. It has no JSON form. */
export class Condition<in T = never> {
  readonly [mark]: ConditionSpec
  /** Type-only; never set at run time. */
  declare readonly asks: (value: T) => void

  /** @internal */
  constructor(spec: ConditionSpec) {
    this[mark] = spec
  }
}

brand('isock.ConditionClass', Condition)

type Ordered = string | number | Date
type Comparable = Ordered | boolean
/** An item of a set. */
type Item = string | number | boolean
/** A row of any model. */
interface AnyRow {
  readonly pk: string
  toDict(): object
}
/** A literal's own type would be too narrow for its field. A row may be used for its pk. */
type Wide<T> = T extends string | AnyRow ? string : T extends number ? number : T extends boolean ? boolean : T

/** The content of a condition; undefined for anything else. */
export function specOf(value: unknown): ConditionSpec | undefined {
  return typeof value === 'object' && value !== null ? (value as { [mark]?: ConditionSpec })[mark] : undefined
}

/** A condition by the name of its operator, for code that reads filters. */
export function conditionOf(operator: Operator, value: unknown): Condition<unknown> {
  return new Condition({ operator, value })
}

/** Equal to this value. A bare value means the same. */
export function eq(value: null): Condition<unknown>
export function eq<T extends Comparable | AnyRow>(value: T): Condition<Wide<T>>
export function eq<T extends Item>(value: ReadonlySet<T>): Condition<ReadonlySet<Wide<T>>>
export function eq(value: unknown): Condition<unknown> {
  return conditionOf('eq', value)
}

/** Any other value, or null. */
export function ne(value: null): Condition<unknown>
export function ne<T extends Comparable | AnyRow>(value: T): Condition<Wide<T>>
export function ne<T extends Item>(value: ReadonlySet<T>): Condition<ReadonlySet<Wide<T>>>
export function ne(value: unknown): Condition<unknown> {
  return conditionOf('ne', value)
}

/** Greater than this. */
export function gt<T extends Ordered>(value: T): Condition<Wide<T>> {
  return new Condition({ operator: 'gt', value })
}

/**
 * Greater than or equal to this.
 *
 * @example await db.query(User, { age: ge(18) })
 */
export function ge<T extends Ordered>(value: T): Condition<Wide<T>> {
  return new Condition({ operator: 'ge', value })
}

/** Less than this. */
export function lt<T extends Ordered>(value: T): Condition<Wide<T>> {
  return new Condition({ operator: 'lt', value })
}

/** Less than or equal to this. */
export function le<T extends Ordered>(value: T): Condition<Wide<T>> {
  return new Condition({ operator: 'le', value })
}

/** One of these values, which may include null. At most 10 000 in all lists of a filter. */
export function oneOf<T extends Comparable | AnyRow>(values: readonly (T | null)[]): Condition<Wide<T>> {
  return new Condition({ operator: 'in', value: values })
}

/** None of these values. Matches null too, unless null is among them. */
export function noneOf<T extends Comparable | AnyRow>(values: readonly (T | null)[]): Condition<Wide<T>> {
  return new Condition({ operator: 'nin', value: values })
}

/** A text that contains this part, or a list or set that contains this item. */
export function contains(part: string): Condition<string | readonly string[] | ReadonlySet<string>>
export function contains(item: number): Condition<readonly number[] | ReadonlySet<number>>
export function contains(item: boolean): Condition<readonly boolean[] | ReadonlySet<boolean>>
export function contains(value: unknown): Condition<unknown> {
  return conditionOf('contains', value)
}

/**
 * A text that matches this regular expression somewhere: RE2's syntax, in linear time. At most 5 in a filter.
 *
 * @example await db.query(Note, { 'author.email': matches('@example\\.org$') })
 */
export function matches(expression: string): Condition<string> {
  return new Condition({ operator: 'matches', value: expression })
}

/** The least value among all rows that match the other conditions. */
export function min(): Condition<Comparable> {
  return new Condition({ operator: 'min', value: true })
}

/** The greatest value among all rows that match the other conditions. */
export function max(): Condition<Comparable> {
  return new Condition({ operator: 'max', value: true })
}

/**
 * All of these.
 *
 * @example await db.query(User, { age: and(ge(18), lt(65)) })
 */
export function and<T>(...conditions: readonly Condition<T>[]): Condition<T> {
  return new Condition({ operator: 'and', parts: conditions.map(requireSpec) })
}

/** At least one of these. Not for `matches`, `min` and `max`, which look at all rows. */
export function or<T>(...conditions: readonly Condition<T>[]): Condition<T> {
  return new Condition({ operator: 'or', parts: conditions.map(requireSpec) })
}

/** All rows that do not match this, including those with null. Not for `matches`, `min` and `max`. */
export function not<T>(condition: Condition<T>): Condition<T> {
  return new Condition({ operator: 'not', part: requireSpec(condition) })
}

/** Anything but a condition counts as a value. */
function requireSpec(condition: unknown): ConditionSpec {
  return specOf(condition) ?? { operator: 'eq', value: condition }
}
