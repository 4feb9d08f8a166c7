// What the plots have in common: their page, their colours by day and by night, and a logarithmic scale.

export const width = 860
export const margin = 16

const colours = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 } .strong { font-weight: 600 } .faint { fill: #6e7781 }
  .page { fill: #ffffff } .grid { stroke: #d8dee4 }
  .limit { fill: #6e7781; stroke: #6e7781 } .isock { fill: #1668b8; stroke: #1668b8 } .peer { fill: #c0501f; stroke: #c0501f }
  .third { fill: #8250df; stroke: #8250df } .fourth { fill: #1a7f37; stroke: #1a7f37 }
  text.limit, text.isock, text.peer, text.third, text.fourth { stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #d1d7e0 } .faint { fill: #9198a1 } .page { fill: #0d1117 } .grid { stroke: #30363d }
    .limit { fill: #9198a1; stroke: #9198a1 } .isock { fill: #58a6ff; stroke: #58a6ff } .peer { fill: #f0883e; stroke: #f0883e }
    .third { fill: #bc8cff; stroke: #bc8cff } .fourth { fill: #3fb950; stroke: #3fb950 }
  }`

/** A page has its own ground, so that it can be read on any other. */
export function page(title: string, height: number, lines: readonly string[], parts: readonly string[]): string {
  const under = lines.map((line, i) => textAt(margin, headTop + i * lineHeight, line))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(title)}</title>
<style>${colours}
</style>
<rect class="page" width="${width}" height="${height}"/>
${[textAt(margin, 26, title, 'title'), ...under, ...parts].join('\n')}
</svg>
`
}

const headTop = 46
const lineHeight = 16

/** Where a page with so many lines under its title begins. */
export function topUnder(lines: number): number {
  return headTop + lines * lineHeight
}

export function textAt(
  x: number,
  y: number,
  text: string,
  style = '',
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  return `<text x="${short(x)}" y="${short(y)}" class="${style}" text-anchor="${anchor}">${escaped(text)}</text>`
}

export function lineBetween(from: readonly [number, number], to: readonly [number, number], style: string): string {
  const weight = style === 'grid' ? 1 : 2
  return `<line x1="${short(from[0])}" y1="${short(from[1])}" x2="${short(to[0])}" y2="${short(to[1])}" class="${style}" stroke-width="${weight}"/>`
}

export function dotAt(x: number, y: number, style: string): string {
  return `<circle cx="${short(x)}" cy="${short(y)}" r="4" class="${style}"/>`
}

/** Whole powers of ten around all values, and where a value is between them, from 0 to 1. */
export interface LogScale {
  readonly ticks: readonly number[]
  at(value: number): number
}

export function logScale(values: readonly number[]): LogScale {
  const above = values.filter((value) => value > 0)
  const first = Math.floor(Math.log10(Math.min(...above)))
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...above))))
  return {
    ticks: Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i)),
    at: (value) => Math.max(0, (Math.log10(Math.max(value, 10 ** first)) - first) / (last - first)),
  }
}

/** 0.01, 10, 10 000. */
export function tickText(tick: number): string {
  return tick < 1 ? String(Number(tick.toPrecision(1))) : String(Math.round(tick)).replace(/\B(?=(\d{3})+$)/g, ' ')
}

function short(position: number): string {
  return String(Number(position.toFixed(1)))
}

function escaped(plain: string): string {
  return plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
