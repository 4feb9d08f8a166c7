// npm run mutate -- --rooms client,channels --seed 7
// Plants small faults in a copy of the library, one at a time, and shows which of them no spec sees: each of those is a promise
// that nothing guards, or code that promises nothing.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'
import { Compiler } from './mutation/compiler.ts'
import { isEquivalent } from './mutation/equivalents.ts'
import { everywhere } from './mutation/everywhere.ts'
import { type Fault, faultsIn, withFault } from './mutation/faults.ts'
import {
  isSeen,
  jsonOf,
  nearText,
  placeOf,
  progressText,
  survivorText,
  type Tried,
  tableOf,
} from './mutation/report.ts'
import { filesOf, roomOf } from './mutation/rooms.ts'
import { drawn } from './mutation/sample.ts'
import { type Limit, type Reach, SpecLimits } from './mutation/spec-limits.ts'
import { runSpecs, type SpecResult } from './mutation/spec-run.ts'
import { Workspace } from './mutation/workspace.ts'

interface Options {
  readonly rooms?: readonly string[]
  readonly seed: number
  readonly count: number
  readonly jobs: number
  readonly specs?: readonly string[]
  readonly all: boolean
  readonly wider: boolean
  readonly everywhere?: string | true
  readonly at?: readonly string[]
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
  .option('--wider', 'run the specs of the rooms that use it on what those of the room do not see', false)
  .option('--all', 'run all specs on what those before do not see', false)
  .addOption(
    new Option(
      '--everywhere [file]',
      'learn in one run of all specs which spec files reach which fault, and show each fault to all of those, the near and quick ones first; what was learned is kept in the file for other samples',
    ).conflicts(['wider', 'all', 'specs', 'timeout']),
  )
  .option(
    '--at <places>',
    'only the faults at these places: file:line or file:line:column, with commas between them',
    listOf,
  )
  .option(
    '--timeout <seconds>',
    'for the specs on one fault, which are then not run without one before (default: thrice as long as without a fault, and 30)',
    wholeNumber,
  )
  .option('--least <percent>', 'fail where fewer were seen', wholeNumber)
  .option('--json [file]', 'print the result as JSON, or write it to a file')
  .option('--list', 'print the sample and plant nothing', false)
  .addHelpText(
    'after',
    `
A fault that hangs the specs counts as seen. Faults that do not compile, and those that scripts/mutation/equivalents.ts names
with a reason, are not planted. With --everywhere, spec files that fail without a fault are left out, what is seen by specs of other
rooms only must fail twice, and browsers record nothing. Nothing of the project is changed, and Ctrl-C leaves nothing behind.

Examples:
  npm run mutate -- --rooms client,channels --seed 7 --count 30
  npm run mutate -- --rooms session --specs 'spec/contracts/**/*.spec.ts,spec/simulation/*.spec.ts'
  npm run mutate -- --at lib/features/channels/rooms.ts:100
  npm run mutate -- --count 150 --everywhere /tmp/reach.json --seed 7
  npm run mutate -- --count 150 --wider --jobs 4 --least 98 --json mutants.json`,
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
    const near = nearText(tried)
    if (near !== undefined) console.log(near)
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
    at === undefined
      ? drawn(faults, seed)
      : faults.filter((fault) => at.some((place) => `${placeOf(fault)}:`.startsWith(`${place}:`)))
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
  const tried = new Map<Fault, Tried>()
  const startedAt = performance.now()
  const { isTTY } = process.stderr
  const tell = (text: string): void => void process.stderr.write(isTTY ? `\r${text}\u001b[K` : `${text}\n`)
  try {
    for (let job = 0; job < Math.min(options.jobs, sample.length); job++)
      workspaces.push(new Workspace(root, `${process.pid}-${job}`))
    const { path } = workspaces[0] as Workspace
    const { jobs, specs: more = [], timeout } = options
    const timeoutMs = timeout === undefined ? undefined : timeout * 1_000
    if (options.everywhere !== undefined) {
      let begunAt: number | undefined
      const onTried = (each: Tried): void => {
        tried.set(each.fault, each)
        // How long the recorded run took says nothing of the rest.
        begunAt ??= performance.now() - each.ms
        if (!isSeen(each)) tell(`survived: ${survivorText(each, lineOf(each.fault))}${isTTY ? '\n' : ''}`)
        const survived = [...tried.values()].filter((one) => !isSeen(one)).length
        tell(progressText(tried.size, sample.length, survived, performance.now() - begunAt))
      }
      const kept =
        typeof options.everywhere === 'string' ? { faults: allFaults(), file: options.everywhere } : undefined
      await everywhere(sample, { root, workspaces, signal, tell, kept, onTried })
      return [...tried.values()]
    }
    const limits = new SpecLimits({ root, path, jobs, more, timeoutMs, signal, tell })
    // In the order in which they were drawn: what was tried before an interruption is a sample too, a smaller one.
    let queue = sample
    for (const reach of reachesOf(options)) {
      // Before anything is planted, and only for what is left.
      for (const room of new Set(queue.map(({ file }) => roomOf(file)))) await limits.measure(room, reach)
      const left = [...queue]
      const count = queue.length
      const work = async (workspace: Workspace): Promise<void> => {
        for (let fault = left.shift(); fault !== undefined && !signal.aborted; fault = left.shift()) {
          const faultAt = performance.now()
          const result = await seeing(fault, workspace, await limits.measure(roomOf(fault.file), reach), signal)
          if (result === undefined) continue
          if (result.how === 'stopped') return
          const ms = Math.round(performance.now() - faultAt) + (tried.get(fault)?.ms ?? 0)
          tried.set(fault, { fault, room: roomOf(fault.file), result, ms })
          const survived = queue.filter((each) => tried.has(each) && !isSeen(tried.get(each) as Tried)).length
          tell(progressText(count - left.length, count, survived, performance.now() - startedAt))
        }
      }
      await Promise.all(workspaces.map(work))
      if (signal.aborted) break
      queue = queue.filter((fault) => !isSeen(tried.get(fault) as Tried))
    }
  } catch (error) {
    if (!signal.aborted) {
      process.exitCode = 2
      tell(error instanceof Error ? error.message : String(error))
    }
  } finally {
    for (const workspace of workspaces) workspace.close()
    if (isTTY) process.stderr.write('\n')
  }
  return [...tried.values()]
}

/** Undefined where the room has no more specs to show it to. */
async function seeing(
  fault: Fault,
  workspace: Workspace,
  limit: Limit,
  signal: AbortSignal,
): Promise<SpecResult | undefined> {
  if (limit.specs.length === 0) return undefined
  const takeOut = workspace.plant(fault)
  try {
    return await runSpecs({ cwd: workspace.path, ...limit, signal })
  } finally {
    takeOut()
  }
}

/** Of all rooms, also what is never planted: which of them are, changes. */
function allFaults(): Fault[] {
  return filesOf(root, []).flatMap((file) => faultsIn(file, readFileSync(join(root, file), 'utf8')))
}

/** The nearest first: most faults are seen there, in the shortest time. */
function reachesOf({ wider, all }: Options): Reach[] {
  return ['own', ...(wider ? (['wider'] as const) : []), ...(all ? (['all'] as const) : [])]
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
