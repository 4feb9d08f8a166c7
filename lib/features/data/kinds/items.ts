// The kinds of items in lists and sets: those whose values are JSON values.
import { boolean } from './boolean.ts'
import { integer } from './integer.ts'
import { json } from './json.ts'
import type { Kind, KindField } from './kind.ts'
import { number } from './number.ts'
import { text } from './text.ts'

const itemKinds = { text, integer, number, boolean, json }

/** The kinds of a list's items. */
export type ItemKind = keyof typeof itemKinds

/** The kinds of a set's items: two JSON objects would never be equal. */
export type SetItemKind = Exclude<ItemKind, 'json'>

export const setItemKinds: readonly SetItemKind[] = ['text', 'integer', 'number', 'boolean']

const anyItem: KindField = { isOptional: false, isSecret: false, choices: undefined, items: undefined }

export function areItems(values: readonly unknown[], items: string): boolean {
  // Another copy of this package may know more kinds.
  const kind: Kind = Object.hasOwn(itemKinds, items) ? itemKinds[items as ItemKind] : json
  return values.every((value) => kind.expected(value, anyItem) === undefined)
}
