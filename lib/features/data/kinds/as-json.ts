// Kinds that stores and files keep as JSON.

import { readPythonLiteral } from '../../../core/wire/values/python-literal.ts'
import { defaultValueLimits } from '../../../core/wire/values/value-limits.ts'
import { InvalidDataError } from '../data-errors.ts'
import type { EncodedForm, FileForm, KindField, StoreForms, ValuePlace } from './kind.ts'

/** Changes are detected by the JSON text, so a changed item is found. */
export const jsonStores: Record<keyof StoreForms<unknown>, EncodedForm<unknown>> = {
  libsql: {
    column: 'json',
    encode: (value) => JSON.stringify(value),
    decode: (text) => JSON.parse(text as string),
    encodedAs: 'text',
    isReadAsEncoded: false,
  },
  postgresql: {
    column: 'jsonb',
    encode: (value) => JSON.stringify(value),
    // The driver has already parsed the JSON.
    decode: (value) => value,
    encodedAs: 'text',
    isReadAsEncoded: false,
  },
}

export const jsonFiles: FileForm<unknown> = {
  toJson: (value) => value,
  fromJson: (value) => value,
  toCell: (value) => JSON.stringify(value),
  fromCell: parsed,
}

/** Parses JSON, or a Python literal, as pandas writes lists. */
function parsed(cell: string, { isSecret }: KindField, place: ValuePlace): unknown {
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
