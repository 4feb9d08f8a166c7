// What a load has measured, each figure with the bound that it must keep, and the table of them.

export interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** Undefined: measured for people to read, whatever it is. */
  readonly bound: Bound | undefined
}

type Bound = { readonly atMost: number } | { readonly atLeast: number } | { readonly exactly: number }

export function atMost(what: string, value: number, bound: number, unit = ''): Figure {
  return { what, value, unit, bound: { atMost: bound } }
}

export function atLeast(what: string, value: number, bound: number, unit = ''): Figure {
  return { what, value, unit, bound: { atLeast: bound } }
}

export function exactly(what: string, value: number, bound: number, unit = ''): Figure {
  return { what, value, unit, bound: { exactly: bound } }
}

export function told(what: string, value: number, unit = ''): Figure {
  return { what, value, unit, bound: undefined }
}

/** A value that is no number keeps no bound. */
export function isKept({ value, bound }: Figure): boolean {
  if (bound === undefined) return true
  if ('atMost' in bound) return value <= bound.atMost
  if ('atLeast' in bound) return value >= bound.atLeast
  return value === bound.exactly
}

/** One line for each. */
export function describeFigures(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    `${numberText(figure.value)} ${figure.unit}`.trim(),
    boundText(figure.bound),
    isKept(figure) ? 'ok' : 'BROKEN',
  ])
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n')
}

function boundText(bound: Bound | undefined): string {
  if (bound === undefined) return ''
  if ('atMost' in bound) return `at most ${numberText(bound.atMost)}`
  if ('atLeast' in bound) return `at least ${numberText(bound.atLeast)}`
  return `exactly ${numberText(bound.exactly)}`
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'none'
  return Number.isInteger(value) ? value.toLocaleString('en').replaceAll(',', ' ') : value.toFixed(2)
}
