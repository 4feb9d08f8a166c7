// How a model declares its fields: `email = field.text({ unique: true })`. The type of such a property is that of its
// values; what the engine must know of it is the FieldSpec that stands in its place until the class has been read.
import { ClientError } from '../../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { invalidOption } from '../../core/base/options.ts'
import { type ComputedOptions, type ComputedTypes, requireComputed } from './computed-field.ts'
import { type ItemKind, type SetItemKind, setItemKinds } from './kinds/items.ts'
import type { KindField } from './kinds/kind.ts'
import type { FieldKind } from './kinds/kinds.ts'

declare const fieldMark: unique symbol
const declared: unique symbol = Symbol.for('isock.Field')

/** The class that a reference is to. */
export type RowClass<Row = object> = new (...args: never) => Row

/** Whether `create` can do without it; 'computed': it is never given. */
export type Givenness = boolean | 'computed'

/** What the types remember of a field: its values' type, whether `create` can do without it, whether it is secret. */
export interface FieldInfo<
  Value,
  IsGiven extends Givenness,
  IsSecret extends boolean,
  Target,
  IsMany extends boolean = false,
> {
  readonly value: Value
  readonly isGiven: IsGiven
  readonly isSecret: IsSecret
  readonly target: Target
  /** A list of references to the target. */
  readonly isMany: IsMany
}

interface Marked<Info> {
  readonly [fieldMark]?: Info
}

/** The type of a declared field: that of its values, with a mark that is never there. */
export type Field<
  Value,
  IsGiven extends Givenness = false,
  IsSecret extends boolean = false,
  Target = never,
  IsMany extends boolean = false,
> = Value extends null ? Value : Value & Marked<FieldInfo<Value, IsGiven, IsSecret, Target, IsMany>>

/** What the types remember of a property; `never` for one that is no field. */
export type InfoOf<Property> =
  NonNullable<Property> extends Marked<infer Info> ? (unknown extends Info ? never : NonNullable<Info>) : never

/** A field as it was declared. */
export interface FieldSpec extends KindField {
  readonly kind: FieldKind
  readonly isUnique: boolean
  readonly isIndexed: boolean
  /** Undefined: there is none. */
  readonly makeDefault: (() => unknown) | undefined
  /** What becomes of a value that is set. */
  readonly transform: ((value: never) => unknown) | undefined
  /** Makes its value of the row's others; undefined: it is given. */
  readonly compute: ((row: never) => unknown) | undefined
  /** The model that a reference is to; a function, because it may be declared later. */
  readonly target: (() => RowClass) | undefined
}

export interface FieldOptions<Value> {
  /** It may be null, and is so where `create` is not told. Default false. */
  readonly optional?: boolean
  /** No two rows have the same value. Default false. */
  readonly unique?: boolean
  /** Looked up often. Default false; unique fields and references are anyway. */
  readonly index?: boolean
  /** Never in a dictionary, a log or a filter. Default false. */
  readonly secret?: boolean
  /** What `create` sets where it is not told; a function makes a new one for each row. */
  readonly default?: Value | (() => Value)
  /** What is kept of a value that is set; not run when a row is loaded. May give a promise. */
  readonly set?: (value: Value) => Value | Promise<Value>
}

const fieldOptions: OptionTable<FieldOptions<never>> = {
  secret: 'protects',
  optional: 'any',
  unique: 'any',
  index: 'any',
  default: 'any',
  set: 'any',
}

interface IsOptional {
  readonly optional: true
}
type Given<Options> = Options extends IsOptional | { readonly default: unknown } ? true : false
type Secret<Options> = Options extends { readonly secret: true } ? true : false
type FieldFor<Value, Options> = Field<
  Options extends IsOptional ? Value | null : Value,
  Given<Options>,
  Secret<Options>
>
interface ItemTypes {
  text: string
  integer: number
  number: number
  boolean: boolean
  json: unknown
}

/** What a reference may be told. */
export interface ReferenceOptions {
  readonly optional?: boolean
  readonly unique?: boolean
}

type More = Partial<Pick<FieldSpec, 'choices' | 'items' | 'target' | 'transform' | 'compute' | 'isSecret'>>

/** A FieldSpec stands where the type says that a value is: Model reads it off, and no row ever has it. */
function declare(kind: FieldKind, options: object | undefined, more: More = {}): never {
  checkOptions('field', options ?? {}, fieldOptions)
  return new DeclaredField(kind, options ?? {}, more) as never
}

/**
 * Declares the fields of a model.
 *
 * @example
 * class User extends Model {
 *   email = field.text({ unique: true, set: (text) => text.toLowerCase() })
 *   age = field.integer({ optional: true })
 *   tags = field.list('text', { default: () => [] })
 *   password = field.password()
 * }
 */
