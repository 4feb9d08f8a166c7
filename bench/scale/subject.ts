// The points of a curve as what can be sampled: calls or fan-outs of processes that stay open.
import type { Cell } from '../cells.ts'
import { FanoutPair } from '../fanout/fanout-pair.ts'
import type { Burst } from '../fanout/worker.ts'
import { Pair, type PairOptions, type Sample } from '../pair.ts'

/** A point whose processes are there. */
export interface Subject {
  /** What it costs, by the names of the curve's series. */
  sample(ms: number): Promise<Readonly<Record<string, number>>>
  close(): Promise<void>
}

export const smallCalls: Cell = { name: 'scale', group: 'small', value: 'small', links: 1, inFlight: 64, actions: 1 }

const warmUpMs = 300

/** Of both sides. */
export function callCpu({ server, client }: Sample): number {
  return server.cpuMicroseconds + client.cpuMicroseconds
}

export async function openCalls(
  options: PairOptions,
  cell: Cell,
  costsOf: (sample: Sample) => Record<string, number> = (sample) => ({ CPU: callCpu(sample) }),
): Promise<Subject> {
  const pair = await Pair.start(options)
  const subject = {
    sample: async (ms: number) => costsOf(await pair.sample(cell, ms)),
    close: () => pair.close(),
  }
  return warm(subject)
}

export async function openFanout(module: string, n: number, burst: Burst): Promise<Subject> {
  const pair = await FanoutPair.start(module, n)
  const subject = {
    sample: async (ms: number) => ({ CPU: (await pair.sampleBursts(burst, ms)).server.cpuMicroseconds }),
    close: () => pair.close(),
  }
  return warm(subject)
}

/** Its first sample is worse than others. Whatever fails meanwhile leaves no process behind. */
export async function warm(subject: Subject): Promise<Subject> {
  try {
    await subject.sample(warmUpMs)
    return subject
  } catch (error) {
    await subject.close()
    throw error
  }
}
