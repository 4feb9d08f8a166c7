// Whether a row of values grows: the slope of the straight line that fits it best, and the middle of a part.

/** Units of y for each unit of x, by least squares; 0 for less than two points. */
export function slopeOf(xs: readonly number[], ys: readonly number[]): number {
  const meanX = meanOf(xs)
  const meanY = meanOf(ys)
  let above = 0
  let below = 0
  for (const [i, x] of xs.entries()) {
    above += (x - meanX) * ((ys[i] ?? meanY) - meanY)
    below += (x - meanX) ** 2
  }
  return below === 0 ? 0 : above / below
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
