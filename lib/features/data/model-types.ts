// The types derived from a model's class: what `create` accepts, what a filter may use, what a dictionary holds.
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

/** The type of a value to set: the field's value; for a reference also a row of its model, for a set also a list of its items,
 * for a list of references also rows. */
type Settable<Property> = Value<Property> | RefTo<Property> | ItemsOf<Value<Property>> | ListOf<RefsTo<Property>>
type ListOf<Row> = [Row] extends [never] ? never : readonly (Row | string)[]
type ItemsOf<T> = T extends ReadonlySet<infer Item> ? ReadonlySet<Item> | readonly Item[] : never

/** What `create` accepts: every field but the pk and computed fields. Optional fields and those with a default may be omitted. */
export type CreateData<M> = { [K in Exclude<FieldName<M>, GivenName<M> | ComputedName<M>>]: Settable<M[K]> } & {
  [K in GivenName<M>]?: Settable<M[K]>
}

/** What `update` accepts: some fields. */
export type UpdateData<M> = { [K in Exclude<FieldName<M>, 'pk' | ComputedName<M>>]?: Settable<M[K]> }

/** A row as a plain object: its fields without the secret ones. */
export type Dictionary<M> = { [K in OpenName<M>]: Value<M[K]> }

/** A dictionary as JSON: sets are lists. */
export type JsonDictionary<M> = { [K in OpenName<M>]: Listed<Value<M[K]>> }
type Listed<T> = T extends ReadonlySet<infer Item> ? Item[] : T

/** A dictionary with references expanded to dictionaries, or pks if one would contain itself. */
export type Hydrated<M> = {
  [K in OpenName<M>]: [RefsTo<M[K]>] extends [never]
    ? [RefTo<M[K]>] extends [never]
      ? Value<M[K]>
      : Hydrated<RefTo<M[K]>> | Extract<M[K], null> | string
    : (Hydrated<RefsTo<M[K]>> | string)[]
}

/** The type that a condition on a field must accept: a list of anything may have items of each kind. */
type Asked<T> = T extends readonly (infer Item)[]
  ? unknown extends Item
    ? readonly string[] & readonly number[] & readonly boolean[]
    : T
  : T

type FieldCondition<Property> = Settable<Property> | null | Condition<Asked<NonNullable<Value<Property>>>>

/**
 * Selects rows: a value for each field, or a condition on it; all must hold. Fields of referenced rows have a path. An object
 * in place of a value is rejected, so values may come from a client.
 *
 * @example { age: ge(18), name: 'Ann', 'author.email': matches('@example\\.org$') }
 */
export type Filter<M> = { readonly [K in OpenName<M>]?: FieldCondition<M[K]> } & {
  readonly [R in ReferenceName<M> as `${R}.${OpenName<RefTo<M[R]>>}`]?: unknown
} & { readonly [path: `${string}.${string}.${string}`]: unknown }

/** A field that a filter may use, or the path of one of a referenced row. */
export type FilterField<M> = OpenName<M> | `${string}.${string}`

/** A field to sort by; with a leading `-`, in descending order. */
export type SortKey<M> = OpenName<M> | `-${OpenName<M>}` | `${string}.${string}`

export interface QueryOptions<M> {
  /** The sort keys; by default the order is the store's. */
  readonly sort?: SortKey<M> | readonly SortKey<M>[] | undefined
  /** The most rows, up to `maxRows` of the database. Default: all; more than `maxRows` are an error. */
  readonly limit?: number | undefined
  /** The number of rows to skip. Default 0. */
  readonly offset?: number | undefined
  /** Nobody else can change these rows until the action has ended. Default false. */
  readonly lock?: boolean | undefined
}
