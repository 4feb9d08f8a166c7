// What happens to the servers and their store. Each fault leaves the server running, or ended, to be started again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '../../lib/testing/seeded-random.ts'
import type { Disk } from './disk.ts'
import type { OwnPostgres } from './own-postgres.ts'
import type { Phase } from './processes/aim.ts'
import type { CommitPhase, Site } from './site.ts'

export interface FaultWorld {
  readonly random: SeededRandom
  readonly postgres: OwnPostgres | undefined
  readonly disk: Disk | undefined
}

export interface Fault {
  readonly name: string
  /** How often it is drawn, beside the others. */
  readonly weight: number
  /** It lasts, or concerns all servers: one of these at a time. */
  readonly isAlone?: boolean
  /** Whether it can be done in this world. */
  isPossible(world: FaultWorld): boolean
  /** False: the phase that it was aimed at did not come, and nothing was done. */
  run(site: Site, world: FaultWorld): Promise<boolean>
}

const everywhere = (): boolean => true
const overPostgres = ({ postgres }: FaultWorld): boolean => postgres !== undefined
const overFile = ({ disk }: FaultWorld): boolean => disk !== undefined

/** Longer than a client waits for its own server alone, and than PostgreSQL keeps an idle transaction. */
const deadMs = { least: 7_000, most: 10_000 }
const handlerPhases: readonly Phase[] = ['handler starts', 'rows are locked', 'rows are written']
const filePhases: readonly Phase[] = ['before the commit', 'after the commit']

export const killedAnyTime: Fault = {
  name: 'killed: at any moment',
  weight: 40,
  isPossible: everywhere,
  run: async (site) => {
    await site.kill()
    return true
  },
}

