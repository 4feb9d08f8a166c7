// npm run bench: measures, and tells the results. What it takes is in the help below.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Cell, sittings } from './cells.ts'
import { entries } from './contenders.ts'
import { plotOf } from './plot.ts'
import { benchFolder, compile, installPeers, peerVersions } from './prepare.ts'
import { asColumns, asMarkdown, report } from './report.ts'
import { run } from './run.ts'
import type { Results } from './summary.ts'

const cells = sittings.flatMap((sitting) => sitting.cells)

const help = `npm run bench -- [options]

  --cells <a,b>       cells or groups of them: ${[...new Set(cells.map(({ group }) => group))].join(', ')}; or one such as 'small x64'
  --contenders <a,b>  only these; a part of a name will do. 'peers': all peers
  --rounds <n>        how often each is measured (default: 3)
  --seconds <n>       how long calls are made for one sample (default: 1)
  --json              print the results as JSON
  --from <file>       measure nothing: read what --json printed
  --markdown          write the tables into bench/README.md, and bench/results.svg
  --help
`

const { values: options } = parseArgs({
  options: {
    cells: { type: 'string' },
    contenders: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    from: { type: 'string' },
    markdown: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) process.stdout.write(help)
else publish(options.from === undefined ? await measure() : readResults(options.from))

async function measure(): Promise<Results> {
  const wantsCell = cellChoice(options.cells)
  const wantsContender = contenderChoice(options.contenders)
  const rounds = positive('--rounds', options.rounds)
  const ms = positive('--seconds', options.seconds) * 1_000
  const say = (text: string): void => void process.stderr.write(text)
  installPeers(say)
  compile(say)
  const isTerminal = process.stderr.isTTY
  const onProgress = (text: string): void => say(isTerminal ? `\r${text}\u001b[K` : `${text}\n`)
  const results = await run({ rounds, ms, wantsCell, wantsContender, onProgress })
  if (isTerminal) say('\r\u001b[K')
  return results
}

function readResults(file: string): Results {
  return JSON.parse(readFileSync(file, 'utf8')) as Results
}

function publish(results: Results): void {
  if (options.json) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`)
  else process.stdout.write(report(results, asColumns, (title) => `\n${title}\n${'-'.repeat(title.length)}\n`))
  if (options.markdown) {
    writeFileSync(join(benchFolder, 'results.svg'), plotOf(results))
    writeIntoReadme(`${report(results, asMarkdown, (title) => `### ${title}\n\n`)}\n${versionsLine()}\n`)
  }
}

function versionsLine(): string {
  const versions = peerVersions()
  const peers = entries.filter(({ kind }) => kind === 'peer')
  return `Peers: ${peers.map(({ package: name = '' }) => `${name} ${versions[name]}`).join(', ')}.`
}

function writeIntoReadme(text: string): void {
  const file = join(benchFolder, 'README.md')
  const pattern = /(<!-- results -->\n)[\s\S]*(<!-- \/results -->)/
  const readme = readFileSync(file, 'utf8')
  if (!pattern.test(readme)) throw new Error(`${file} has no place for the results`)
  writeFileSync(
    file,
    readme.replace(pattern, (_, begin: string, end: string) => `${begin}\n${text}\n${end}`),
  )
}

function cellChoice(given: string | undefined): (cell: Cell) => boolean {
  if (given === undefined) return () => true
  const names = given.split(',')
  for (const name of names) {
    if (!cells.some((cell) => cell.name === name || cell.group === name)) throw new Error(`no cell is called ${name}`)
  }
  return (cell) => names.includes(cell.name) || names.includes(cell.group)
}

function contenderChoice(given: string | undefined): (name: string) => boolean {
  if (given === undefined) return () => true
  const chosen = new Set<string>()
  for (const part of given.split(',')) {
    const exact = entries.filter(({ name }) => name === part)
    const found = exact.length > 0 ? exact : entries.filter((entry) => isMeant(entry, part))
    if (found.length === 0) throw new Error(`no contender is called ${part}`)
    for (const { name } of found) chosen.add(name)
  }
  return (name) => chosen.has(name)
}

function isMeant({ name, kind }: (typeof entries)[number], part: string): boolean {
  return part === 'peers' ? kind === 'peer' : name.toLowerCase().includes(part.toLowerCase())
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (value > 0) return value
  throw new Error(`${option} must be a number above 0, not ${text}`)
}
