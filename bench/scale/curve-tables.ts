// A table for each curve: a row for each thing that was measured of it, a column for each point, and how it grows.
import type { TitledTable } from '../cell-tables.ts'
import { short, spreadText, thousands } from '../layout.ts'
import type { CurveResult } from '../summary.ts'
import { growthOf } from './growth.ts'

export function curveTable({ name, title, of, series, failures }: CurveResult): TitledTable {
  const points = [...new Set(series.flatMap((one) => one.points.map(({ n }) => n)))].toSorted((a, b) => a - b)
  const head = ['', ...points.map(thousands), 'last / first', 'b of n^b']
  const body = series.map(({ what, unit, points: measured }) => {
    const { exponent, lastToFirst } = growthOf(measured)
    const costs = points.map((n) => spreadText(measured.find((point) => point.n === n)?.cost, short))
    return [`${what}, ${unit}`, ...costs, lastToFirst?.toFixed(2) ?? '-', exponent?.toFixed(2) ?? '-']
  })
  const missing = failures.map(({ n, reason }) => [
    `${thousands(n)} failed: ${reason}`,
    ...head.slice(1).map(() => '-'),
  ])
  return { title: `${name}: ${title}, by ${of}`, table: [head, ...body, ...missing] }
}
