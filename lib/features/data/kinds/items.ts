// The kinds that the items of lists and sets may be of: those whose values JSON has as they are.
import { boolean } from './boolean.ts'
import { integer } from './integer.ts'
import { json } from './json.ts'
import type { Kind, KindField } from './kind.ts'
import { number } from './number.ts'
import { text } from './text.ts'

const itemKinds = { text, integer, number, boolean, json }

/** What the items of a list are. */
export type ItemKind = keyof typeof itemKinds

/** What the items of a set are: two objects of JSON would never be the same. */
export type SetItemKind = Exclude<ItemKind, 'json'>

export const setItemKinds: readonly SetItemKind[] = ['text', 'integer', 'number', 'boolean']

const anyItem: KindField = { isOptional: false, isSecret: false, choices: undefined, items: undefined }

export function areItems(values: readonly unknown[], items: string): boolean {
  // Another copy of this package may know more.
  const kind: Kind = Object.hasOwn(itemKinds, items) ? itemKinds[items as ItemKind] : json
  return values.every((value) => kind.expected(value, anyItem) === undefined)
}
