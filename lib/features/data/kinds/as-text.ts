// Values that are texts: how stores and files have them.
import type { FileForm, StoreForms } from './kind.ts'

/** A text that every store gives back as it was: PostgreSQL has no NUL, and UTF-8 no half characters. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && !/\p{Surrogate}/u.test(value)
}

export const textStores: StoreForms<string> = {
  libsql: { column: 'text', plain: 'text' },
  postgresql: { column: 'text', plain: 'text' },
}

const formulaStart = /^['=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe in front, and so does one that has one already: so it
 * can be undone.
 */
export const textFiles: FileForm<string> = {
  toJson: (text) => text,
  fromJson: (value) => value,
  toCell: (text) => (formulaStart.test(text) ? `'${text}` : text),
  fromCell: (cell) => (cell.startsWith("'") ? cell.slice(1) : cell),
}
