// Tables as text, for a terminal or for a page, and numbers as they stand in them.
import { ratioOf, type Spread } from './summary.ts'

/** Cells of text; the first row is the head. */
export type Table = readonly (readonly string[])[]

/** How a table is laid out. */
export type Layout = (table: Table) => string

/** Columns as wide as their widest cell. */
export const asColumns: Layout = (table) => {
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return `${table.map(line).join('\n')}\n`
}

/** A table of markdown. */
export const asMarkdown: Layout = ([head = [], ...body]) => {
  const line = (row: readonly string[]): string => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return `${[line(head), `|${head.map(() => '---').join('|')}|`, ...body.map(line)].join('\n')}\n`
}

export function withoutEmptyColumns(table: Table): Table {
  const isUsed = (column: number): boolean => column === 0 || table.slice(1).some((row) => (row[column] ?? '-') !== '-')
  return table.map((row) => row.filter((_, column) => isUsed(column)))
}

/** A median, with the least and the most where these differ. */
export function spreadText(value: Spread | undefined, text: (value: number) => string): string {
  if (value === undefined) return '-'
  const { median, min, max } = value
  return min === max ? text(median) : `${text(median)} (${text(min)} to ${text(max)})`
}

export function thousands(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ')
}

export function inMs(value: number): string {
  return value.toFixed(value < 10 ? 3 : 1)
}

export function seconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1)
}

/** Three digits, as far as they tell something. */
export function short(value: number): string {
  if (Math.abs(value) >= 100) return thousands(value)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}

export function times(value: Spread, base: Spread | undefined): string {
  return ratioOf(value, base)?.toFixed(2) ?? '-'
}
