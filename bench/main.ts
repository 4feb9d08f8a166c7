// npm run bench: measures, and prints or publishes the results. Its options are in the help below.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { choices, help } from './choices.ts'
import { estimatedMs } from './estimate.ts'
import { asColumns } from './layout.ts'
import { benchFolder, compile, installPeers } from './prepare.ts'
import { publish } from './publish.ts'
import { report } from './report.ts'
import { run } from './run.ts'
import type { Results } from './summary.ts'

const { values: options } = parseArgs({
  options: {
    cells: { type: 'string' },
    contenders: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    from: { type: 'string' },
    markdown: { type: 'boolean', default: false },
    into: { type: 'string', default: benchFolder },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) process.stdout.write(help)
else tell(options.from === undefined ? await measure() : readResults(options.from))

async function measure(): Promise<Results> {
  const say = (text: string): void => void process.stderr.write(text)
  const isTerminal = process.stderr.isTTY
  const plan = {
    ...choices(options),
    rounds: wholeAbove0('--rounds', options.rounds),
    ms: above0('--seconds', options.seconds) * 1_000,
    onProgress: (text: string): void => say(isTerminal ? `\r${text}\u001b[K` : `${text}\n`),
  }
  installPeers(say)
  compile(say)
  say(`this takes about ${roughly(estimatedMs(plan))}\n`)
  const startedAt = performance.now()
  const results = await run(plan)
  say(`${isTerminal ? '\r\u001b[K' : ''}it took ${roughly(performance.now() - startedAt)}\n`)
  return results
}

function readResults(file: string): Results {
  return JSON.parse(readFileSync(file, 'utf8')) as Results
}

function tell(results: Results): void {
  if (options.json) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`)
  else process.stdout.write(report(results, { layout: asColumns, heading: underlined }))
  if (options.markdown) publish(results, options.into)
}

function underlined(title: string, level: 1 | 2): string {
  return `\n${title}\n${(level === 1 ? '=' : '-').repeat(title.length)}\n`
}

function roughly(ms: number): string {
  return ms < 90_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.round(ms / 60_000)} minutes`
}

function above0(option: string, text: string): number {
  const value = Number(text)
  if (value > 0 && Number.isFinite(value)) return value
  throw new Error(`${option} must be a number above 0, not ${text}`)
}

function wholeAbove0(option: string, text: string): number {
  const value = above0(option, text)
  if (Number.isInteger(value)) return value
  throw new Error(`${option} must be a whole number, not ${text}`)
}
