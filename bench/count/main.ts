// npm run count: what small operations take, counted instead of timed, beside what they took when that was last written down.
// What it takes is in the help below.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { benchFolder, compile } from '../prepare.ts'
import type { Counts } from './counter.ts'
import { workloads } from './workloads.ts'

/** What may be more than what was written down. */
const tolerance = 0.08

const help = `npm run count -- [options]

Counts memory that is allocated and writes to sockets for each of several operations, and compares them with the figures in
bench/count/counts.json of the same main version of Node. Exit code 1: something takes more than ${100 * tolerance} % more.

  --only <text>  workloads whose name contains this
  --write        write the figures down as those to compare with
  --json         print them as JSON
  --help

  npm run count
  npm run count -- --only small --json
`

type Figures = Record<string, Counts>

/** Below this a difference is no slow-down but noise. */
const leastDifference: Counts = { heapBytes: 48, bufferBytes: 64, writes: 0.02 }
/** V8 does so much on the side of a whole sample, sometimes. */
const sideBytes = 48 * 1024
const file = join(benchFolder, 'count', 'counts.json')
const version = `node ${process.versions.node.split('.')[0]}`
/** Room for all objects of a sample: none of them is to be collected. One thread: what V8 compiles beside would come at any time. */
const flags = ['--expose-gc', '--single-threaded', '--min-semi-space-size=256', '--max-semi-space-size=256']

const { values: options, positionals } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

if (positionals[0] === 'one') await countOne(Number(positionals[1]))
else if (options.help) process.stdout.write(help)
else compare()

async function countOne(index: number): Promise<void> {
  const workload = workloads[index]
  if (workload === undefined) throw new Error(`there is no workload ${index}`)
  const { count } = await import('./counter.ts')
  process.stdout.write(JSON.stringify(await count(workload)))
}

function compare(): void {
  compile((text) => process.stderr.write(text))
  const figures: Figures = {}
  for (const [index, { name }] of workloads.entries()) if (name.includes(options.only)) figures[name] = run(index)
  const all = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Figures>) : {}
  const known = all[version] ?? {}
  const slower = Object.entries(figures).flatMap(([name, counts]) => grown(name, counts, known[name]))
  process.stdout.write(options.json ? `${JSON.stringify(figures, undefined, 2)}\n` : table(figures, known))
  if (options.write) {
    const rounded = Object.fromEntries(Object.entries(figures).map(([name, counts]) => [name, roundedOf(counts)]))
    const text = JSON.stringify({ ...all, [version]: { ...known, ...rounded } }, undefined, 2)
    writeFileSync(file, `${text}\n`)
  } else if (slower.length > 0) {
    process.stderr.write(`${slower.join('\n')}\nWhere that is right, write it down: npm run count -- --write\n`)
    process.exitCode = 1
  }
}

function run(index: number): Counts {
  const worker = join(fileURLToPath(new URL('.', `file://${benchFolder}/`)), 'dist/bench/count/main.js')
  const { stdout, status } = spawnSync(process.execPath, [...flags, worker, 'one', String(index)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: 120_000,
  })
  if (status !== 0) throw new Error(`${workloads[index]?.name} could not be counted`)
  return JSON.parse(stdout) as Counts
}

function grown(name: string, counts: Counts, known: Counts | undefined): string[] {
  if (known === undefined) return []
  const operations = workloads.find((workload) => workload.name === name)?.operations ?? 1
  return countedOf(counts).flatMap((what) => {
    const least = what === 'heapBytes' ? Math.max(leastDifference[what], sideBytes / operations) : leastDifference[what]
    const most = Math.max(known[what] * (1 + tolerance), known[what] + least)
    return counts[what] <= most
      ? []
      : [`${name}: ${short(counts[what])} ${what}, ${short(known[what])} were written down`]
  })
}

function table(figures: Figures, known: Figures): string {
  const lines = Object.entries(figures).map(([name, counts]) => {
    const cells = countedOf(counts).map((what) => {
      const before = known[name]?.[what]
      return before === undefined ? short(counts[what]) : `${short(counts[what])} (${short(before)})`
    })
    return `| ${[name, ...cells].join(' | ')} |\n`
  })
  return [
    `For each operation, client and server together, on ${version}; in brackets what was written down.\n\n`,
    '| operation | bytes of objects | bytes of byte arrays | writes |\n|---|---|---|---|\n',
    ...lines,
  ].join('')
}

function countedOf(counts: Counts): (keyof Counts)[] {
  return Object.keys(counts) as (keyof Counts)[]
}

function roundedOf(counts: Counts): Counts {
  return {
    heapBytes: Math.round(counts.heapBytes),
    bufferBytes: Math.round(counts.bufferBytes),
    writes: Number(counts.writes.toFixed(3)),
  }
}

function short(figure: number): string {
  return figure < 100 ? figure.toFixed(2) : String(Math.round(figure))
}
