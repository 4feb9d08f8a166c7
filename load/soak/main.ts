// npm run soak -- [--minutes 60] [--out soak-results]
// Mixed calls over links that are cut, for an hour. Writes a sample each second, three plots at the end, and says
// whether anything grew or failed. Exit code 1: something did.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Child } from '../child.ts'
import { atLeast, describeFigures, exactly, isKept, told } from '../figures.ts'
import type { ProcessSample } from '../processes/memory.ts'
import type { TallyReport } from '../processes/tally.ts'
import type { TrafficReport } from '../processes/traffic.ts'
import { sessionsComeTo } from '../processes-of.ts'
import { Cutter } from './cutter.ts'
import { type SoakSample, SoakSamples } from './samples.ts'

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, out: { type: 'string', default: 'soak-results' } },
})
const minutes = Number(options.minutes)
if (!(minutes > 0)) throw new Error(`--minutes: expected a positive number, got ${options.minutes}`)

/** Links are cut at random, so often on average. */
const cutEveryMs = 1_500
/** More than the clients can use up. */
const numbersPerSecond = 4_000
const progressEverySeconds = 10
const limits = { heartbeatMs: 500, deadAfterMs: 1_500, frameTimeoutMs: 5_000, handshakeTimeoutMs: 2_000 }

const say = (line: string): void => console.error(line)
const server = Child.start('server.ts', say)
const traffic = Child.start('traffic.ts', say)
let cutter: Cutter | undefined
try {
  const address = await server.ask<string>({ do: 'listen', limits })
  await server.ask({ do: 'reserve', numbers: Math.ceil((minutes * 60 + 60) * numbersPerSecond) })
  cutter = await Cutter.start(Number(new URL(address).port))
  const samples = new SoakSamples(options.out)
  await traffic.ask({ do: 'start', address: cutter.address })
  await watch(cutter, samples)
  const last = await traffic.ask<TrafficReport>({ do: 'stop' })
  const left = await sessionsComeTo(server, 0)
  const tally = await server.ask<TallyReport>({ do: 'tally' })
  samples.writePlots()
  for (const failure of last.failures) console.log(`failed: ${failure}`)
  const figures = [
    ...samples.figures(),
    told('calls, streams and uploads', last.done),
    atLeast('links that were cut', cutter.cuts, 1),
    exactly('calls that failed', last.failureCount, 0),
    exactly('numbers that ran once', tally.once, last.numbersAnswered),
    exactly('numbers that ran more often', tally.more, 0),
    exactly('sessions when the clients have left', left, 0),
  ]
  const isFine = figures.every(isKept)
  console.log(describeFigures(figures))
  console.log(`${isFine ? 'nothing grew, nothing failed' : 'a bound is BROKEN'}; see ${join(options.out, '*.svg')}`)
  process.exitCode = isFine ? 0 : 1
} finally {
  await Promise.all([server.end(), traffic.end(), cutter?.close()])
}

/** Until the time is over: cuts links, and takes a sample each second. */
async function watch(links: Cutter, samples: SoakSamples): Promise<void> {
  const startedAtMs = performance.now()
  let cutAtMs = startedAtMs + cutEveryMs
  for (let second = 1; second <= minutes * 60; second++) {
    const endAtMs = startedAtMs + second * 1_000
    while (performance.now() < endAtMs) {
      if (performance.now() >= cutAtMs) {
        links.cutOne()
        cutAtMs = performance.now() + cutEveryMs * 2 * Math.random()
      }
      await sleep(Math.max(0, Math.min(endAtMs, cutAtMs) - performance.now()))
    }
    const sample = await look(second, links)
    samples.add(sample)
    if (second % progressEverySeconds === 0) say(progressOf(sample))
  }
}

async function look(second: number, links: Cutter): Promise<SoakSample> {
  const report = await traffic.ask<TrafficReport>({ do: 'take' })
  const [ofServer, ofClients] = await Promise.all(
    [server, traffic].map((child) => child.ask<ProcessSample>({ do: 'sample' })),
  )
  return {
    second,
    serverHeapBytes: ofServer?.heapBytes ?? Number.NaN,
    clientHeapBytes: ofClients?.heapBytes ?? Number.NaN,
    serverHandles: ofServer?.handles ?? Number.NaN,
    clientHandles: ofClients?.handles ?? Number.NaN,
    medianMs: report.latency.medianMs ?? Number.NaN,
    p99Ms: report.latency.p99Ms ?? Number.NaN,
    callsDone: report.done,
    cuts: links.cuts,
    failures: report.failureCount,
  }
}

function progressOf({ second, callsDone, cuts, failures, serverHeapBytes, medianMs, p99Ms }: SoakSample): string {
  const heap = `${(serverHeapBytes / 1024 / 1024).toFixed(1)} MB`
  const latency = `${medianMs.toFixed(1)} / ${p99Ms.toFixed(1)} ms`
  return `${second} of ${minutes * 60} s: ${callsDone} calls, ${cuts} cuts, ${failures} failures, server ${heap}, ${latency}`
}
