// Rows of text aligned in columns, for a terminal.
import { printable } from '../core/base/terminal-text.ts'

/** Each column is as wide as its widest cell; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map((cell) => printable(cell).replace(/\s+/g, ' ')))
  const widths: number[] = []
  for (const row of shown) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  const lines = shown.map((row) => row.map((cell, i) => cell.padEnd(widths[i] as number)).join('  '))
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}
