// The CPU time of a call by contender, a panel for each cell: a dot at the median and a line from the least to the most, on a
// logarithmic scale, because contenders differ by factors of a hundred.
import type { FilledSection } from '../sections.ts'
import type { Results, Row, Spread } from '../summary.ts'
import { dotAt, type LogScale, lineBetween, logScale, margin, page, textAt, tickText, topUnder } from './svg.ts'

const labelWidth = 170
const plotWidth = 600
const rowHeight = 18
const headHeight = 34
const gap = 12

interface Mark {
  readonly label: string
  readonly kind: Row['kind']
  /** In microseconds. */
  readonly cost: Spread
}

interface Panel {
  readonly title: string
  readonly marks: readonly Mark[]
}

export function cellPlot({ title, groups, rows }: FilledSection, { machine, date }: Results): string {
  const panels = groups.includes('fanout') ? sidePanels(rows) : panelsOf(rows)
  const scale = logScale(panels.flatMap(({ marks }) => marks.flatMap(({ cost: { min, max } }) => [min, max])))
  const lines = [
    'less is better; a dot is the median, a line goes from the least to the most; logarithmic',
    `${machine}, ${date}`,
  ]
  const parts: string[] = []
  let top = topUnder(lines.length)
  for (const panel of panels) {
    parts.push(drawn(panel, scale, top))
    top += headHeight + panel.marks.length * rowHeight + gap
  }
  return page(`${title}: ${whatOf(groups)}, microseconds`, top, lines, parts)
}

function whatOf(groups: FilledSection['groups']): string {
  if (groups.includes('fanout')) return 'CPU for each delivery'
  return `CPU for each ${groups.includes('stream') ? 'item' : 'call'}, client and server`
}

function panelsOf(rows: readonly Row[]): Panel[] {
  return cellsOf(rows).map((cell) => ({
    title: cell,
    marks: marksOf(rows, cell, ({ cpuPer100k }) => ofOne(cpuPer100k)),
  }))
}

/** Of a fan-out each side counts by itself: there is one server for all. */
function sidePanels(rows: readonly Row[]): Panel[] {
  return cellsOf(rows).flatMap((cell) =>
    (['server', 'client'] as const).map((side) => ({
      title: `${cell}, ${side}`,
      marks: marksOf(rows, cell, (row) => row[side].cpuMicroseconds),
    })),
  )
}

function cellsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(({ cell }) => cell))]
}

function marksOf(rows: readonly Row[], cell: string, costOf: (row: Row) => Spread): Mark[] {
  const own = rows.filter((row) => row.cell === cell)
  return own.map((row) => ({ label: row.contender, kind: row.kind, cost: costOf(row) }))
}

/** Microseconds of one, from the seconds of 100 000. */
function ofOne({ median, min, max }: Spread): Spread {
  return { median: median * 10, min: min * 10, max: max * 10 }
}

function drawn({ title, marks }: Panel, scale: LogScale, top: number): string {
  const bottom = top + headHeight + marks.length * rowHeight
  const grid = scale.ticks.flatMap((tick) => {
    const x = xOf(scale, tick)
    return [lineBetween([x, top + 24], [x, bottom], 'grid'), textAt(x, top + 18, tickText(tick), 'faint', 'middle')]
  })
  const rows = marks.map((mark, i) => drawnMark(mark, scale, top + headHeight + i * rowHeight + rowHeight / 2))
  return [textAt(margin, top + 18, title, 'strong'), ...grid, ...rows].join('\n')
}

function drawnMark({ label, kind, cost: { median, min, max } }: Mark, scale: LogScale, y: number): string {
  return [
    textAt(labelWidth - 10, y + 4, label, '', 'end'),
    lineBetween([xOf(scale, min), y], [xOf(scale, max), y], kind),
    dotAt(xOf(scale, median), y, kind),
    textAt(xOf(scale, max) + 10, y + 4, median >= 100 ? median.toFixed(0) : median.toPrecision(3)),
  ].join('')
}

function xOf(scale: LogScale, value: number): number {
  return labelWidth + scale.at(value) * plotWidth
}