export const faults: readonly Fault[] = [
  killedAnyTime,
  {
    name: 'killed: and away for longer than its clients wait',
    weight: 3,
    isAlone: true,
    isPossible: overPostgres,
    run: async (site, { random }) => {
      await site.kill()
      await sleep(random.between(deadMs.least, deadMs.most))
      return true
    },
  },
  {
    name: 'restarted (SIGTERM)',
    weight: 4,
    isPossible: everywhere,
    run: async (site) => {
      site.signal('SIGTERM')
      await site.ended(30_000)
      return true
    },
  },
  ...handlerPhases.map((phase) => killedIn(phase, 3, everywhere)),
  ...filePhases.map((phase) => killedIn(phase, 10, overFile)),
  killedAt('answer row sent', 'is lost', 4),
  killedAt('answer row sent', 'arrives', 4),
  killedAt('COMMIT sent', 'is lost', 5),
  killedAt('COMMIT sent', 'arrives', 8),
  killedAt('commit answered', 'is lost', 5),
  {
    name: 'killed: just after a commit was answered',
    weight: 5,
    isPossible: overPostgres,
    run: (site, { random }) => {
      const afterMs = random.between(0, 4)
      const kill = (): boolean => {
        setTimeout(() => site.signal('SIGKILL'), afterMs)
        return false
      }
      return thenEnded(site, site.at('commit answered', kill))
    },
  },
  stopped('stopped: at any moment', 1, everywhere, async (site) => {
    site.signal('SIGSTOP')
    return true
  }),
  ...[...handlerPhases, ...filePhases].map((phase) =>
    stopped(`stopped: ${phase}`, 1, filePhases.includes(phase) ? overFile : everywhere, (site) =>
      site.aim({ phase, signal: 'SIGSTOP' }),
    ),
  ),
  ...(['answer row sent', 'COMMIT sent', 'commit answered'] as const).map((phase) =>
    stopped(`stopped: ${phase}, which arrives`, 1, overPostgres, (site) =>
      site.at(phase, () => {
        site.signal('SIGSTOP')
        return false
      }),
    ),
  ),
  stopped('stopped: COMMIT sent, which is lost', 1, overPostgres, (site) =>
    site.at('COMMIT sent', () => {
      site.signal('SIGSTOP')
      return true
    }),
  ),
  {
    name: 'link to PostgreSQL: COMMIT is lost',
    weight: 4,
    isPossible: overPostgres,
    run: (site) => site.at('COMMIT sent', () => true),
  },
  {
    name: 'link to PostgreSQL: the answer to COMMIT is lost',
    weight: 8,
    isPossible: overPostgres,
    run: (site) => site.at('commit answered', () => true),
  },
  {
    name: 'PostgreSQL: backends terminated',
    weight: 4,
    isAlone: true,
    isPossible: overPostgres,
    run: async (_site, { postgres }) => {
      const others = "backend_type = 'client backend' and pid <> pg_backend_pid() and random() < 0.6"
      await postgres?.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${others}`)
      return true
    },
  },
  {
    name: 'PostgreSQL: a backend killed',
    weight: 2,
    isAlone: true,
    isPossible: overPostgres,
    run: async (_site, { postgres }) => {
      const others = "backend_type = 'client backend' and pid <> pg_backend_pid()"
      const rows = await postgres?.query(`select pid from pg_stat_activity where ${others} order by random() limit 1`)
      const pid = Number(rows?.[0]?.['pid'])
      if (!(pid > 1)) return false
      process.kill(pid, 'SIGKILL')
      return true
    },
  },
  {
    name: 'PostgreSQL: stopped immediately',
    weight: 2,
    isAlone: true,
    isPossible: overPostgres,
    run: async (_site, { postgres, random }) => {
      await postgres?.crash()
      // Half of them for longer than isock waits for a store.
      await sleep(random.chance(0.5) ? random.between(0, 1_000) : random.between(5_500, 8_000))
      await postgres?.start()
      return true
    },
  },
  {
    name: 'disk: full',
    weight: 4,
    isPossible: ({ disk }) => disk !== undefined && disk.cannotFill === undefined,
    run: async (site, { disk, random }) => {
      disk?.fill()
      try {
        await sleep(random.between(200, 2_000))
        if (random.chance(0.3)) await site.kill()
      } finally {
        disk?.free()
      }
      return true
    },
  },
  {
    name: 'disk: files cannot grow',
    weight: 4,
    isPossible: ({ disk }) => disk !== undefined && disk.cannotLimit === undefined,
    run: async (site, { disk, random }) => {
      const { pid } = site
      if (pid === undefined) return false
      disk?.limit(pid, true)
      await sleep(random.between(200, 2_000))
      if (site.pid === pid) disk?.limit(pid, false)
      return true
    },
  },
]

function killedIn(phase: Phase, weight: number, isPossible: Fault['isPossible']): Fault {
  return {
    name: `killed: ${phase}`,
    weight,
    isPossible,
    run: (site) => thenEnded(site, site.aim({ phase, signal: 'SIGKILL' })),
  }
}

function killedAt(phase: CommitPhase, what: 'is lost' | 'arrives', weight: number): Fault {
  const kill = (site: Site): boolean => {
    site.signal('SIGKILL')
    return what === 'is lost'
  }
  return {
    name: `killed: ${phase}, which ${what}`,
    weight,
    isPossible: overPostgres,
    run: (site) =>
      thenEnded(
        site,
        site.at(phase, () => kill(site)),
      ),
  }
}

async function thenEnded(site: Site, reached: Promise<boolean>): Promise<boolean> {
  // It may have ended before its last line was read.
  const isReached = (await reached) || site.pid === undefined
  if (isReached) await site.ended(5_000)
  return isReached
}

/** It stands still for longer than others wait for it, and continues. */
function stopped(
  name: string,
  weight: number,
  isPossible: Fault['isPossible'],
  stop: (site: Site) => Promise<boolean>,
): Fault {
  return {
    name,
    weight,
    isAlone: true,
    isPossible,
    run: async (site, { random, postgres }) => {
      if (!(await stop(site))) return false
      // A file has one server, which no other one continues for: only its links are dead then.
      await sleep(postgres === undefined ? random.between(500, 3_500) : random.between(deadMs.least, deadMs.most))
      site.signal('SIGCONT')
      return true
    },
  }
}
