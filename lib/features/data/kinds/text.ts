// Texts, including those of a choice and hashed passwords.
import { isText, textFiles, textStores } from './as-text.ts'
import type { Kind } from './kind.ts'

export const text: Kind<string> = {
  expected(value, { choices }) {
    if (!isText(value)) return 'a text (without NUL and unpaired surrogates)'
    return choices === undefined || choices.includes(value) ? undefined : `one of ${choices.join(', ')}`
  },
  isMutable: false,
  filters: { compares: 'order', contains: 'text' },
  stores: textStores,
  // A spreadsheet does not distinguish an empty text from nothing.
  files: { ...textFiles, emptyCell: '' },
  nothing: () => '',
  placeholder: () => '',
}
