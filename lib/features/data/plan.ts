// What a database knows of one model: its fields, and the class of its rows, a subclass of the model that belongs to
// this database only, so that two databases of one process can have the same model.

import { ClientError } from '../../core/base/errors.ts'
import { describe } from '../../core/base/options.ts'
import { checkValue } from './check.ts'
import { computedAccessor, isComputed, keepComputed, refuseComputed } from './computed.ts'
import { InvalidDataError } from './data-errors.ts'
import type { FieldSpec } from './field.ts'
import { kindOf } from './kinds/kinds.ts'
import {
  isModelClass,
  isModelItself,
  isRow,
  type Model,
  type ModelClass,
  type RowPlan,
  readFields,
  requireModelName,
  rowPlan,
} from './model.ts'

/** A row of any model, by field. */
export type Row = Model & Record<string, unknown>

/** Fields of a row with pending transforms. */
const unsettled = Symbol('unsettled')
type Unsettled = { [unsettled]?: Map<string, Promise<unknown>> }

/** Other names would not be fields, or would break the queries built from them. */
const nameOfField = /^[A-Za-z]\w{0,50}$/

const systemColumns: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'])

export class ModelPlan implements RowPlan {
  readonly model: ModelClass
  readonly name: string
  readonly fields: ReadonlyMap<string, FieldSpec>
  readonly shownNames: readonly string[]
  /** The class of this database's rows. Never constructed directly: `newRow` creates rows. */
  readonly Entity: new () => Row
  readonly hasTransforms: boolean
  /** The accessors of visible fields with setters, defined on each row, so that a copy has the values. */
  readonly openSetters: Readonly<PropertyDescriptorMap>
  /** The fields computed from others. */
  readonly computedNames: readonly string[]
  /** The stored names of fields with values that can change without being assigned. */
  readonly mutableNames: readonly string[]
  /** The fields that refer to a row. */
  readonly referenceNames: readonly string[]
  /** The fields that are lists of references. */
  readonly listNames: readonly string[]

  /** @throws ClientError (`INVALID_OPTION`). */
  constructor(model: ModelClass) {
    if (!isModelClass(model))
      throw new ClientError(`option data.models: expected classes that extend Model, got ${describe(model)}`, {
        code: 'INVALID_OPTION',
      })
    this.model = model
    this.name = requireModelName(model)
    this.fields = readFields(model)
    for (const name of [this.name, ...this.fields.keys()]) this.#requireName(name, model)
    this.#requireColumns()
    this.computedNames = this.#namesOf(isComputed)
    this.hasTransforms = [...this.fields.values()].some(({ transform }) => transform !== undefined)
    this.mutableNames = this.#namesOf((spec) => kindOf(spec).isMutable).map((name) => this.storedName(name))
    this.referenceNames = this.#namesOf((spec) => kindOf(spec).refers === 'to one')
    this.listNames = this.#namesOf((spec) => kindOf(spec).refers === 'to many')
    const open = this.#namesOf(({ isSecret }) => !isSecret)
    this.shownNames = [...open, ...computedNames(model.prototype as object)]
    this.Entity = this.#makeEntity()
    this.openSetters = Object.fromEntries(
      open
        .filter((name) => this.storedName(name) !== name)
        .map((name) => [name, { ...Object.getOwnPropertyDescriptor(this.Entity.prototype, name), enumerable: true }]),
    )
  }

  /** The name under which the engine stores a field: one with accessors is stored beside them, so that loading does not call setters. */
  storedName(field: string): string {
    const { transform, compute } = this.fields.get(field) ?? {}
    return transform === undefined && compute === undefined ? field : `set_${field}`
  }

  /** @throws InvalidDataError for a name that is not a field, or not one that a filter may use. */
  openField(name: string): FieldSpec {
    const spec = this.fields.get(name)
    if (spec === undefined) throw this.unknownField(name)
    if (spec.isSecret)
      throw new InvalidDataError(`${this.name}.${name} is secret: it cannot be searched or sorted by`, {
        model: this.name,
        field: name,
      })
    return spec
  }

  unknownField(name: string): InvalidDataError {
    const known = [...this.fields.keys()].join(', ')
    return new InvalidDataError(`${this.name} has no field ${describe(name)}; it has ${known}`, { model: this.name })
  }

  /** A row with these values, each checked; not yet in the store. @throws InvalidDataError. */
  async newRow(values: object): Promise<Row> {
    this.#refuseUnknown(values)
    const row = Object.create(this.Entity.prototype as object, this.openSetters) as Row
    for (const [name, spec] of this.fields) {
      if (isComputed(spec)) continue
      let given = (values as Record<string, unknown>)[name]
      if (given === undefined) given = spec.makeDefault?.() ?? null
      if (given === null && !spec.isOptional)
        throw new InvalidDataError(`${this.name}.${name} is missing`, { model: this.name, field: name })
      row[this.storedName(name)] = await this.#settable(name, spec, given)
    }
    keepComputed(row, this)
    return row
  }

