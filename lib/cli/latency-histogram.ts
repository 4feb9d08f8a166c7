// Latencies counted in buckets of a fixed number, so that a long run needs no more memory than a short one. A bucket
// is less than 1.6 % wide; the least and the most are exact.

const microsecondsPerMs = 1_000
/** Buckets for each doubling. */
const steps = 64
const doublings = 40

/** What took at most `upToMs`, and more than the bar before it. */
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

  /** 0 where there is none, likewise below. */
  get minMs(): number {
    return this.#count === 0 ? 0 : this.#minMs
  }

  get maxMs(): number {
    return this.#maxMs
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count
  }

  /** What this share of all took at most: 0.99 for the 99th percentile. */
  percentileMs(share: number): number {
    const rank = Math.max(1, Math.ceil(this.#count * share))
    let seen = 0
    for (const [index, count] of this.#buckets.entries()) {
      seen += count
      if (seen >= rank) return Math.max(this.#minMs, Math.min(this.#maxMs, upperMsOf(index)))
    }
    return 0
  }

  /** From the bar of the least to that of the most, at 1, 2, 5, 10, 20, 50 ... */
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
