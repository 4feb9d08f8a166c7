// How fast a cost grows: the exponent b of cost ~ n^b, and how much the last point costs of the first.
import type { Point } from '../summary.ts'

export interface Growth {
  /** undefined: there are fewer than two points above zero. */
  readonly exponent: number | undefined
  readonly lastToFirst: number | undefined
}

/** By least squares of the logarithms of the medians. A point at zero counts for the ratio alone: it has no logarithm. */
export function growthOf(points: readonly Point[]): Growth {
  const logs = points
    .filter(({ n, cost }) => n > 0 && cost.median > 0)
    .map(({ n, cost }) => [Math.log(n), Math.log(cost.median)] as const)
  const first = points[0]?.cost.median
  const last = points.at(-1)?.cost.median
  const hasEnds = points.length > 1 && first !== undefined && last !== undefined && first > 0
  return { exponent: logs.length > 1 ? slopeOf(logs) : undefined, lastToFirst: hasEnds ? last / first : undefined }
}

function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [meanX, meanY] = [mean(0), mean(1)]
  let above = 0
  let below = 0
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY)
    below += (x - meanX) ** 2
  }
  return above / below
}
