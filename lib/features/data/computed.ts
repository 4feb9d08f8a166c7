// Fields that are computed from the other fields of their row and kept with them, so that rows are found and sorted by them.
// They are read as they would be now, and kept when the row is written.
import { InvalidDataError } from './data-errors.ts'
import type { FieldSpec } from './field.ts'

/** What is needed of a model's plan. */
interface ComputingPlan {
  readonly name: string
  readonly fields: ReadonlyMap<string, FieldSpec>
  readonly computedNames: readonly string[]
  storedName(field: string): string
  check(field: string, value: unknown): unknown
}

/** By field. */
type Row = Record<string, unknown>

/** What the field is of this row, checked. @throws InvalidDataError that names the field. */
export function computedValue(plan: ComputingPlan, field: string, row: Row): unknown {
  const place = { model: plan.name, field }
  let value: unknown
  try {
    value = plan.fields.get(field)?.compute?.(row as never)
  } catch (cause) {
    // It may be about a field that is not ready to be read.
    if (cause instanceof InvalidDataError) throw cause
    // What it says may be about a secret field.
    const what = cause instanceof Error ? cause.name : typeof cause
    throw new InvalidDataError(`${plan.name}.${field} could not be computed: its function threw ${what}`, place)
  }
  if (value instanceof Promise) {
    value.catch(() => undefined)
    throw new InvalidDataError(`${plan.name}.${field} gave a promise; a computed field needs its value at once`, place)
  }
  return plan.check(field, value ?? null)
}

/** Keeps what is computed of the row as it is now. @throws InvalidDataError. */
export function keepComputed(row: Row, plan: ComputingPlan): void {
  for (const field of plan.computedNames) row[plan.storedName(field)] = computedValue(plan, field, row)
}

/** @throws InvalidDataError where one of them is computed. */
export function refuseComputed(values: object, plan: ComputingPlan): void {
  for (const field of plan.computedNames)
    if ((values as Record<string, unknown>)[field] !== undefined) throw notSettable(plan, field)
}

/** How a row reads it. */
export function computedAccessor(plan: ComputingPlan, field: string): PropertyDescriptor {
  return {
    configurable: true,
    get(this: Row) {
      return computedValue(plan, field, this)
    },
    set() {
      throw notSettable(plan, field)
    },
  }
}

export function isComputed({ compute }: FieldSpec): boolean {
  return compute !== undefined
}

function notSettable({ name }: ComputingPlan, field: string): InvalidDataError {
  return new InvalidDataError(`${name}.${field} is computed and cannot be set; set what it is computed from`, {
    model: name,
    field,
  })
}
