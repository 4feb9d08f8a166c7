// Fields computed from the other fields of their row, and stored with them so that rows can be found and sorted by them.
// Reads compute the current value; writes store it.
import { InvalidDataError } from './data-errors.ts'
import type { FieldSpec } from './field.ts'

/** The part of a model's plan that is needed. */
interface ComputingPlan {
  readonly name: string
  readonly fields: ReadonlyMap<string, FieldSpec>
  readonly computedNames: readonly string[]
  storedName(field: string): string
  check(field: string, value: unknown): unknown
}

/** By field. */
type Row = Record<string, unknown>

/** The field's value for this row, checked. @throws InvalidDataError that names the field. */
export function computedValue(plan: ComputingPlan, field: string, row: Row): unknown {
  const place = { model: plan.name, field }
  let value: unknown
  try {
    value = plan.fields.get(field)?.compute?.(row as never)
  } catch (cause) {
    // The error may be about a field that is not ready to be read.
    if (cause instanceof InvalidDataError) throw cause
    // The message may be about a secret field.
    const what = cause instanceof Error ? cause.name : typeof cause
    throw new InvalidDataError(`${plan.name}.${field} could not be computed: its function threw ${what}`, place)
  }
  if (value instanceof Promise) {
    value.catch(() => undefined)
    throw new InvalidDataError(
      `${plan.name}.${field} returned a promise; the function of a computed field must be synchronous`,
      place,
    )
  }
  return plan.check(field, value ?? null)
}

/** Stores the computed values of the row in its current state. @throws InvalidDataError. */
export function keepComputed(row: Row, plan: ComputingPlan): void {
  for (const field of plan.computedNames) row[plan.storedName(field)] = computedValue(plan, field, row)
}

/** @throws InvalidDataError if one of the values is for a computed field. */
export function refuseComputed(values: object, plan: ComputingPlan): void {
  for (const field of plan.computedNames)
    if ((values as Record<string, unknown>)[field] !== undefined) throw notSettable(plan, field)
}

/** The property by which a row reads it. */
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
