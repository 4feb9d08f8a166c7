// How long calls took, kept as they come; the figures that matter when all are in.

export interface Latency {
  readonly count: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly maxMs: number
}

export class LatencySample {
  readonly #takenMs: number[] = []

  add(takenMs: number): void {
    this.#takenMs.push(takenMs)
  }

  get count(): number {
    return this.#takenMs.length
  }

  /** NaN where there is no call. */
  read(): Latency {
    const sorted = this.#takenMs.toSorted((a, b) => a - b)
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
    return { count: sorted.length, medianMs: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
  }
}
