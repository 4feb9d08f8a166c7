// Values as what files hold: JSON's values, or the cells of a table for a spreadsheet, and back. A text that a spreadsheet
// would take for a formula gets an apostrophe in front, and so does one that has one already: so it can be undone.

import { readPythonLiteral } from '../../../core/wire/values/python-literal.ts'
import { defaultValueLimits } from '../../../core/wire/values/value-limits.ts'
import { checkValue, type ValuePlace } from '../check.ts'
import { InvalidDataError } from '../data-errors.ts'
import type { FieldSpec } from '../field.ts'
import { sortedItems } from '../set-items.ts'

/** A cell: null is empty, without quotes. */
export type Cell = string | number | null

const formulaStart = /^['=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/
const isoDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/
const wholeNumber = /^-?\d+$/

export function toJsonValue(value: unknown): unknown {
  if (value instanceof Set) return sortedItems(value)
  return value instanceof Date ? value.toISOString() : value
}

export function toCell(value: unknown, { kind }: FieldSpec): Cell {
  if (value === null || value === undefined) return null
  switch (kind) {
    case 'integer':
    case 'number':
      return value as number
    case 'boolean':
      return String(value)
    case 'date':
      return (value as Date).toISOString()
    case 'list':
    case 'set':
    case 'references':
    case 'json':
      return JSON.stringify(toJsonValue(value))
    default: {
      const text = value as string
      return formulaStart.test(text) ? `'${text}` : text
    }
  }
}

/** @throws InvalidDataError that names row and column. */
export function fromJsonValue(value: unknown, spec: FieldSpec, place: ValuePlace): unknown {
  const isDate = spec.kind === 'date' && typeof value === 'string' && isoDate.test(value)
  return checkValue(isDate ? new Date(value) : value, spec, place)
}

/** @throws InvalidDataError that names row and column. */
export function fromCell(cell: string | null, spec: FieldSpec, place: ValuePlace): unknown {
  return checkValue(cell === null ? nothing(spec) : parsedCell(cell, spec, place), spec, place)
}

/** A spreadsheet does not tell an empty text from nothing. */
function nothing({ kind, isOptional }: FieldSpec): unknown {
  return kind === 'text' && !isOptional ? '' : null
}

/** What is none of the kind stays a text, and is refused as one. */
function parsedCell(cell: string, { kind, isSecret }: FieldSpec, place: ValuePlace): unknown {
  switch (kind) {
    case 'integer':
      return wholeNumber.test(cell) ? Number(cell) : cell
    case 'number':
      return cell.trim() === '' || Number.isNaN(Number(cell)) ? cell : Number(cell)
    case 'boolean':
      return /^true$/i.test(cell) ? true : /^false$/i.test(cell) ? false : cell
    case 'date':
      return isoDate.test(cell) ? new Date(cell) : cell
    case 'list':
    case 'set':
    case 'references':
    case 'json':
      return parsedJson(cell, isSecret, place)
    default:
      return cell.startsWith("'") ? cell.slice(1) : cell
  }
}

/** JSON, or a literal of Python, as pandas writes lists. */
function parsedJson(cell: string, isSecret: boolean, place: ValuePlace): unknown {
  try {
    return JSON.parse(cell)
  } catch {
    const literal = readPythonLiteral(cell, { ...defaultValueLimits, maxContainers: Number.POSITIVE_INFINITY })
    if (!('fault' in literal)) return literal.value
    const { model, field, row } = place
    const got = isSecret ? '' : `, got ${cell.slice(0, 60)}`
    throw new InvalidDataError(`${model}, row ${row}, column ${field}: expected JSON${got}`, place)
  }
}
