// Conditions of filters: `{ age: ge(18) }`. They are made by these functions and by nothing else. What a client sent never
// becomes one by itself: an object of JSON in the place of a value is refused, see parse-filter.ts.

import { brand } from '../../core/base/brand.ts'

/** Global, so that conditions made by another copy of this package count too: the command line may be installed apart. */
const mark: unique symbol = Symbol.for('isock.Condition')

const comparisons = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const

/** What may be asked of a field, by its name in JSON; see `parseFilter`. */
export const operators = [...comparisons, 'in', 'nin', 'contains', 'lacks', 'matches', 'min', 'max'] as const
export type Operator = (typeof operators)[number]

/** What a condition asks. */
export type ConditionSpec =
  | { readonly operator: Operator; readonly value: unknown }
  | { readonly operator: 'and' | 'or'; readonly parts: readonly ConditionSpec[] }
  | { readonly operator: 'not'; readonly part: ConditionSpec }

/** A condition on a field whose values are of type `T`. JSON has nothing that is one. */
export class Condition<in T = never> {
  readonly [mark]: ConditionSpec
  /** Never there: it carries the type. */
  declare readonly asks: (value: T) => void

  /** @internal */
  constructor(spec: ConditionSpec) {
    this[mark] = spec
  }
}

brand('isock.ConditionClass', Condition)

type Ordered = string | number | Date
type Comparable = Ordered | boolean
/** Of a set. */
type Item = string | number | boolean
/** A row of any model. */
interface AnyRow {
  readonly pk: string
  toDict(): object
}
/** A literal's own type would be too narrow for its field. A row stands for its pk. */
type Wide<T> = T extends string | AnyRow ? string : T extends number ? number : T extends boolean ? boolean : T

/** What a condition asks; undefined for anything else. */
export function specOf(value: unknown): ConditionSpec | undefined {
  return typeof value === 'object' && value !== null ? (value as { [mark]?: ConditionSpec })[mark] : undefined
}

/** By an operator's name: for those that read filters. */
export function conditionOf(operator: Operator, value: unknown): Condition<unknown> {
  return new Condition({ operator, value })
}

/** The same value. Without it, a bare value asks the same. */
export function eq(value: null): Condition<unknown>
export function eq<T extends Comparable | AnyRow>(value: T): Condition<Wide<T>>
export function eq<T extends Item>(value: ReadonlySet<T>): Condition<ReadonlySet<Wide<T>>>
export function eq(value: unknown): Condition<unknown> {
  return conditionOf('eq', value)
}

/** Another value, or null. */
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
 * Greater than this, or the same.
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

/** Less than this, or the same. */
export function le<T extends Ordered>(value: T): Condition<Wide<T>> {
  return new Condition({ operator: 'le', value })
}

/** One of these values; null may be among them. At most 10 000 in all lists of a filter. */
export function oneOf<T extends Comparable | AnyRow>(values: readonly (T | null)[]): Condition<Wide<T>> {
  return new Condition({ operator: 'in', value: values })
}

/** None of these values. Also true of null, unless null is among them. */
export function noneOf<T extends Comparable | AnyRow>(values: readonly (T | null)[]): Condition<Wide<T>> {
  return new Condition({ operator: 'nin', value: values })
}

/** A text that has this part, or a list or set that has this item. */
export function contains(part: string): Condition<string | readonly string[] | ReadonlySet<string>>
export function contains(item: number): Condition<readonly number[] | ReadonlySet<number>>
export function contains(item: boolean): Condition<readonly boolean[] | ReadonlySet<boolean>>
export function contains(value: unknown): Condition<unknown> {
  return conditionOf('contains', value)
}

/**
 * A text in which this regular expression is found: RE2's syntax, whose time is linear. At most 5 in a filter.
 *
 * @example await db.query(Note, { 'author.email': matches('@example\\.org$') })
 */
export function matches(expression: string): Condition<string> {
  return new Condition({ operator: 'matches', value: expression })
}

/** The least value of all rows that the other conditions let through. */
export function min(): Condition<Comparable> {
  return new Condition({ operator: 'min', value: true })
}

/** The greatest value of all rows that the other conditions let through. */
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

/** At least one of these. `matches`, `min` and `max` cannot be among them: they are about all rows. */
export function or<T>(...conditions: readonly Condition<T>[]): Condition<T> {
  return new Condition({ operator: 'or', parts: conditions.map(requireSpec) })
}

/** Every row of which this is not true, those with null included. Not of `matches`, `min` and `max`. */
export function not<T>(condition: Condition<T>): Condition<T> {
  return new Condition({ operator: 'not', part: requireSpec(condition) })
}

/** What is no condition is a value. */
function requireSpec(condition: unknown): ConditionSpec {
  return specOf(condition) ?? { operator: 'eq', value: condition }
}
