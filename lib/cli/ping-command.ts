// `isock ping`: measures the round trip of a call.
import { type ConnectOptions, withClient } from './connect.ts'
import { print, printJson } from './output.ts'

export interface PingOptions extends ConnectOptions {
  readonly count: number
}

export async function ping(address: string, options: PingOptions): Promise<void> {
  await withClient(address, options, async (client, signal) => {
    const tookMs: number[] = []
    // Not counted, because the first call also connects.
    const connectMs = await timed(() => client.runAction('isock.ping', undefined, { signal }))
    if (!options.json) await print(`connected to ${address} in ${inMs(connectMs)}\n`)
    for (let number = 1; number <= options.count; number++) {
      const took = await timed(() => client.runAction('isock.ping', undefined, { signal }))
      tookMs.push(took)
      if (!options.json) await print(`  ${number}: ${inMs(took)}\n`)
    }
    const { minMs, medianMs, maxMs } = summaryOf(tookMs)
    const times = `min ${inMs(minMs)}, median ${inMs(medianMs)}, max ${inMs(maxMs)}`
    const line = { address, connectMs, count: tookMs.length, minMs, medianMs, maxMs, tookMs }
    await (options.json ? printJson(line) : print(`${tookMs.length} calls: ${times}\n`))
  })
}

async function timed(run: () => PromiseLike<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return Math.round((performance.now() - startedAt) * 1_000) / 1_000
}

function summaryOf(tookMs: readonly number[]): { minMs: number; medianMs: number; maxMs: number } {
  const sorted = tookMs.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? 0
  const medianMs = (at(Math.floor((sorted.length - 1) / 2)) + at(Math.ceil((sorted.length - 1) / 2))) / 2
  return { minMs: at(0), medianMs, maxMs: at(sorted.length - 1) }
}

function inMs(value: number): string {
  return `${value.toFixed(2)} ms`
}
