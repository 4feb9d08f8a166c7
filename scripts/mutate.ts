// npm run mutate -- --rooms client,channels --seed 7
// Plants small faults in a copy of the library, one at a time, and shows which of them no spec sees: each of those is a promise
// that nothing guards, or code that promises nothing.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { Compiler } from './mutation/compiler.ts'
import { isEquivalent } from './mutation/equivalents.ts'
import { type Fault, faultsIn, withFault } from './mutation/faults.ts'
import { isSeen, jsonOf, placeOf, progressText, survivorText, type Tried, tableOf } from './mutation/report.ts'
import { filesOf, roomOf } from './mutation/rooms.ts'
import { drawn } from './mutation/sample.ts'
import { allSpecs, SpecLimits } from './mutation/spec-limits.ts'
import { runSpecs, type SpecResult } from './mutation/spec-run.ts'
import { Workspace } from './mutation/workspace.ts'

interface Options {
  readonly rooms?: readonly string[]
  readonly seed: number
  readonly count: number
  readonly jobs: number
  readonly specs?: readonly string[]
  readonly all: boolean
  readonly at?: string
  readonly timeout?: number
  readonly least?: number
  readonly json?: string | true
  readonly list: boolean
}

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

const command = new Command('npm run mutate --')
  .description('Plants small faults in a copy of lib/, one at a time, and shows those that no spec sees.')
  .option('--rooms <names>', 'rooms of lib/, with commas between them (default: all)', listOf)
  .option('--seed <number>', 'which sample is drawn', wholeNumber, 1)
  .option('--count <number>', 'faults in the sample', wholeNumber, 150)
  .option('--jobs <number>', 'copies that are tested at the same time', wholeNumber, 1)
  .option('--specs <patterns>', 'specs beside those of the room, with commas between them', listOf)
  .option('--all', 'run all specs on what those of the room do not see', false)
  .option('--at <place>', 'only the faults at this place: file:line or file:line:column')
  .option(
    '--timeout <seconds>',
    'for the specs on one fault (default: thrice as long as without a fault, and 30)',
    wholeNumber,
  )
  .option('--least <percent>', 'fail where fewer were seen', wholeNumber)
  .option('--json [file]', 'print the result as JSON, or write it to a file')
  .option('--list', 'print the sample and plant nothing', false)
  .addHelpText(
    'after',
    `
A fault that hangs the specs counts as seen. Faults that do not compile, and those that scripts/mutation/equivalents.ts names
with a reason, are not planted. Nothing of the project is changed, and Ctrl-C leaves nothing behind.

Examples:
  npm run mutate -- --rooms client,channels --seed 7 --count 30
  npm run mutate -- --rooms session --specs 'spec/contracts/**/*.spec.ts,spec/simulation/*.spec.ts'
  npm run mutate -- --at lib/channels/rooms.ts:100
  npm run mutate -- --count 150 --all --jobs 4 --least 98 --json mutants.json`,
  )

await main(command.parse().opts<Options>())

async function main(options: Options): Promise<void> {
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal)
  const sample = sampleOf(options)
  if (options.list) {
    for (const fault of sample) console.log(survivorText({ fault }, lineOf(fault)))
    return
  }
  const tried = sample.length === 0 ? [] : await tryAll(sample, options, stop.signal)
  if (tried.length === 0 && process.exitCode !== undefined) return
  if (options.json !== true) {
    for (const each of tried) if (!isSeen(each)) console.log(survivorText(each, lineOf(each.fault)))
    console.log(tableOf(tried))
  } else process.stdout.write(jsonOf(tried, options.seed))
  if (typeof options.json === 'string') writeFileSync(options.json, jsonOf(tried, options.seed))
  const share = tried.length === 0 ? 100 : (100 * tried.filter(isSeen).length) / tried.length
  if (stop.signal.aborted) process.exitCode = 130
  else if (process.exitCode === undefined && share < (options.least ?? 0)) process.exitCode = 1
}