  /** The values to store when these are set, each checked, by stored name. @throws InvalidDataError. */
  async changesOf(values: object): Promise<Record<string, unknown>> {
    this.#refuseUnknown(values)
    const changes: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue
      if (name === 'pk')
        throw new InvalidDataError(`${this.name}.pk cannot be changed`, { model: this.name, field: name })
      changes[this.storedName(name)] = await this.#settable(name, this.fields.get(name) as FieldSpec, value)
    }
    return changes
  }

  /** The values as a new row would store them, to look up such a row. @throws InvalidDataError. */
  async keptForms(values: object): Promise<object> {
    if (typeof values !== 'object' || values === null) return values
    const kept: Record<string, unknown> = { ...values }
    for (const [name, value] of Object.entries(values)) {
      const spec = this.fields.get(name)
      if (spec?.transform !== undefined && !spec.isSecret && isValueOf(spec, value))
        kept[name] = await this.#settable(name, spec, value)
    }
    return kept
  }

  /** @throws InvalidDataError. */
  check(field: string, value: unknown): unknown {
    return checkValue(value, this.fields.get(field) as FieldSpec, { model: this.name, field })
  }

  #namesOf(isWanted: (spec: FieldSpec) => boolean): string[] {
    return [...this.fields].filter(([, spec]) => isWanted(spec)).map(([name]) => name)
  }

  async #settable(name: string, spec: FieldSpec, value: unknown): Promise<unknown> {
    if (value === undefined) return undefined
    const isList = kindOf(spec).refers === 'to many' && Array.isArray(value)
    const checked = this.check(name, isList ? value.map(pkOf) : pkOf(value))
    if (spec.transform === undefined || checked === null) return checked
    return this.check(name, await spec.transform(checked as never))
  }

  #refuseUnknown(values: object): void {
    if (typeof values !== 'object' || values === null)
      throw new InvalidDataError(`${this.name}: expected an object of values, got ${describe(values)}`)
    for (const name of Object.keys(values)) if (!this.fields.has(name)) throw this.unknownField(name)
    refuseComputed(values, this)
  }

  #makeEntity(): new () => Row {
    const { name } = this
    const Base = this.model as unknown as new () => Model
    const Entity = { [name]: class extends Base {} }[name] as unknown as new () => Row
    const prototype = Entity.prototype as object
    Object.defineProperty(prototype, rowPlan, { value: this })
    for (const [field, spec] of this.fields) {
      if (isComputed(spec)) Object.defineProperty(prototype, field, computedAccessor(this, field))
      else if (spec.transform !== undefined) this.#addSetter(prototype, field, spec)
    }
    return Entity
  }

  #addSetter(prototype: object, field: string, spec: FieldSpec): void {
    const plan = this
    const stored = this.storedName(field)
    Object.defineProperty(prototype, field, {
      configurable: true,
      get(this: Row & Unsettled) {
        if (!this[unsettled]?.has(field)) return this[stored]
        throw new InvalidDataError(`${plan.name}.${field} was set and is not ready to be read; await db.flush() first`)
      },
      set(this: Row & Unsettled, value: unknown) {
        const checked = plan.check(field, value)
        const kept: unknown = checked === null ? null : spec.transform?.(checked as never)
        this[unsettled]?.delete(field)
        if (kept instanceof Promise) settleLater(this, field, kept)
        else this[stored] = plan.check(field, kept)
      },
    })
  }

  #requireColumns(): void {
    const known = new Set<string>()
    for (const name of this.fields.keys()) {
      const column = name.toLowerCase()
      // libsql does not distinguish `email` from `Email`.
      const why = known.has(column)
        ? 'differs from another field only in case'
        : systemColumns.has(column)
          ? 'is reserved by PostgreSQL'
          : undefined
      if (why !== undefined)
        throw new ClientError(`model "${this.name}": ${name} ${why}; choose another name`, { code: 'INVALID_OPTION' })
      known.add(column)
    }
  }

  #requireName(name: string, model: ModelClass): void {
    if (nameOfField.test(name) && !name.startsWith('set_')) return
    const message = `model ${describe(model)}: ${describe(name)} is not a valid name for a model or field; use letters, digits and _, beginning with a letter (not set_)`
    throw new ClientError(message, { code: 'INVALID_OPTION' })
  }
}

/** Neither null nor a condition. A value that does not fit its field is rejected as one. */
function isValueOf(spec: FieldSpec, value: unknown): boolean {
  return typeof value !== 'object' || (value !== null && kindOf(spec).expected(value, spec) === undefined)
}

function pkOf(value: unknown): unknown {
  return isRow(value) ? value.pk : value
}

/** Setters of the row have pending values. */
export function isUnsettled(row: Row): boolean {
  return ((row as Unsettled)[unsettled]?.size ?? 0) > 0
}

/** Stores the pending values of a row's setters. Rejects if one of them failed. */
export async function settleSetters(row: Row, plan: ModelPlan): Promise<void> {
  const waiting = (row as Unsettled)[unsettled]
  if (waiting === undefined) return
  for (const [field, promise] of waiting) {
    const value = plan.check(field, await promise)
    // Another value may have been set meanwhile.
    if (waiting.get(field) !== promise) continue
    waiting.delete(field)
    row[plan.storedName(field)] = value
  }
}

function settleLater(row: Unsettled, field: string, promise: Promise<unknown>): void {
  promise.catch(() => undefined)
  if (row[unsettled] === undefined) Object.defineProperty(row, unsettled, { value: new Map() })
  row[unsettled]?.set(field, promise)
}

/** The getters of a model and its base classes, up to Model. */
function computedNames(prototype: object): string[] {
  const names: string[] = []
  for (let at = prototype; !isModelItself(at); at = Object.getPrototypeOf(at) as object) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (get !== undefined && !names.includes(name)) names.push(name)
  }
  return names
}
