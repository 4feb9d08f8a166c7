// npm run fuzz -- [--runs 100000] [--seed 1] [--jobs 2] [--part frames|sequences [--path 12:0:3]]
// Feeds nearly valid bytes to the readers of frames, and sequences of nearly valid frames to a server, in several
// processes. Stops at the first run that breaks a promise, and prints the command that replays it.
import buffer from 'node:buffer'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { inspect, parseArgs } from 'node:util'
import fc from 'fast-check'
import { frameProperty } from '../spec/fuzz/frame-fuzz.ts'
import { collectUncaught, sequenceProperty } from '../spec/fuzz/sequence-fuzz.ts'

type Part = 'frames' | 'sequences'

/** What is told of a failing run. */
interface Failed {
  readonly seed: number
  readonly counterexamplePath: string | null
  readonly counterexample: unknown
  readonly errorInstance: unknown
}

interface Report {
  readonly part: Part
  /** Runs since the last report. */
  readonly done: number
  readonly failure?: string
}

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    jobs: { type: 'string', default: String(availableParallelism()) },
    part: { type: 'string' },
    path: { type: 'string' },
  },
})
const seed = Number(options.seed)
const jobs = options.path === undefined ? Math.max(1, Number(options.jobs)) : 1
/** Frames are cheap, sequences reach further: what each part gets of all runs. */
const shares: Readonly<Record<Part, number>> = { frames: 0.6, sequences: 0.4 }
const parts = (['frames', 'sequences'] as const).filter((part) => (options.part ?? part) === part)
const reportEvery = 250

/** The runs of one part in one process. */
function runsOf(part: Part): number {
  const runs = parts.length === 1 ? Number(options.runs) : Number(options.runs) * shares[part]
  return Math.ceil(runs / jobs)
}

async function work(job: number, report: (report: Report) => void): Promise<void> {
  const uncaught = collectUncaught()
  for (const part of parts) {
    let done = 0
    const onRun = (): void => {
      if (++done % reportEvery === 0) report({ part, done: reportEvery })
    }
    // Each process has seeds of its own; the path of a replay says which run of which seed.
    const settings = { seed: options.path === undefined ? seed + job : seed, numRuns: runsOf(part) }
    const replay = options.path === undefined ? settings : { ...settings, path: options.path, endOnFailure: true }
    const details =
      part === 'frames'
        ? fc.check(frameProperty(onRun), replay)
        : await fc.check(sequenceProperty(uncaught, onRun), replay)
    const failure = details.failed ? describe(part, details) : undefined
    report({ part, done: done % reportEvery, ...(failure !== undefined && { failure }) })
    if (failure !== undefined) return
  }
}

/** Bytes are printed whole: what fails is short. */
const mostPrintedBytes = 4_096

function describe(part: Part, { seed, counterexamplePath, counterexample, errorInstance }: Failed): string {
  buffer.INSPECT_MAX_BYTES = mostPrintedBytes
  const error = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance)
  return [
    error,
    `with ${inspect(counterexample, { depth: 8, breakLength: 120, maxArrayLength: 400 })}`,
    `replay it: npm run fuzz -- --part ${part} --seed ${seed} --path ${counterexamplePath}`,
  ].join('\n')
}

async function lead(): Promise<void> {
  const startedAt = performance.now()
  const done: Record<Part, number> = { frames: 0, sequences: 0 }
  const wanted = parts.reduce((sum, part) => sum + runsOf(part) * jobs, 0)
  let failure: string | undefined
  const children: ChildProcess[] = []
  const onReport = (report: Report): void => {
    done[report.part] += report.done
    if (failure === undefined && report.failure !== undefined) {
      failure = report.failure
      for (const child of children) child.kill()
    }
    if (!process.stderr.isTTY) return
    const seconds = (performance.now() - startedAt) / 1_000
    const total = done.frames + done.sequences
    process.stderr.write(`\r${total} of ${wanted} runs, ${(total / seconds).toFixed(0)}/s\u001b[K`)
  }
  for (let job = 0; job < jobs; job++) {
    const args = ['--seed', String(seed), ...process.argv.slice(2)]
    const env = { ...process.env, ISOCK_FUZZ_JOB: String(job) }
    const child = fork(fileURLToPath(import.meta.url), args, { execArgv: process.execArgv, env })
    child.on('message', onReport)
    children.push(child)
  }
  const codes = await Promise.all(
    children.map(async (child) => (await once(child, 'exit')) as [number | null, string | null]),
  )
  if (process.stderr.isTTY) process.stderr.write('\n')
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  console.log(`${done.frames} streams of frames, ${done.sequences} sequences with seed ${seed} in ${seconds} s`)
  const isShort = options.path === undefined && failure === undefined && done.frames + done.sequences < wanted
  if (failure !== undefined) console.log(failure)
  else if (isShort) console.log(`a process ended early: ${JSON.stringify(codes)}`)
  if (failure !== undefined || isShort) process.exitCode = 1
}

const job = process.env['ISOCK_FUZZ_JOB']
if (job !== undefined) {
  await work(Number(job), (report) => process.send?.(report))
  process.disconnect?.()
} else await lead()
