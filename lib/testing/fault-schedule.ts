// What happens to a simulated world, and when: all of it follows from the seed.
import type { SeededRandom } from './seeded-random.ts'
import type { Cut } from './virtual-network.ts'

/** A cut of all connections, a stall of them, or a crash of the server, which is restarted later. */
export type FaultKind = 'cut' | 'stall' | 'crash'

export type PlannedFault = { readonly atMs: number } & (
  | { readonly kind: 'cut'; readonly how: Cut }
  | { readonly kind: 'stall'; readonly forMs: number }
  | { readonly kind: 'crash'; readonly how: 'reset' | 'silent'; readonly downMs: number }
)

export const faultKinds: readonly FaultKind[] = ['cut', 'stall', 'crash']
const cuts: readonly Cut[] = ['reset', 'finish', 'half', 'silent']
const lastFaultMs = 30_000

/** In the order of their times. Half of them in the first 200 ms, where short scenarios are. */
export function planFaults(random: SeededRandom, kinds: readonly FaultKind[], most: number): PlannedFault[] {
  // One world in seven has none.
  const count = random.chance(1 / 7) ? 0 : random.between(1, most)
  const faults = Array.from({ length: kinds.length === 0 ? 0 : count }, () => planFault(random, kinds))
  return faults.sort((one, other) => one.atMs - other.atMs)
}

function planFault(random: SeededRandom, kinds: readonly FaultKind[]): PlannedFault {
  const atMs = Math.round(lastFaultMs ** random.next())
  const kind = random.pick(kinds) as FaultKind
  if (kind === 'cut') return { atMs, kind, how: random.pick(cuts) as Cut }
  if (kind === 'stall') return { atMs, kind, forMs: random.between(100, 60_000) }
  return { atMs, kind, how: random.chance(0.7) ? 'reset' : 'silent', downMs: random.between(0, 5_000) }
}

/** As in `   812 ms  cut: reset`. */
export function describeFault(fault: PlannedFault): string {
  const at = `${String(fault.atMs).padStart(7)} ms  `
  if (fault.kind === 'cut') return `${at}cut: ${fault.how}`
  if (fault.kind === 'stall') return `${at}stall for ${fault.forMs} ms`
  return `${at}crash: ${fault.how}, restart after ${fault.downMs} ms`
}
