// Kinds with text values: their form in stores and files.
import type { FileForm, StoreForms } from './kind.ts'

/** A text that every store returns unchanged: PostgreSQL allows no NUL, and UTF-8 no half surrogate pairs. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && !/\p{Surrogate}/u.test(value)
}

export const textStores: StoreForms<string> = {
  libsql: { column: 'text', plain: 'text' },
  postgresql: { column: 'text', plain: 'text' },
}

const formulaStart = /^['=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/

/**
 * A text that a spreadsheet would take for a formula gets a leading apostrophe, and so does one that already has one, so
 * that it can be removed again.
 */
export const textFiles: FileForm<string> = {
  toJson: (text) => text,
  fromJson: (value) => value,
  toCell: (text) => (formulaStart.test(text) ? `'${text}` : text),
  fromCell: (cell) => (cell.startsWith("'") ? cell.slice(1) : cell),
}
