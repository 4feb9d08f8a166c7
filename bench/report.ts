// The results as tables: for the terminal, and for bench/README.md.
import type { Results, Row, Spread } from './summary.ts'
import { checkTargets, Figures } from './targets.ts'

/** Cells of text; the first row is the head. */
export type Table = readonly (readonly string[])[]

/** How a table is laid out. */
export type Layout = (table: Table) => string

/** All that was measured, in the order of the cells. */
export function report(results: Results, layout: Layout, heading: (text: string) => string): string {
  const parts = [targetsTable(results), ...cellTables(results)]
  const texts = parts.map(({ title, table }) => `${heading(title)}${layout(table)}`)
  return `${[...texts, ...notes(results)].join('\n')}\n`
}

interface Titled {
  readonly title: string
  readonly table: Table
}

function targetsTable(results: Results): Titled {
  const rows = checkTargets(results).map(({ name, wanted, found, isReached }) => [
    name,
    wanted,
    found ?? '-',
    found === undefined ? 'not measured' : isReached ? 'reached' : 'NOT REACHED',
  ])
  return { title: 'Targets', table: [['what', 'wanted', 'found', ''], ...rows] }
}

function cellTables(results: Results): Titled[] {
  const figures = new Figures(results)
  const cells = new Set(results.rows.map(({ cell }) => cell))
  return [...cells].map((cell) => {
    const rows = results.rows.filter((row) => row.cell === cell)
    const rawCpu = rows.find(({ contender }) => contender === 'raw socket')?.cpuPer100k.median
    const unit = cell === 'stream' ? 'items/s' : 'calls/s'
    const head = ['', unit, 'p50 ms', 'p99 ms', 'CPU s / 100k', 'CPU / raw', 'CPU / best peer', `${unit} / best peer`]
    const body = rows.map((row) => [
      row.contender,
      spread(row.perSecond, (value) => thousands(Math.round(value))),
      spread(row.p50Ms, inMs),
      spread(row.p99Ms, inMs),
      spread(row.cpuPer100k, seconds),
      times(row.cpuPer100k.median, rawCpu),
      times(row.cpuPer100k.median, figures.bestPeerCpu(cell)),
      times(row.perSecond.median, figures.bestPeerRate(cell)),
    ])
    return { title: cell, table: withoutEmptyColumns([head, ...body]) }
  })
}

function notes({ machine, date, rows, failures, superjson }: Results): string[] {
  const rounds = Math.min(...rows.map((row) => row.rounds))
  const most = (share: (row: Row) => number): string => `${(Math.max(...rows.map(share)) * 100).toFixed(1)} %`
  return [
    ...failures.map(({ cell, contender, reason }) => `${contender} could not do ${cell}: ${reason}`),
    ...(superjson === undefined
      ? []
      : [`superjson and JSON alone, for a call of the mix: ${spread(superjson, seconds)} CPU s / 100k`]),
    `${machine}; ${date}; medians of ${rounds} rounds, with the least and the most.`,
    `At most ${most(({ stolen }) => stolen)} of a sample's time was stolen by the host, and ${most(({ others }) => others)} used by other programs.`,
  ].map((line) => `\n${line}`)
}

function withoutEmptyColumns(table: Table): Table {
  const isUsed = (column: number): boolean => table.slice(1).some((row) => row[column] !== '-')
  return table.map((row) => row.filter((_, column) => isUsed(column)))
}

function spread(value: Spread | undefined, text: (value: number) => string): string {
  if (value === undefined) return '-'
  const { median, min, max } = value
  return min === max ? text(median) : `${text(median)} (${text(min)} to ${text(max)})`
}

function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ')
}

function inMs(value: number): string {
  return value.toFixed(value < 10 ? 3 : 1)
}

function seconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1)
}

function times(value: number, base: number | undefined): string {
  return base === undefined ? '-' : (value / base).toFixed(2)
}

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
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`
  return `${[line(head), `|${head.map(() => '---').join('|')}|`, ...body.map(line)].join('\n')}\n`
}
