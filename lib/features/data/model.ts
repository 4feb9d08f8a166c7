// Model: the base class of tables. Rows are created by a database, never by `new`: the constructor runs once for
// each database, to read the fields that the class declares.
import type { TopicClass } from '../../core/action/context.ts'
import { brand, isBrandedPrototype, isSubclass } from '../../core/base/brand.ts'
import { nameOf, requireNameOf } from '../../core/base/class-name.ts'
import { ClientError, invalidUsage } from '../../core/base/errors.ts'
import { plainForm } from '../../core/wire/rich/plain-form.ts'
import type { Change } from './changes.ts'
import { DeclaredField, type Field, type FieldSpec, isDeclared } from './field.ts'
import { isKind } from './kinds/kinds.ts'
import { sortedItems } from './kinds/set-items.ts'
import type { Dictionary, JsonDictionary } from './model-types.ts'

/** The marks below are global, so that models of another copy of this package count too: the command line may be installed separately. */
const reading: unique symbol = Symbol.for('isock.readModel')
const brandName = 'isock.Model'

/** The property of the row prototype that holds the database's plan of their model. */
export const rowPlan: unique symbol = Symbol.for('isock.rowPlan')

/** What a row needs from its model to be shown. */
export interface RowPlan {
  /** The visible fields, and the computed properties. */
  readonly shownNames: readonly string[]
}

/** A class that is a table. */
export type ModelClass<M extends Model = Model> = (new (...args: never) => M) & ModelStatics

/** What a model's class may declare. */
export interface ModelStatics {
  readonly modelName?: string
  readonly publishes?: Publishes
}

/** A channel, or a channel and the room that a change is published to. */
export type Publishes =
  | TopicClass<Change>
  | { readonly channel: TopicClass<Change>; readonly key: (change: Change) => string | undefined }

/**
 * A class that is a table; an instance is a row. The idea comes from lexicons.
 *
 * @example
 * class User extends Model {
 *   email = field.text({ unique: true })
 *   password = field.password()
 *   get domain() { return this.email.split('@')[1] }
 * }
 * const user = await context.db.create(User, { email: 'ann@example.org', password: 'secret' })
 * user.toDict()  // { pk: '...', email: 'ann@example.org', domain: 'example.org' }
 */
export abstract class Model {
  /** The name of the table, and of the model in files and messages. Default: the class's name; set it for minified builds. */
  static modelName?: string
  /** Where changes are published once they are committed. */
  static publishes?: Publishes

  /** A UUID, created by `create`. */
  readonly pk: Field<string, true> = new DeclaredField('text', { default: uuid as never }, {}) as never

  constructor(...args: unknown[]) {
    if (args[0] === reading) return
    throw new ClientError(`new ${new.target.name}(): rows are made by db.create(${new.target.name}, { ... })`)
  }

  /** The row as a plain object: fields and computed properties, without the secret ones. */
  toDict(): Dictionary<this> {
    const plan = (this as { readonly [rowPlan]?: RowPlan })[rowPlan]
    const entries = (plan?.shownNames ?? []).map((name) => [name, (this as Record<string, unknown>)[name]])
    return Object.fromEntries(entries) as Dictionary<this>
  }

  /** What JSON.stringify and logs show: the dictionary, sets as lists. */
  toJSON(): JsonDictionary<this> {
    const dictionary = this.toDict() as Record<string, unknown>
    for (const [name, value] of Object.entries(dictionary))
      if (value instanceof Set) dictionary[name] = sortedItems(value)
    return dictionary as JsonDictionary<this>
  }

  /** The form that is sent. @internal */
  [plainForm](): Dictionary<this> {
    return this.toDict()
  }

  /** What Node's console shows. @internal */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect?: InspectFunction): unknown {
    const dictionary = this.toDict()
    return inspect === undefined ? dictionary : `${this.constructor.name} ${inspect(dictionary, options)}`
  }
}

brand(brandName, Model)

type InspectFunction = (value: unknown, options: object) => string

/** The name of a model, for messages. */
export function modelNameOf(model: ModelClass): string {
  return nameOf(model, 'modelName')
}

/** The name of a model in its store. Throws ClientError (`INVALID_OPTION`) for a minified one. */
export function requireModelName(model: ModelClass): string {
  return requireNameOf(model, 'modelName', (message) => invalidUsage(`option data.models: ${message}`))
}

/** Whether a value is a model class. */
export function isModelClass(value: unknown): value is ModelClass {
  return isSubclass(value, Model)
}

/** Whether a value is a row, of any database. */
export function isRow(value: unknown): value is Model {
  return typeof value === 'object' && value !== null && rowPlan in value
}

/** Whether the getters of a class end here. */
export function isModelItself(prototype: object): boolean {
  return isBrandedPrototype(prototype, brandName)
}

/** The fields that a class declares, `pk` first. @throws ClientError (`INVALID_OPTION`). */
export function readFields(model: ModelClass): ReadonlyMap<string, FieldSpec> {
  const Class = model as unknown as new (token: typeof reading) => Record<string, unknown>
  let sample: Record<string, unknown>
  try {
    sample = new Class(reading)
  } catch (cause) {
    const message = `model "${modelNameOf(model)}": its fields cannot be read; a model needs no constructor of its own (${String(cause)})`
    throw new ClientError(message, { code: 'INVALID_OPTION', cause })
  }
  const fields = new Map<string, FieldSpec>()
  for (const [name, value] of Object.entries(sample)) {
    if (isDeclared(value) && isKind(value.kind)) fields.set(name, value)
    else if (isDeclared(value))
      throw new ClientError(
        `model "${modelNameOf(model)}": ${name} is of the kind "${value.kind as string}", which this copy of isock does not know; use one version`,
        { code: 'INVALID_OPTION' },
      )
    else
      throw new ClientError(
        `model "${modelNameOf(model)}": ${name} is not declared with field.text(), field.ref() and so on; use a getter for what is computed`,
        { code: 'INVALID_OPTION' },
      )
  }
  return fields
}

function uuid(): string {
  return crypto.randomUUID()
}
