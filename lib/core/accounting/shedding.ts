// Which accounts have to go when a server holds too much. What nobody uses goes before what is in use; of that, what
// belongs to the largest holder; of that, the oldest. Whoever holds less than a fair share is spared while others hold more.
//
//   1. idle accounts of holders above half a fair share     largest holder first, in it its largest part, in it the oldest
//   2. accounts in use of holders above a fair share        likewise, in the part the one that holds most
//   3. idle accounts of all others                          as 1.
//   4. accounts in use of all others                        as 2.
//   5. what the server's own program keeps                  idle before in use
import type { Holder, Holders, Holding, Part } from './holders.ts'

interface Step {
  /** Of a fair share: holders with no more are spared in this step. */
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

/** A turn of the event loop sheds no more than so many: some 10 us each. Fewer would not keep up with many small rooms. */
const mostInTurn = 2_048

/** Sheds accounts until `isEnough`, as many as one turn of the event loop may; returns how many. */
export function shed(holders: Holders, maxBytes: number, isEnough: () => boolean): number {
  let count = 0
  for (const { above, has, pick } of steps) {
    const least = (above * maxBytes) / Math.max(1, holders.addressCount)
    for (const part of largestFirst(holders, least, above, has)) {
      if (isEnough() || count === mostInTurn) return count
      // It has one: `has` says so.
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

/** The largest part of the holder that is the largest at the moment, again and again. */
function* largestFirst(holders: Holders, least: number, above: number, has: Step['has']): Generator<Part> {
  const left = [...holders.all()].sort((one, other) => one.bytes - other.bytes)
  for (let holder = left.pop(); holder !== undefined; holder = left.pop()) {
    if (holder.bytes < (left.at(-1)?.bytes ?? 0)) {
      // It has shrunk, by what was shed of it or of another holder of the same accounts.
      insert(left, holder)
      continue
    }
    if (holder.bytes <= least) return
    // Within a holder likewise: who comes from the address of a hoarder is not taken for one.
    const leastOfPart = (above * holder.bytes) / holder.parts.size
    const part = holder.largestPart((each) => each.bytes >= leastOfPart && has(each))
    if (part === undefined) continue
    yield part
    insert(left, holder)
  }
}

/** Where it belongs in a list by size. */
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
