// What the process that this runs in uses: its processor time, and the most memory that it had resident during a sample.

const everyMs = 50

/** Of this process so far. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

export interface Usage {
  readonly cpuSeconds: number
  /** The largest resident memory, in MiB. */
  readonly mebibytes: number
}

/**
 * Looks at the resident memory every 50 ms, which takes some 10 us; `maxRSS` of the system would tell the most of all samples so
 * far. Begins a sample; the result ends it.
 */
export function watchUsage(): () => Usage {
  const cpuBefore = cpuSeconds()
  let most = process.memoryUsage.rss()
  const look = (): void => {
    most = Math.max(most, process.memoryUsage.rss())
  }
  const timer = setInterval(look, everyMs)
  return () => {
    const cpu = cpuSeconds() - cpuBefore
    clearInterval(timer)
    look()
    return { cpuSeconds: cpu, mebibytes: most / 2 ** 20 }
  }
}

/** The heap and the resident memory of this process after its garbage is collected, in bytes. Needs --expose-gc. */
export interface HeldMemory {
  readonly heap: number
  readonly resident: number
}

const collections = 4
const pauseMs = 150

/** Between the collections, what was released is finalised: sockets, buffers. */
export async function heldMemory(): Promise<HeldMemory> {
  if (globalThis.gc === undefined) throw new Error('needs a process with --expose-gc')
  for (let i = 0; i < collections; i++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed, resident: rss }
}
