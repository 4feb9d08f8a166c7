// The pk of a row of another model, or of the same one. The store checks that the row exists.
import { isText, textFiles, textStores } from './as-text.ts'
import type { Kind } from './kind.ts'

export const maxPkLength = 200

export const reference: Kind<string> = {
  expected: (value) => (isPk(value) ? undefined : 'a row or its pk'),
  isMutable: false,
  refers: 'to one',
  filters: { compares: 'order', contains: 'nothing' },
  stores: textStores,
  files: textFiles,
}

export function isPk(value: unknown): boolean {
  return isText(value) && value !== '' && value.length <= maxPkLength
}
