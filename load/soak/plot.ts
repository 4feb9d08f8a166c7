// A line chart as SVG text: time to the right, values upward, a line for each series.

export interface Series {
  readonly name: string
  readonly values: readonly number[]
}

export interface Chart {
  readonly title: string
  readonly unit: string
  /** Of all series, one for each value. */
  readonly seconds: readonly number[]
  readonly series: readonly Series[]
}

const width = 900
const height = 320
const margin = { left: 70, right: 20, top: 50, bottom: 40 }
const colours = ['#1f6feb', '#d1242f', '#1a7f37', '#8250df']
const gridLines = 4
/** More points than pixels show nothing more. */
const mostPoints = 1_600

export function plot({ title, unit, seconds, series }: Chart): string {
  const known = series.flatMap(({ values }) => values.filter(Number.isFinite))
  const top = known.reduce((most, value) => Math.max(most, value), 0) * 1.1 || 1
  const end = Math.max(1, seconds.at(-1) ?? 1)
  const x = (second: number): number => margin.left + (second / end) * (width - margin.left - margin.right)
  const y = (value: number): number => height - margin.bottom - (value / top) * (height - margin.top - margin.bottom)
  const parts = [
    `<title>${title} (${unit})</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(margin.left, 22, `${title} (${unit})`, 'start', 15),
  ]
  for (let i = 0; i <= gridLines; i++) {
    const value = (top * i) / gridLines
    const second = (end * i) / gridLines
    parts.push(
      `<path d="M${margin.left} ${y(value).toFixed(1)}H${width - margin.right}" stroke="#ddd"/>`,
      text(margin.left - 8, y(value) + 4, String(Number(value.toPrecision(3))), 'end'),
      text(x(second), height - margin.bottom + 18, `${(second / 60).toFixed(1)} min`, 'middle'),
    )
  }
  for (const [index, { name, values }] of series.entries()) {
    const colour = colours[index % colours.length]
    parts.push(
      `<path d="${lineOf(seconds, values, x, y)}" fill="none" stroke="${colour}" stroke-width="1.2"/>`,
      `<path d="M${margin.left + index * 200} 36h20" stroke="${colour}" stroke-width="3"/>`,
      text(margin.left + index * 200 + 26, 40, name, 'start'),
    )
  }
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" role="img">\n${parts.join('\n')}\n</svg>\n`
}

function lineOf(
  seconds: readonly number[],
  values: readonly number[],
  x: (second: number) => number,
  y: (value: number) => number,
): string {
  const step = Math.ceil(seconds.length / mostPoints)
  let path = ''
  let isDrawing = false
  for (let i = 0; i < seconds.length; i += step) {
    // Of the values between two points the largest: a peak must not be lost.
    const value = values.slice(i, i + step).reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY)
    if (Number.isFinite(value))
      path += `${isDrawing ? 'L' : 'M'}${x(seconds[i] ?? 0).toFixed(1)} ${y(value).toFixed(1)}`
    isDrawing = Number.isFinite(value)
  }
  return path
}

function text(x: number, y: number, content: string, anchor: string, size = 11): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" text-anchor="${anchor}">${escaped}</text>`
}
