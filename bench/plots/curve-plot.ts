// How costs grow: a panel for each curve, both axes logarithmic, so that what grows as n^b is a straight line of slope b.
import { growthOf } from '../scale/growth.ts'
import type { CurveResult, Point, Results, Series } from '../summary.ts'
import { dotAt, type LogScale, lineBetween, logScale, margin, page, textAt, tickText, topUnder, width } from './svg.ts'

const columns = 2
const columnWidth = (width - 2 * margin) / columns
const axisWidth = 52
const plotWidth = columnWidth - axisWidth - 24
const plotHeight = 150
const legendLine = 16
const footHeight = 40
const gap = 18
const styles = ['isock', 'peer', 'third', 'fourth'] as const

export function curvePlot({ curves, machine, date }: Results): string {
  const drawable = curves.filter(({ series }) => series.some(({ points }) => points.length > 0))
  const lines = [
    'less is better; a dot is the median, a line through it goes from the least to the most; n^b: the slope is b',
    `${machine}, ${date}`,
  ]
  const parts: string[] = []
  let top = topUnder(lines.length)
  for (let i = 0; i < drawable.length; i += columns) {
    const few = drawable.slice(i, i + columns)
    const head = 30 + Math.max(...few.map(({ series }) => series.length)) * legendLine
    parts.push(...few.map((curve, column) => panel(curve, margin + column * columnWidth, top, head)))
    top += head + plotHeight + footHeight + gap
  }
  return page('Scale: what isock costs with more and more', top, lines, parts)
}

/** Where the points of a panel are. */
interface Axes {
  readonly x: (n: number) => number
  readonly y: (cost: number) => number
}

function panel({ title, of, series, failures }: CurveResult, left: number, top: number, head: number): string {
  const points = series.flatMap((one) => one.points)
  const across = logScale(points.map(({ n }) => n))
  const up = logScale(points.flatMap(({ cost: { min, max } }) => [min, max]))
  const from = left + axisWidth
  const bottom = top + head + plotHeight
  const hasZero = points.some(({ n }) => n === 0)
  // None has a place of its own, left of all powers of ten.
  const zeroWidth = hasZero ? plotWidth / (across.ticks.length + 1) : 0
  const axes: Axes = {
    x: (n) => (n === 0 ? from : from + zeroWidth + across.at(n) * (plotWidth - zeroWidth)),
    y: (cost) => bottom - up.at(cost) * plotHeight,
  }
  const missing = failures.length === 0 ? '' : `; could not measure ${failures.map(({ n }) => tickText(n)).join(', ')}`
  return [
    textAt(left, top + 16, title, 'strong'),
    ...series.map((one, i) => textAt(left, top + 16 + (i + 1) * legendLine, legendOf(one), styles[i])),
    ...grid(axes, hasZero ? [0, ...across.ticks] : across.ticks, up, { from, top: top + head, bottom }),
    textAt(from + plotWidth / 2, bottom + 34, `${of}${missing}`, 'faint', 'middle'),
    ...series.map((one, i) => curveOf(one.points, axes, styles[i] ?? 'limit')),
  ].join('\n')
}

function legendOf({ what, unit, points }: Series): string {
  const { exponent, lastToFirst } = growthOf(points)
  const slope = exponent === undefined ? '' : `: n^${exponent.toFixed(2)}`
  return `${what}, ${unit}${slope}${lastToFirst === undefined ? '' : `, the last ${lastToFirst.toFixed(2)} of the first`}`
}

function grid(
  { x, y }: Axes,
  across: readonly number[],
  up: LogScale,
  { from, top, bottom }: { readonly from: number; readonly top: number; readonly bottom: number },
): string[] {
  return [
    ...across.flatMap((tick) => [
      lineBetween([x(tick), top], [x(tick), bottom], 'grid'),
      textAt(x(tick), bottom + 16, tickText(tick), 'faint', 'middle'),
    ]),
    ...up.ticks.flatMap((tick) => [
      lineBetween([from, y(tick)], [from + plotWidth, y(tick)], 'grid'),
      textAt(from - 8, y(tick) + 4, tickText(tick), 'faint', 'end'),
    ]),
  ]
}

function curveOf(points: readonly Point[], { x, y }: Axes, style: string): string {
  const between = points.slice(1).map(({ n, cost }, i) => {
    const before = points[i] as Point
    return lineBetween([x(before.n), y(before.cost.median)], [x(n), y(cost.median)], style)
  })
  const marks = points.map(({ n, cost: { min, median, max } }) => {
    return lineBetween([x(n), y(min)], [x(n), y(max)], style) + dotAt(x(n), y(median), style)
  })
  return [...between, ...marks].join('')
}
