// Chooses which accounts to evict when a server holds too much. Idle accounts go before those in use; among these, those of
// the largest holder; among these, the oldest. Holders with less than a fair share are spared while others hold more.
//
//   1. idle accounts of holders above half a fair share     largest holder first, then its largest part, then the oldest
//   2. accounts in use of holders above a fair share        likewise, but the largest account of the part
//   3. idle accounts of all others                          as 1.
//   4. accounts in use of all others                        as 2.
//   5. what the server's own program keeps                  idle before in use
import type { Holder, Holders, Holding, Part } from './holders.ts'

interface Step {
  /** A multiple of a fair share. Holders with no more are spared in this step. */
  readonly above: number
  readonly has: (part: Part) => boolean
  readonly pick: (part: Part) => Holding | undefined
}

const hasIdle = ({ idle }: Part): boolean => idle.size > 0
const hasInUse = ({ inUse }: Part): boolean => inUse.size > 0

const steps: readonly Step[] = [
  { above: 1 / 2, has: hasIdle, pick: oldestIdle },
  { above: 1, has: hasInUse, pick: largestInUse },
  { above: 0, has: hasIdle, pick: oldestIdle },
  { above: 0, has: hasInUse, pick: largestInUse },
]

/** The most accounts evicted in one turn of the event loop, at about 10 us each. Fewer would not keep up with many small rooms. */
const mostInTurn = 2_048

/** Evicts accounts until `isEnough` returns true or the limit of one turn is reached; returns the number evicted. */
export function shed(holders: Holders, maxBytes: number, isEnough: () => boolean): number {
  let count = 0
  for (const { above, has, pick } of steps) {
    const least = (above * maxBytes) / Math.max(1, holders.addressCount)
    for (const part of largestFirst(holders, least, above, has)) {
      if (isEnough() || count === mostInTurn) return count
      // `has` guarantees that there is one.
      pick(part)?.shed()
      count++
    }
  }
  for (const pick of [oldestIdle, largestInUse]) {
    for (let own = pick(holders.server); own !== undefined; own = pick(holders.server)) {
      if (isEnough() || count === mostInTurn) return count
      own.shed()
      count++
    }
  }
  return count
}

/** Repeatedly yields the largest part of the currently largest holder. */
function* largestFirst(holders: Holders, least: number, above: number, has: Step['has']): Generator<Part> {
  const left = [...holders.all()].sort((one, other) => one.bytes - other.bytes)
  for (let holder = left.pop(); holder !== undefined; holder = left.pop()) {
    if (holder.bytes < (left.at(-1)?.bytes ?? 0)) {
      // It has shrunk: some of its accounts were evicted, or those of another holder of the same accounts.
      insert(left, holder)
      continue
    }
    if (holder.bytes <= least) return
    // The same applies within a holder: a small client at the address of a hoarder is spared.
    const leastOfPart = (above * holder.bytes) / holder.parts.size
    const part = holder.largestPart((each) => each.bytes >= leastOfPart && has(each))
    if (part === undefined) continue
    yield part
    insert(left, holder)
  }
}

/** Inserts into a list sorted by size. */
function insert(sorted: Holder[], holder: Holder): void {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as Holder).bytes <= holder.bytes) low = middle + 1
    else high = middle
  }
  sorted.splice(low, 0, holder)
}

function oldestIdle({ idle }: Part): Holding | undefined {
  const [oldest] = idle
  return oldest
}

function largestInUse({ inUse }: Part): Holding | undefined {
  let largest: Holding | undefined
  for (const account of inUse) if (largest === undefined || account.bytes > largest.bytes) largest = account
  return largest
}