export const field = {
  /** Text of any length. */
  text: <const O extends FieldOptions<string>>(options?: O): FieldFor<string, O> => declare('text', options),
  /** A whole number that JavaScript can tell from its neighbours. */
  integer: <const O extends FieldOptions<number>>(options?: O): FieldFor<number, O> => declare('integer', options),
  /** Any finite number. */
  number: <const O extends FieldOptions<number>>(options?: O): FieldFor<number, O> => declare('number', options),
  boolean: <const O extends FieldOptions<boolean>>(options?: O): FieldFor<boolean, O> => declare('boolean', options),
  /** A point in time, to the millisecond. */
  date: <const O extends FieldOptions<Date>>(options?: O): FieldFor<Date, O> => declare('date', options),
  /** One of these texts. */
  choice: <const T extends string, const O extends FieldOptions<NoInfer<T>>>(
    choices: readonly T[],
    options?: O,
  ): FieldFor<T, O> => declare('text', options, { choices: requireChoices(choices) }),
  /** A list of values of one kind. Assign a new list to change it; a changed item is noticed, too. */
  list: <K extends ItemKind, const O extends FieldOptions<ItemTypes[K][]>>(
    items: K,
    options?: O,
  ): FieldFor<ItemTypes[K][], O> => declare('list', options, { items }),
  /**
   * A Set of values of one kind, equal to any with the same items, in whatever order. Kept as a list, in order. Assign a new Set to
   * change it; `add` and `delete` are noticed, too.
   */
  set: <K extends SetItemKind, const O extends FieldOptions<Set<ItemTypes[K]>>>(
    items: K,
    options?: O,
  ): FieldFor<Set<ItemTypes[K]>, O> => declare('set', options, { items: requireSetItems(items) }),
  /** Anything that JSON can say. */
  json: declareJson,
  /**
   * Computed from the row's other fields, and kept with them, so that rows are found and sorted by it. The function gets the row, and is
   * called again whenever the row is written; it must look at nothing else.
   *
   * @example domain = field.computed('text', (user: User) => user.email.split('@')[1] ?? '', { index: true })
   */
  computed: <K extends keyof ComputedTypes, const O extends ComputedOptions>(
    kind: K,
    compute: (row: never) => ComputedTypes[K] | (O extends IsOptional ? null | undefined : never),
    options?: O,
  ): Field<O extends IsOptional ? ComputedTypes[K] | null : ComputedTypes[K], 'computed', Secret<O>> =>
    declare(kind, options, { compute: requireComputed(kind, compute, options ?? {}) }),
  /** The pk of a row of another model (or of the same). */
  ref: <M extends object, const O extends ReferenceOptions>(
    target: () => RowClass<M>,
    options?: O,
  ): Field<O extends IsOptional ? string | null : string, Given<O>, false, M> =>
    declare('reference', options, { target }),
  /** The pks of rows of another model (or of the same), in their order. An empty list where it is not given. */
  refs: <M extends object>(target: () => RowClass<M>): Field<string[], true, false, M, true> =>
    declare('references', { default: () => [] }, { target }),
  /** A text that is hashed with argon2 when it is set. Secret; `verifyPassword` compares. */
  password: <const O extends { readonly optional?: boolean }>(
    options?: O,
  ): Field<O extends IsOptional ? string | null : string, Given<O>, true> =>
    declare('text', options, { transform: hashed, isSecret: true }),
}

function declareJson<T>(options: FieldOptions<T> & IsOptional): Field<T | null, true>
function declareJson<T>(options: FieldOptions<T> & { readonly default: T | (() => T) }): Field<T, true>
function declareJson<T>(options?: FieldOptions<T>): Field<T>
function declareJson(options?: object): unknown {
  return declare('json', options)
}

const hashed = async (text: string): Promise<string> => {
  const { hashPassword } = await import('./password.ts')
  return hashPassword(text)
}

/** A field as its class says it. Made only while a class is read. */
export class DeclaredField implements FieldSpec {
  readonly [declared] = true
  readonly kind: FieldKind
  readonly isOptional: boolean
  readonly isUnique: boolean
  readonly isIndexed: boolean
  readonly isSecret: boolean
  readonly makeDefault: (() => unknown) | undefined
  readonly transform: ((value: never) => unknown) | undefined
  readonly compute: ((row: never) => unknown) | undefined
  readonly choices: readonly string[] | undefined
  readonly items: string | undefined
  readonly target: (() => RowClass) | undefined

  constructor(kind: FieldKind, options: FieldOptions<never>, more: More) {
    const { optional = false, unique = false, index = false, secret = false, set } = options
    const given: unknown = options.default
    if (set !== undefined && typeof set !== 'function') throw invalidOption('set of a field', 'a function', set)
    if (typeof given === 'object' && given !== null && !(given instanceof Date))
      throw new ClientError(
        'a field whose default is an object, which all rows would share; give a function that makes one: default: () => []',
        { code: 'INVALID_OPTION' },
      )
    this.kind = kind
    this.isOptional = optional
    this.isUnique = unique
    this.isIndexed = index
    this.isSecret = more.isSecret ?? secret
    this.makeDefault =
      given === undefined ? undefined : typeof given === 'function' ? (given as () => unknown) : () => given
    this.transform = more.transform ?? set
    this.compute = more.compute
    this.choices = more.choices
    this.items = more.items
    this.target = more.target
  }
}

/** True for what a field was declared with, also by another copy of this package. */
export function isDeclared(value: unknown): value is FieldSpec {
  return typeof value === 'object' && value !== null && declared in value
}

function requireChoices(choices: readonly string[]): readonly string[] {
  if (Array.isArray(choices) && choices.length > 0 && choices.every((choice) => typeof choice === 'string'))
    return choices
  throw invalidOption('choices of a field', 'a list of at least one text', choices)
}

function requireSetItems<K extends SetItemKind>(items: K): K {
  if ((setItemKinds as readonly string[]).includes(items)) return items
  throw invalidOption('items of a set', `one of ${setItemKinds.join(', ')}`, items)
}
