// Converts values to the content of files, JSON values or the cells of a spreadsheet, and back.
import { checkValue } from '../check.ts'
import type { FieldSpec } from '../field.ts'
import type { ValuePlace } from '../kinds/kind.ts'
import { kindOf } from '../kinds/kinds.ts'

/** A cell. null is an empty one, without quotes. */
export type Cell = string | number | null

export function toJsonValue(value: unknown, spec: FieldSpec): unknown {
  return value === null || value === undefined ? value : kindOf(spec).files.toJson(value)
}

export function toCell(value: unknown, spec: FieldSpec): Cell {
  return value === null || value === undefined ? null : kindOf(spec).files.toCell(value)
}

/** @throws InvalidDataError that names row and column. */
export function fromJsonValue(value: unknown, spec: FieldSpec, place: ValuePlace): unknown {
  return checkValue(value === null ? null : kindOf(spec).files.fromJson(value), spec, place)
}

/** @throws InvalidDataError that names row and column. */
export function fromCell(cell: string | null, spec: FieldSpec, place: ValuePlace): unknown {
  const { files } = kindOf(spec)
  const empty = spec.isOptional ? null : (files.emptyCell ?? null)
  return checkValue(cell === null ? empty : files.fromCell(cell, spec, place), spec, place)
}