/** Those that compile, in the order in which they are drawn. */
function sampleOf({ rooms = [], seed, count, at }: Options): Fault[] {
  const files = roomFiles(rooms)
  const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
  const faults = [...sources].flatMap(([file, source]) =>
    faultsIn(file, source).filter((fault) => !isEquivalent(fault, source)),
  )
  const candidates =
    at === undefined ? drawn(faults, seed) : faults.filter((fault) => `${placeOf(fault)}:`.startsWith(`${at}:`))
  const compiler = new Compiler(root, [...files.map((file) => join(root, file))])
  const sample: Fault[] = []
  for (const fault of candidates) {
    if (sample.length >= count) break
    if (compiler.accepts(join(root, fault.file), withFault(sources.get(fault.file) as string, fault)))
      sample.push(fault)
  }
  compiler.close()
  return sample
}

async function tryAll(sample: readonly Fault[], options: Options, signal: AbortSignal): Promise<Tried[]> {
  const workspaces: Workspace[] = []
  const tried: Tried[] = []
  const startedAt = performance.now()
  const { isTTY } = process.stderr
  const tell = (text: string): void => void process.stderr.write(isTTY ? `\r${text}\u001b[K` : `${text}\n`)
  try {
    for (let job = 0; job < Math.min(options.jobs, sample.length); job++)
      workspaces.push(new Workspace(root, `${process.pid}-${job}`))
    const { path } = workspaces[0] as Workspace
    const { jobs, specs: more = [], timeout } = options
    const timeoutMs = timeout === undefined ? undefined : timeout * 1_000
    const limits = new SpecLimits({ root, path, jobs, more, timeoutMs, signal, tell })
    const queue = [...sample].sort((one, other) => (roomOf(one.file) < roomOf(other.file) ? -1 : 1))
    const work = async (workspace: Workspace): Promise<void> => {
      for (let fault = queue.shift(); fault !== undefined && !signal.aborted; fault = queue.shift()) {
        const room = roomOf(fault.file)
        const faultAt = performance.now()
        const result = await seeing(fault, workspace, limits, options, signal)
        if (result.how === 'stopped') return
        tried.push({ fault, room, result, ms: Math.round(performance.now() - faultAt) })
        const survived = tried.filter((each) => !isSeen(each)).length
        tell(progressText(tried.length, sample.length, survived, performance.now() - startedAt))
      }
    }
    // Before anything is planted.
    for (const room of new Set(queue.map(({ file }) => roomOf(file)))) await limits.measure(room)
    if (options.all) await limits.measure(undefined)
    await Promise.all(workspaces.map(work))
  } catch (error) {
    if (!signal.aborted) {
      process.exitCode = 2
      tell(error instanceof Error ? error.message : String(error))
    }
  } finally {
    for (const workspace of workspaces) workspace.close()
    if (isTTY) process.stderr.write('\n')
  }
  return tried
}

async function seeing(
  fault: Fault,
  workspace: Workspace,
  limits: SpecLimits,
  { all }: Options,
  signal: AbortSignal,
): Promise<SpecResult> {
  const takeOut = workspace.plant(fault)
  try {
    const { specs, timeoutMs } = await limits.measure(roomOf(fault.file))
    const result = await runSpecs({ cwd: workspace.path, specs, timeoutMs, signal })
    if (result.how !== 'passed' || !all || specs.includes(allSpecs)) return result
    const whole = await limits.measure(undefined)
    return await runSpecs({ cwd: workspace.path, ...whole, signal })
  } finally {
    takeOut()
  }
}

function roomFiles(rooms: readonly string[]): string[] {
  try {
    return filesOf(root, rooms)
  } catch (error) {
    return command.error(`error: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function lineOf({ file, line }: Fault): string {
  return readFileSync(join(root, file), 'utf8').split('\n')[line - 1] ?? ''
}

function listOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '')
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number')
  return value
}
