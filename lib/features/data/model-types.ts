// The types that are read off a model's class: what `create` takes, what a filter may ask, what a dictionary holds.
import type { Condition } from './condition.ts'
import type { InfoOf } from './field.ts'

/** The names of a model's fields. */
export type FieldName<M> = { [K in keyof M]-?: [InfoOf<M[K]>] extends [never] ? never : K }[keyof M] & string

type Value<Property> = Property extends null ? null : InfoOf<Property>['value']
type RefTo<Property> = InfoOf<Property>['isMany'] extends true ? never : InfoOf<Property>['target']
/** The rows that a list refers to. */
type RefsTo<Property> = InfoOf<Property>['isMany'] extends true ? InfoOf<Property>['target'] : never
type GivenName<M> = { [K in FieldName<M>]: InfoOf<M[K]>['isGiven'] extends true ? K : never }[FieldName<M>]
type ComputedName<M> = { [K in FieldName<M>]: InfoOf<M[K]>['isGiven'] extends 'computed' ? K : never }[FieldName<M>]
type OpenName<M> = { [K in FieldName<M>]: InfoOf<M[K]>['isSecret'] extends true ? never : K }[FieldName<M>]
type ReferenceName<M> = { [K in FieldName<M>]: [RefTo<M[K]>] extends [never] ? never : K }[FieldName<M>]

/** What may be set: the field's value; for a reference also a row of its model, for a set also a list of its
 * items; for a list of references rows as well. */
type Settable<Property> = Value<Property> | RefTo<Property> | ItemsOf<Value<Property>> | ListOf<RefsTo<Property>>
type ListOf<Row> = [Row] extends [never] ? never : readonly (Row | string)[]
type ItemsOf<T> = T extends ReadonlySet<infer Item> ? ReadonlySet<Item> | readonly Item[] : never

/** What `create` takes: every field, but for those that are optional or have a default, the pk, and what is computed. */
export type CreateData<M> = { [K in Exclude<FieldName<M>, GivenName<M> | ComputedName<M>>]: Settable<M[K]> } & {
  [K in GivenName<M>]?: Settable<M[K]>
}

/** What `update` takes: some fields. */
export type UpdateData<M> = { [K in Exclude<FieldName<M>, 'pk' | ComputedName<M>>]?: Settable<M[K]> }

/** A row as a plain object: its fields without the secret ones. */
export type Dictionary<M> = { [K in OpenName<M>]: Value<M[K]> }

/** A dictionary as JSON has it: sets are lists there. */
export type JsonDictionary<M> = { [K in OpenName<M>]: Listed<Value<M[K]>> }
type Listed<T> = T extends ReadonlySet<infer Item> ? Item[] : T

/** A dictionary whose references are dictionaries, or pks where one would contain itself. */
export type Hydrated<M> = {
  [K in OpenName<M>]: [RefsTo<M[K]>] extends [never]
    ? [RefTo<M[K]>] extends [never]
      ? Value<M[K]>
      : Hydrated<RefTo<M[K]>> | Extract<M[K], null> | string
    : (Hydrated<RefsTo<M[K]>> | string)[]
}

/** What a condition on a field must be able to ask: a list of anything may have items of each kind. */
type Asked<T> = T extends readonly (infer Item)[]
  ? unknown extends Item
    ? readonly string[] & readonly number[] & readonly boolean[]
    : T
  : T

type FieldCondition<Property> = Settable<Property> | null | Condition<Asked<NonNullable<Value<Property>>>>

/**
 * Which rows: a value for each field, or a condition on it; all must hold. Fields of referenced rows have a path. An object
 * in the place of a value is refused, so that the values may be what a client sent.
 *
 * @example { age: ge(18), name: 'Ann', 'author.email': matches('@example\\.org$') }
 */
export type Filter<M> = { readonly [K in OpenName<M>]?: FieldCondition<M[K]> } & {
  readonly [R in ReferenceName<M> as `${R}.${OpenName<RefTo<M[R]>>}`]?: unknown
} & { readonly [path: `${string}.${string}.${string}`]: unknown }

/** A field that a filter may ask for, or the path of one of a referenced row. */
export type FilterField<M> = OpenName<M> | `${string}.${string}`

/** A field to sort by; with `-` in front, the greatest first. */
export type SortKey<M> = OpenName<M> | `-${OpenName<M>}` | `${string}.${string}`

export interface QueryOptions<M> {
  /** By what; without it the order is the store's. */
  readonly sort?: SortKey<M> | readonly SortKey<M>[]
  /** At most so many rows, and no more than `maxRows` of the database. Default: all; more than `maxRows` are an error. */
  readonly limit?: number
  /** So many are left out at the beginning. Default 0. */
  readonly offset?: number
  /** Nobody else can change these rows until the action has ended. Default false. */
  readonly lock?: boolean
}
