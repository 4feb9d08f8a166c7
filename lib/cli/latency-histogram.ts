// Latencies counted in a fixed number of buckets, so that a long run needs no more memory than a short one. A bucket is less
// than 1.6 % wide; minimum and maximum are exact.

const microsecondsPerMs = 1_000
/** Buckets for each doubling. */
const steps = 64
const doublings = 40

/** The count of latencies up to `upToMs` and above the bar before it. */
export interface Bar {
  readonly upToMs: number
  readonly count: number
}

export class LatencyHistogram {
  readonly #buckets = new Float64Array(steps * doublings)
  #count = 0
  #sumMs = 0
  #minMs = Number.POSITIVE_INFINITY
  #maxMs = 0

  add(ms: number): void {
    this.#count++
    this.#sumMs += ms
    this.#minMs = Math.min(this.#minMs, ms)
    this.#maxMs = Math.max(this.#maxMs, ms)
    const index = bucketOf(ms)
    this.#buckets[index] = (this.#buckets[index] as number) + 1
  }

  get count(): number {
    return this.#count
  }

  /** 0 without latencies, as are the others below. */
  get minMs(): number {
    return this.#count === 0 ? 0 : this.#minMs
  }

  get maxMs(): number {
    return this.#maxMs
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count
  }

  /** The upper bound for this share of all: 0.99 for the 99th percentile. */
  percentileMs(share: number): number {
    const rank = Math.max(1, Math.ceil(this.#count * share))
    let seen = 0
    for (const [index, count] of this.#buckets.entries()) {
      seen += count
      if (seen >= rank) return Math.max(this.#minMs, Math.min(this.#maxMs, upperMsOf(index)))
    }
    return 0
  }

  /** The bars from the minimum to the maximum, at 1, 2, 5, 10, 20, 50 ... */
  bars(): Bar[] {
    const bars: Bar[] = []
    if (this.#count === 0) return bars
    let index = 0
    for (const upToMs of edges()) {
      let count = 0
      for (; index < this.#buckets.length && upperMsOf(index) <= upToMs; index++)
        count += this.#buckets[index] as number
      if (count > 0 || bars.length > 0) bars.push({ upToMs, count })
      if (upToMs >= this.#maxMs * (1 + 1 / steps)) break
    }
    return bars.at(-1)?.count === 0 ? bars.slice(0, -1) : bars
  }
}

function* edges(): Generator<number> {
  for (let exponent = -2; ; exponent++) {
    for (const digit of [1, 2, 5]) yield Number(`${digit}e${exponent}`)
  }
}

/** The first `steps` buckets are one microsecond each; each doubling after them has as many again. */
function bucketOf(ms: number): number {
  const microseconds = Math.max(0, Math.ceil(ms * microsecondsPerMs) - 1)
  if (microseconds < steps) return microseconds
  const doubling = Math.floor(Math.log2(microseconds / steps))
  const index = (doubling + 1) * steps + Math.floor(microseconds / 2 ** doubling) - steps
  return Math.min(index, steps * doublings - 1)
}

function upperMsOf(index: number): number {
  if (index < steps) return (index + 1) / microsecondsPerMs
  const doubling = Math.floor(index / steps) - 1
  return ((steps + (index % steps) + 1) * 2 ** doubling) / microsecondsPerMs
}
