// npm run bench -- [--rounds 3] [--cells small,rows] [--json]
// Measures every contender in every cell, interleaved, a server and a client process each; prints medians.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Cell, cells } from './cells.ts'
import { contenders } from './contenders.ts'
import { measureSuperjson } from './superjson-alone.ts'
import type { Measured } from './worker.ts'

interface Sample extends Measured {
  /** CPU seconds of both processes for 100 000 operations. */
  readonly cpuPer100k: number
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    cells: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const wanted = options.cells?.split(',')
const chosen = cells.filter(({ name }) => wanted === undefined || wanted.includes(name))

function start(name: string): ChildProcess {
  return fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [name], { execArgv: ['--import', 'tsx'] })
}

async function ask<T>(worker: ChildProcess, order: object): Promise<T> {
  worker.send(order)
  const [reply] = (await once(worker, 'message')) as [{ result: T; error?: string }]
  if (reply.error !== undefined) throw new Error(reply.error)
  return reply.result
}

async function sample(name: string, cell: Cell): Promise<Sample> {
  const server = start(name)
  const client = start(name)
  try {
    const port = await ask<number>(server, { do: 'serve' })
    await ask(client, { do: 'connect', port })
    const warmUp = { ...cell, operations: Math.ceil(cell.operations / 5) }
    await ask(client, { do: 'measure', cell: warmUp })
    const before = (await ask<number>(server, { do: 'cpu' })) + (await ask<number>(client, { do: 'cpu' }))
    const measured = await ask<Measured>(client, { do: 'measure', cell })
    const after = (await ask<number>(server, { do: 'cpu' })) + (await ask<number>(client, { do: 'cpu' }))
    return { ...measured, cpuPer100k: ((after - before) * 100_000) / cell.operations }
  } finally {
    for (const worker of [client, server]) {
      await ask(worker, { do: 'close' }).catch(() => worker.kill())
    }
  }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const results: Record<string, string | number>[] = []
for (const cell of chosen) {
  const runners = contenders.filter((contender) => contender.cells.includes(cell.name))
  const samples = new Map<string, Sample[]>(runners.map(({ name }) => [name, []]))
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const { name } of runners) {
      process.stderr.write(`\r${cell.name} x${cell.inFlight}: round ${round + 1}, ${name}\u001b[K`)
      samples.get(name)?.push(await sample(name, cell))
    }
  }
  for (const [name, taken] of samples) {
    results.push({
      cell: `${cell.name} x${cell.inFlight}`,
      contender: name,
      'per second': Math.round(median(taken.map(({ perSecond }) => perSecond))),
      'p50 ms': Number(median(taken.map(({ p50Ms }) => p50Ms)).toFixed(3)),
      'p99 ms': Number(median(taken.map(({ p99Ms }) => p99Ms)).toFixed(3)),
      'CPU s / 100k': Number(median(taken.map(({ cpuPer100k }) => cpuPer100k)).toFixed(3)),
    })
  }
}
process.stderr.write('\r\u001b[K')
const superjsonCpu = Number(measureSuperjson().toFixed(3))
if (options.json)
  process.stdout.write(`${JSON.stringify({ node: process.version, results, superjsonCpu }, undefined, 2)}\n`)
else {
  console.table(results)
  console.log(`superjson and JSON alone for the mix, there and back: ${superjsonCpu} CPU s / 100k`)
}
