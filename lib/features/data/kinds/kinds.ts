// The kinds of fields. A field declares its kind by name, so that models of another copy of this package count too.
import { boolean } from './boolean.ts'
import { date } from './date.ts'
import { integer } from './integer.ts'
import { json } from './json.ts'
import type { Kind, StoreForm } from './kind.ts'
import { list } from './list.ts'
import { number } from './number.ts'
import { reference } from './reference.ts'
import { references } from './references.ts'
import { set } from './set.ts'
import { text } from './text.ts'

export const kinds = { text, integer, number, boolean, date, list, set, json, reference, references }

export type FieldKind = keyof typeof kinds

/** False for a kind that only another copy of this package knows. */
export function isKind(name: string): name is FieldKind {
  return Object.hasOwn(kinds, name)
}

export function kindOf(field: { readonly kind: FieldKind }): Kind {
  return kinds[field.kind]
}

export function storeFormOf(field: { readonly kind: FieldKind }, isPostgres: boolean): StoreForm<unknown> {
  const { stores } = kindOf(field)
  return isPostgres ? stores.postgresql : stores.libsql
}

/** The names of the kinds that computed fields may have. */
export function computableKinds(): string[] {
  return Object.entries<Kind>(kinds).flatMap(([name, { placeholder }]) => (placeholder === undefined ? [] : [name]))
}
