// How a model declares its fields: `email = field.text({ unique: true })`. The type of such a property is that of its
// values; at run time it holds a FieldSpec until the class has been read.
import { ClientError } from '../../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { invalidOption } from '../../core/base/options.ts'
import { type ComputedOptions, type ComputedTypes, requireComputed } from './computed-field.ts'
import { type ItemKind, type SetItemKind, setItemKinds } from './kinds/items.ts'
import type { KindField } from './kinds/kind.ts'
import type { FieldKind } from './kinds/kinds.ts'

declare const fieldMark: unique symbol
const declared: unique symbol = Symbol.for('isock.Field')

/** The class that a reference points to. */
export type RowClass<Row = object> = new (...args: never) => Row

/** Whether `create` may omit it; 'computed': it is never passed. */
export type Givenness = boolean | 'computed'

/** What the types record of a field: the type of its values, whether `create` may omit it, whether it is secret. */
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

/** What stands on a field's type; named here because declarations of models name it. */
export interface Marked<Info> {
  readonly [fieldMark]?: Info
}

/** The type of a declared field: that of its values, with a type-only mark. */
export type Field<
  Value,
  IsGiven extends Givenness = false,
  IsSecret extends boolean = false,
  Target = never,
  IsMany extends boolean = false,
> = Value extends null ? Value : Value & Marked<FieldInfo<Value, IsGiven, IsSecret, Target, IsMany>>

/** The type information of a property; `never` if it is not a field. */
export type InfoOf<Property> =
  NonNullable<Property> extends Marked<infer Info> ? (unknown extends Info ? never : NonNullable<Info>) : never

/** A declared field. */
export interface FieldSpec extends KindField {
  readonly kind: FieldKind
  readonly isUnique: boolean
  readonly isIndexed: boolean
  /** Undefined if it has no default. */
  readonly makeDefault: (() => unknown) | undefined
  /** Converts a value that is set. */
  readonly transform: ((value: never) => unknown) | undefined
  /** Computes the value from the row's other fields; undefined if it is not computed. */
  readonly compute: ((row: never) => unknown) | undefined
  /** The model that a reference points to. A function, because the model may be declared later. */
  readonly target: (() => RowClass) | undefined
}

export interface FieldOptions<Value> {
  /** It may be null, and is by default. Default false. */
  readonly optional?: boolean
  /** No two rows have the same value. Default false. */
  readonly unique?: boolean
  /** Indexed for frequent lookups. Default false; unique fields and references always are. */
  readonly index?: boolean
  /** Never in a dictionary, a log or a filter. Default false. */
  readonly secret?: boolean
  /** The value that `create` sets if none is passed; a function creates one for each row. */
  readonly default?: Value | (() => Value)
  /** Converts a value that is set; not run when a row is loaded. May return a promise. */
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

/** The options of a reference. */
export interface ReferenceOptions {
  readonly optional?: boolean
  readonly unique?: boolean
}

type More = Partial<Pick<FieldSpec, 'choices' | 'items' | 'target' | 'transform' | 'compute' | 'isSecret'>>

/** Returns a FieldSpec in place of a value: Model reads it from the class, and no row ever has it. */
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
  /** A whole number that JavaScript represents exactly. */
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
  /** A list of values of one kind. Assign a new list to change it; changed items are detected too. */
  list: <K extends ItemKind, const O extends FieldOptions<ItemTypes[K][]>>(
    items: K,
    options?: O,
  ): FieldFor<ItemTypes[K][], O> => declare('list', options, { items }),
  /**
   * A Set of values of one kind, equal to any Set with the same items in any order. Stored as a sorted list. Assign a new Set to
   * change it; `add` and `delete` are detected too.
   */
  set: <K extends SetItemKind, const O extends FieldOptions<Set<ItemTypes[K]>>>(
    items: K,
    options?: O,
  ): FieldFor<Set<ItemTypes[K]>, O> => declare('set', options, { items: requireSetItems(items) }),
  /** Any JSON value. */
  json: declareJson,
  /**
   * Computed from the row's other fields, and stored with them, so that rows can be found and sorted by it. The function receives the
   * row, and is called whenever the row is written; it must depend on nothing else.
   *
   * @example domain = field.computed('text', (user: User) => user.email.split('@')[1] ?? '', { index: true })
   */
  computed: <K extends keyof ComputedTypes, const O extends ComputedOptions>(
    kind: K,
    compute: (row: never) => ComputedTypes[K] | (O extends IsOptional ? null | undefined : never),
    options?: O,
  ): Field<O extends IsOptional ? ComputedTypes[K] | null : ComputedTypes[K], 'computed', Secret<O>> =>
    declare(kind, options, { compute: requireComputed(kind, compute, options ?? {}) }),
  /** The pk of a row of another model (or the same one). */
  ref: <M extends object, const O extends ReferenceOptions>(
    target: () => RowClass<M>,
    options?: O,
  ): Field<O extends IsOptional ? string | null : string, Given<O>, false, M> =>
    declare('reference', options, { target }),
  /** The pks of rows of another model (or the same one), in their order. Default: an empty list. */
  refs: <M extends object>(target: () => RowClass<M>): Field<string[], true, false, M, true> =>
    declare('references', { default: () => [] }, { target }),
  /** A text that is hashed with argon2 when it is set. Secret; compare it with `verifyPassword`. */
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

/** A field as declared by its class. Created only while a class is read. */
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
        'the default of a field cannot be an object, which all rows would share; pass a function that creates one: default: () => []',
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

/** Whether a value is a field declaration, also of another copy of this package. */
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
