// What the processors did meanwhile: how much time the host took away from this machine, and what others used of it.
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** In ticks of all processors together; nothing where there is no /proc/stat. */
interface Ticks {
  readonly total: number
  readonly busy: number
  readonly stolen: number
}

export interface Meanwhile {
  /** Shares of the time of all processors, from 0 to 1. */
  readonly stolen: number
  readonly others: number
}

const ticksPerSecond = 100

/** Begins to watch; the result tells what happened until it is called. */
export function watchProcessors(): (ownSeconds: number) => Meanwhile {
  const before = readTicks()
  return (ownSeconds) => {
    const after = readTicks()
    const total = after.total - before.total
    if (total === 0) return { stolen: 0, others: 0 }
    const own = ownSeconds * ticksPerSecond
    return {
      stolen: (after.stolen - before.stolen) / total,
      others: Math.max(0, (after.busy - before.busy - own) / total),
    }
  }
}

function readTicks(): Ticks {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
    const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softIrq = 0, stolen = 0] = line
      .split(/\s+/)
      .slice(1)
      .map(Number)
    const busy = user + nice + system + irq + softIrq
    return { total: busy + idle + waiting + stolen, busy, stolen }
  } catch {
    return { total: 0, busy: 0, stolen: 0 }
  }
}

/** One line on the machine. */
export function machine(): string {
  const all = cpus()
  return `${all.length} x ${all[0]?.model.trim() ?? 'unknown processor'}, ${process.platform} ${process.arch}, Node ${process.version}`
}
