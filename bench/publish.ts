// Writes the results into a page between its markers, and a plot of each section beside it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { entries } from './contenders.ts'
import { asMarkdown } from './layout.ts'
import { cellPlot } from './plots/cell-plot.ts'
import { curvePlot } from './plots/curve-plot.ts'
import { peerVersions } from './prepare.ts'
import { report } from './report.ts'
import { scaleSection, sectionsOf } from './sections.ts'
import type { Results } from './summary.ts'

const plotsFolder = 'results'
const markers = /(<!-- results -->\n)[\s\S]*(<!-- \/results -->)/

/** `folder` has a README.md with the markers. Plots of earlier results, which may show other sections, are removed. */
export function publish(results: Results, folder: string): void {
  const page = join(folder, 'README.md')
  const readme = readFileSync(page, 'utf8')
  if (!markers.test(readme)) throw new Error(`${page} has no place for the results`)
  const plots = plotsOf(results)
  rmSync(join(folder, plotsFolder), { recursive: true, force: true })
  mkdirSync(join(folder, plotsFolder))
  for (const [name, svg] of plots) writeFileSync(join(folder, plotsFolder, `${name}.svg`), svg)
  const text = report(results, {
    layout: asMarkdown,
    heading: (title, level) => `${level === 1 ? '###' : '####'} ${title}\n\n`,
    plot: (name, title) => (plots.has(name) ? `![${title}](${plotsFolder}/${name}.svg)` : ''),
  })
  writeFileSync(
    page,
    readme.replace(markers, (_, begin: string, end: string) => `${begin}\n${text}\n${versionsLine()}\n\n${end}`),
  )
}

function plotsOf(results: Results): Map<string, string> {
  const plots = new Map<string, string>()
  for (const section of sectionsOf(results)) {
    if (section.rows.length > 0) plots.set(section.name, cellPlot(section, results))
  }
  const hasPoints = results.curves.some(({ series }) => series.some(({ points }) => points.length > 0))
  if (hasPoints) plots.set(scaleSection.name, curvePlot(results))
  return plots
}

function versionsLine(): string {
  const versions = peerVersions()
  const peers = entries.filter(({ kind }) => kind === 'peer')
  return `Peers: ${peers.map(({ package: name = '' }) => `${name} ${versions[name]}`).join(', ')}.`
}
