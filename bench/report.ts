// The results as tables: for the terminal, and for bench/README.md.
import { cellTables, type TitledTable } from './cell-tables.ts'
import { type Layout, seconds, spreadText } from './layout.ts'
import { curveTable } from './scale/curve-tables.ts'
import { scaleSection, sectionsOf } from './sections.ts'
import type { Results, Row } from './summary.ts'
import { checkTargets } from './targets.ts'

/** How a report looks. */
export interface Style {
  readonly layout: Layout
  /** 1: of a section, 2: of a table within it. */
  heading(text: string, level: 1 | 2): string
  /** The plot of a section; undefined: plots are not shown. */
  plot?(name: string, title: string): string
}

/** All that was measured, in the order of the cells. */
export function report(results: Results, style: Style): string {
  const parts = [
    `${style.heading('Targets', 1)}${style.layout(targetsTable(results))}`,
    ...sectionsOf(results).map((section) => part(section, cellTables(results, section), style)),
    ...(results.curves.length === 0 ? [] : [part(scaleSection, results.curves.map(curveTable), style)]),
  ]
  return `${[...parts, ...notes(results)].join('\n')}\n`
}

function part({ name, title }: { name: string; title: string }, tables: readonly TitledTable[], style: Style): string {
  const plot = style.plot?.(name, title)
  const texts = tables.map((one) => `${style.heading(one.title, 2)}${style.layout(one.table)}`)
  return [style.heading(title, 1) + (plot === undefined ? '' : `${plot}\n`), ...texts].join('\n')
}

function targetsTable(results: Results): string[][] {
  const rows = checkTargets(results).map(({ name, wanted, found, isReached }) => [
    name,
    wanted,
    found ?? '-',
    found === undefined ? 'not measured' : isReached ? 'reached' : 'NOT REACHED',
  ])
  return [['what', 'wanted', 'found', ''], ...rows]
}

function notes({ machine, date, rows, superjson }: Results): string[] {
  const most = (share: (row: Row) => number): string => `${(Math.max(0, ...rows.map(share)) * 100).toFixed(1)} %`
  const rounds = Math.min(...rows.map((row) => row.rounds))
  const medians = rows.length === 0 ? 'medians' : `medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`
  return [
    ...(superjson === undefined
      ? []
      : [`superjson and JSON alone, for a call of the mix: ${spreadText(superjson, seconds)} CPU s / 100k`]),
    `${machine}; ${date}; ${medians}, with the least and the most.`,
    ...(rows.length === 0
      ? []
      : [
          `At most ${most(({ stolen }) => stolen)} of a sample's time was stolen by the host, and ${most(({ others }) => others)} used by other programs.`,
        ]),
  ].map((line) => `\n${line}`)
}
