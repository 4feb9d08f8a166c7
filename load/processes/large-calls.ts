// Calls that are large, in answers, data or items, all at the same time and without a retry; how each ended, and how long
// a small call took meanwhile, where another client makes one after the other.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, IsockError } from '../../lib/index.ts'
import { Echo, Make, MakeItems, Weigh } from '../actions.ts'

export interface LargeOrder {
  readonly address: string
  readonly kind: 'answers' | 'echo' | 'data' | 'uploads' | 'streams' | 'slow handlers'
  readonly calls: number
  readonly bytes: number
}

export interface LargeOutcome {
  readonly right: number
  /** How many ended with each code. */
  readonly failures: Record<string, number>
  readonly seconds: number
  /** The longest small call over the same client, in milliseconds. */
  readonly worstSmallMs: number
}

const itemsEach = 4
const slowMs = 400

export async function runLarge({ address, kind, calls, bytes }: LargeOrder): Promise<LargeOutcome> {
  const client = new Client(address, { retry: 0 })
  const data = new Uint8Array(bytes)
  const runs: Record<LargeOrder['kind'], () => Promise<boolean>> = {
    answers: async () => (await client.runAction(Make, { bytes, afterMs: 0 })).length === bytes,
    echo: async () => ((await client.runAction(Echo, data)) as Uint8Array).length === bytes,
    data: async () => (await client.runAction(Weigh, data)) === bytes,
    'slow handlers': async () => (await client.runAction(Make, { bytes, afterMs: slowMs })).length === bytes,
    uploads: async () => (await client.runAction(Weigh, repeat(data))) === bytes * itemsEach,
    streams: async () => {
      let sum = 0
      for await (const item of client.runAction(MakeItems, { items: itemsEach, bytes })) sum += item.length
      return sum === bytes * itemsEach
    },
  }
  await client.connect()
  const failures: Record<string, number> = {}
  const count = (code: string): void => {
    failures[code] = (failures[code] ?? 0) + 1
  }
  let right = 0
  let open = calls
  const startedAtMs = performance.now()
  const runOne = async (): Promise<void> => {
    try {
      if (await runs[kind]()) right++
      else count('WRONG')
    } catch (error) {
      count(error instanceof IsockError ? error.code : String(error))
    } finally {
      open--
    }
  }
  const all = Promise.all(Array.from({ length: calls }, runOne))
  let worstSmallMs = 0
  while (open > 0) {
    const sentAtMs = performance.now()
    await client.runAction(Echo, 'small').catch(() => undefined)
    worstSmallMs = Math.max(worstSmallMs, performance.now() - sentAtMs)
    await sleep(1)
  }
  await all
  const seconds = (performance.now() - startedAtMs) / 1_000
  await client.close()
  return { right, failures, seconds, worstSmallMs }
}

async function* repeat(item: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < itemsEach; i++) yield item
}
