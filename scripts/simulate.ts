// npm run simulate -- [--store] [--seeds 10000] [--from 1] [--jobs 2] [--trace | --seed 17]
// Runs seeds of the simulation, in several processes, and stops at the first that shows a broken promise. With --store, those of several
// servers over one store. With --seed, or --trace, only one, and says what happens.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { simulateStore } from '../spec/simulation/durable/world.ts'
import { simulate } from '../spec/simulation/world.ts'

interface Report {
  readonly done: number
  readonly operations: number
  readonly faults: number
  readonly failure?: { readonly seed: number; readonly violations: readonly string[] }
}

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    trace: { type: 'boolean', default: false },
    seed: { type: 'string' },
    store: { type: 'boolean', default: false },
  },
})
const from = Number(options.seed ?? options.from)
const run = options.store ? simulateStore : simulate
const seeds = Number(options.seeds)
const jobs = Math.max(1, Math.min(Number(options.jobs), seeds))
const reportEvery = 50

/** One process's share: every jobs-th seed. Told by its parent through the environment. */
async function work(share: number): Promise<void> {
  let done = 0
  let operations = 0
  let faults = 0
  for (let seed = from + share; seed < from + seeds; seed += jobs) {
    const result = await run(seed)
    done++
    operations += result.operationCount
    faults += result.faultCount
    if (result.violations.length > 0) {
      process.send?.({ done, operations, faults, failure: { seed, violations: result.violations } } satisfies Report)
      return
    }
    if (done === reportEvery) {
      process.send?.({ done, operations, faults } satisfies Report)
      done = 0
      operations = 0
      faults = 0
    }
  }
  process.send?.({ done, operations, faults } satisfies Report)
}

async function traceOne(): Promise<void> {
  const result = await run(from)
  for (const line of result.trace) console.log(line)
  for (const violation of result.violations) console.log(`VIOLATION ${violation}`)
  process.exitCode = result.violations.length > 0 ? 1 : 0
}

async function lead(): Promise<void> {
  const startedAt = performance.now()
  const total = { done: 0, operations: 0, faults: 0 }
  let failure: Report['failure']
  const children: ChildProcess[] = []
  const onReport = (report: Report): void => {
    total.done += report.done
    total.operations += report.operations
    total.faults += report.faults
    failure ??= report.failure
    if (failure !== undefined) for (const child of children) child.kill()
    const seconds = (performance.now() - startedAt) / 1_000
    const left = ((seeds - total.done) * seconds) / Math.max(1, total.done)
    if (process.stderr.isTTY) {
      process.stderr.write(
        `\r${total.done} of ${seeds} seeds, ${(total.done / seconds).toFixed(0)}/s, ${left.toFixed(0)} s left\u001b[K`,
      )
    }
  }
  for (let share = 0; share < jobs; share++) {
    const env = { ...process.env, ISOCK_SIMULATION_SHARE: String(share) }
    const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { execArgv: process.execArgv, env })
    child.on('message', onReport)
    children.push(child)
  }
  const codes = await Promise.all(
    children.map(async (child) => (await once(child, 'exit')) as [number | null, string | null]),
  )
  if (process.stderr.isTTY) process.stderr.write('\n')
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  console.log(`${total.done} seeds, ${total.operations} operations, ${total.faults} faults in ${seconds} s`)
  const broke = codes.some(([code, signal]) => code !== 0 && signal === null)
  if (failure === undefined && !broke) return
  if (failure !== undefined) {
    for (const violation of failure.violations) console.log(`seed ${failure.seed}: ${violation}`)
    console.log(`replay it: npm run simulate -- ${options.store ? '--store ' : ''}--seed ${failure.seed}`)
  }
  process.exitCode = 1
}

const share = process.env['ISOCK_SIMULATION_SHARE']
if (share !== undefined) {
  await work(Number(share))
  process.disconnect?.()
} else if (options.trace || options.seed !== undefined) await traceOne()
else await lead()
