// Runs one operation again and again, with a number of them in flight, and says how many there were and how long each took.
import { cpuSeconds } from '../usage.ts'

export interface Sampled {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of this process, for one operation. */
  readonly cpuMicroseconds: number
}

/** `pauseMs`: between two operations of one place in flight. */
export interface Load {
  readonly inFlight: number
  readonly ms: number
  readonly pauseMs?: number
}

export async function sample({ inFlight, ms, pauseMs }: Load, operation: () => Promise<unknown>): Promise<Sampled> {
  const times: number[] = []
  const cpuBefore = cpuSeconds()
  const startedAt = performance.now()
  const isOver = (): boolean => performance.now() - startedAt >= ms
  const work = async (): Promise<void> => {
    while (!isOver()) {
      const begunAt = performance.now()
      await operation()
      times.push(performance.now() - begunAt)
      if (pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  const seconds = (performance.now() - startedAt) / 1_000
  times.sort((a, b) => a - b)
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return {
    perSecond: times.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuMicroseconds: ((cpuSeconds() - cpuBefore) / times.length) * 1e6,
  }
}
