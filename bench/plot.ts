// The CPU time of a call by contender, a panel for each cell, as an SVG: a dot at the median and a line from the least
// to the most, on a logarithmic scale, because contenders differ by factors of a hundred.
import type { Results, Row } from './summary.ts'

const width = 860
const labelWidth = 170
const plotWidth = 600
const rowHeight = 18
const headHeight = 34
const colours = { limit: '#777777', isock: '#1668b8', peer: '#c0501f' } as const
const text = 'font-family="system-ui, sans-serif" font-size="12" fill="#24292f"'

export function plotOf(results: Results): string {
  const cells = [...new Set(results.rows.map(({ cell }) => cell))]
  const scale = scaleOf(results.rows)
  const parts: string[] = []
  let top = 60
  for (const cell of cells) {
    const rows = results.rows.filter((row) => row.cell === cell)
    parts.push(panel(cell, rows, scale, top))
    top += headHeight + rows.length * rowHeight + 12
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}" role="img">
<title>Microseconds of CPU for each call, client and server</title>
<rect width="${width}" height="${top}" fill="#ffffff"/>
<text x="16" y="26" ${text} style="font-size:16px;font-weight:600">CPU for each call or item, client and server: microseconds, logarithmic</text>
<text x="16" y="44" ${text}>less is better; a dot is the median, a line goes from the least to the most. ${escaped(results.machine)}, ${results.date}</text>
${parts.join('\n')}
</svg>
`
}

interface Scale {
  readonly ticks: readonly number[]
  x(microseconds: number): number
}

function scaleOf(rows: readonly Row[]): Scale {
  const values = rows.flatMap(({ cpuPer100k: { min, max } }) => [inMicroseconds(min), inMicroseconds(max)])
  const first = Math.floor(Math.log10(Math.min(...values)))
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))))
  return {
    ticks: Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i)),
    x: (value) => labelWidth + ((Math.log10(value) - first) / (last - first)) * plotWidth,
  }
}

function panel(cell: string, rows: readonly Row[], scale: Scale, top: number): string {
  const bottom = top + headHeight + rows.length * rowHeight
  const grid = scale.ticks.map((tick) => {
    const x = scale.x(tick).toFixed(1)
    const line = `<line x1="${x}" y1="${top + 24}" x2="${x}" y2="${bottom}" stroke="#d0d7de"/>`
    return `${line}<text x="${x}" y="${top + 18}" ${text} text-anchor="middle" style="fill:#777777">${tick}</text>`
  })
  const title = `<text x="16" y="${top + 18}" ${text} style="font-weight:600">${escaped(cell)}</text>`
  const marks = rows.map((row, i) => mark(row, scale, top + headHeight + i * rowHeight + rowHeight / 2))
  return [title, ...grid, ...marks].join('\n')
}

function mark({ contender, kind, cpuPer100k: { median, min, max } }: Row, scale: Scale, y: number): string {
  const at = (value: number): string => scale.x(inMicroseconds(value)).toFixed(1)
  const colour = colours[kind]
  return [
    `<text x="${labelWidth - 10}" y="${y + 4}" ${text} text-anchor="end">${escaped(contender)}</text>`,
    `<line x1="${at(min)}" y1="${y}" x2="${at(max)}" y2="${y}" stroke="${colour}" stroke-width="2"/>`,
    `<circle cx="${at(median)}" cy="${y}" r="4.5" fill="${colour}"/>`,
    `<text x="${Number(at(max)) + 10}" y="${y + 4}" ${text}>${inMicroseconds(median).toPrecision(3)}</text>`,
  ].join('')
}

/** Of one call, from the seconds of 100 000. */
function inMicroseconds(per100k: number): number {
  return per100k * 10
}

function escaped(plain: string): string {
  return plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
