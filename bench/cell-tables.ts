// A table for each cell: those who did it, and why others could not.
import { inMs, seconds, short, spreadText, type Table, thousands, times, withoutEmptyColumns } from './layout.ts'
import type { FilledSection } from './sections.ts'
import type { Results, Row } from './summary.ts'
import { Figures } from './targets.ts'

export interface TitledTable {
  readonly title: string
  readonly table: Table
}

export function cellTables(results: Results, { rows, failures }: FilledSection): TitledTable[] {
  const figures = new Figures(results)
  const cells = new Set([...rows, ...failures].map(({ cell }) => cell))
  return [...cells].map((cell) => {
    const own = rows.filter((row) => row.cell === cell)
    const failed = failures.filter((failure) => failure.cell === cell)
    const head = headOf(own[0]?.group)
    const body = own.map((row) => line(row, own, figures))
    const missing = failed.map(({ contender, reason }) => [
      contender,
      `failed: ${reason}`,
      ...head.slice(2).map(() => '-'),
    ])
    return { title: cell, table: withoutEmptyColumns([head, ...body, ...missing]) }
  })
}

function headOf(group: Row['group'] | undefined): string[] {
  const unit = group === 'stream' ? 'items/s' : group === 'fanout' ? 'deliveries/s' : 'calls/s'
  return [
    '',
    unit,
    'p50 ms',
    'p99 ms',
    'CPU s / 100k',
    'CPU / raw',
    'CPU / best peer',
    `${unit} / best peer`,
    'server CPU us',
    'client CPU us',
    'server MiB',
    'client MiB',
  ]
}

function line(row: Row, all: readonly Row[], figures: Figures): string[] {
  const { cell, group, server, client } = row
  const rawCpu = all.find(({ contender }) => contender === 'raw socket')?.cpuPer100k
  // Elsewhere a call takes both sides.
  const isOneSided = group === 'fanout'
  return [
    row.contender,
    spreadText(row.perSecond, thousands),
    spreadText(row.p50Ms, inMs),
    spreadText(row.p99Ms, inMs),
    spreadText(row.cpuPer100k, seconds),
    times(row.cpuPer100k, rawCpu),
    times(row.cpuPer100k, figures.bestPeerCpu(cell)),
    times(row.perSecond, figures.bestPeerRate(cell)),
    isOneSided ? spreadText(server.cpuMicroseconds, short) : '-',
    isOneSided ? spreadText(client.cpuMicroseconds, short) : '-',
    spreadText(server.mebibytes, thousands),
    spreadText(client.mebibytes, thousands),
  ]
}
