// npm run load -- [idle many burn pool flat large] [--scale 0.1]
// Runs the loads at full size, one after the other, and prints their figures with the bounds. Exit code 1: one is
// broken.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Say } from './child.ts'
import { describeFigures, type Figure, isKept } from './figures.ts'
import { flatHeap } from './flat-heap.ts'
import { idleLinks } from './idle-links.ts'
import { largeCalls } from './large.ts'
import { manyCalls } from './many-calls.ts'
import { overload } from './overload.ts'

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: 'string', default: '1' } },
})
const scale = Number(options.scale)
if (!(scale > 0 && scale <= 1)) throw new Error(`--scale: expected a number from 0 to 1, got ${options.scale}`)

const scaled = (count: number): number => Math.ceil(count * scale)
const overloadSize = { seconds: Math.max(3, 10 * scale), leastGoodShare: 0.8, mostLateShare: 0.05 }

const loads: Record<string, { title: string; run: (say: Say) => Promise<Figure[]> }> = {
  idle: {
    title: `${scaled(10_000)} idle links`,
    run: (say) => idleLinks({ links: scaled(10_000), heartbeatMs: 5_000 }, say),
  },
  many: {
    title: `${scaled(1_000)} links with ${scaled(1_000)} calls each`,
    run: (say) => manyCalls({ links: scaled(1_000), callsEach: scaled(1_000) }, say),
  },
  burn: {
    title: 'overload: handlers that keep the processor for 1 ms',
    run: (say) => overload('burn', overloadSize, say),
  },
  pool: {
    title: 'overload: handlers that wait for one of 8 places for 5 ms, maxRunningCalls 64',
    run: (say) => overload('pool', overloadSize, say),
  },
  large: {
    title: 'large calls over one link, without a retry',
    run: (say) => largeCalls({ scale }, say),
  },
  flat: {
    title: 'a flat heap',
    run: (say) =>
      flatHeap(
        { calls: scaled(1_000_000), items: scaled(1_000_000), streams: scaled(100_000), cycles: scaled(10_000) },
        say,
      ),
  },
}

for (const name of wanted) {
  if (!Object.hasOwn(loads, name)) throw new Error(`no such load: ${name}; there are ${Object.keys(loads).join(', ')}`)
}
console.log(`Node ${process.version}, ${availableParallelism()} cores`)
let areAllKept = true
for (const [name, { title, run }] of Object.entries(loads)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.error(`${name}: ${title}`)
  const startedAtMs = performance.now()
  const figures = await run((line) => console.error(`  ${line}`))
  const seconds = Math.round((performance.now() - startedAtMs) / 1_000)
  console.log(`\n${title} (${seconds} s)\n${describeFigures(figures)}`)
  areAllKept &&= figures.every(isKept)
}
console.log(areAllKept ? '\nevery bound is kept' : '\na bound is BROKEN')
process.exitCode = areAllKept ? 0 : 1
