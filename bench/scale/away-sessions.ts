// Calls beside sessions whose clients were there and left without a word, which a server keeps for their lease.
import { Child } from '../child.ts'
import { Pair } from '../pair.ts'
import type { AwayOrder } from './away-worker.ts'
import { memoryOfEach } from './idle-links.ts'
import { callCpu, type Subject, smallCalls, warm } from './subject.ts'

/** Made at an order, so that each is answered in time. */
const batch = 10_000
/** Before what is counted, as with idle links. */
const warmUpSessions = 200

/** A server with so many of them, and a client whose calls are measured. */
export async function openAway(n: number): Promise<Subject> {
  const pair = await Pair.start({ module: 'isock-roomy', actions: 1, exposesGc: true })
  try {
    const memory = n === 0 ? {} : await leave(pair, n)
    return await warm({
      sample: async (ms) => ({ CPU: callCpu(await pair.sample(smallCalls, ms)), ...memory }),
      close: () => pair.close(),
    })
  } catch (error) {
    await pair.close()
    throw error
  }
}

/** What each of them takes. */
async function leave(pair: Pair, n: number): Promise<Record<string, number>> {
  const visitors = await Child.start<AwayOrder>('scale/away-worker.js', [])
  try {
    await visitors.ask({ do: 'visit', port: pair.port, count: warmUpSessions })
    const before = await pair.serverMemory()
    for (let left = n; left > 0; left -= batch) {
      await visitors.ask({ do: 'visit', port: pair.port, count: Math.min(left, batch) })
    }
    return memoryOfEach(n, before, await pair.serverMemory())
  } finally {
    visitors.kill()
  }
}
