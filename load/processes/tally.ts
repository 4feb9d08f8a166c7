// How often each number came. Bytes rather than a Map: the memory of the process is measured beside it.

export interface TallyReport {
  /** Numbers that came once. */
  readonly once: number
  /** Numbers that came more often. */
  readonly more: number
}

export class Tally {
  #counts = new Uint8Array(0)

  add(number: number): void {
    if (number >= this.#counts.length) this.#grow(number)
    const count = this.#counts[number] ?? 0
    if (count < 255) this.#counts[number] = count + 1
  }

  reserve(count: number): void {
    if (count > this.#counts.length) this.#grow(count / 2)
  }

  /** And begins anew. */
  read(): TallyReport {
    let once = 0
    let more = 0
    for (const count of this.#counts) {
      if (count === 1) once++
      else if (count > 1) more++
    }
    this.#counts = new Uint8Array(0)
    return { once, more }
  }

  #grow(number: number): void {
    const grown = new Uint8Array(Math.max(1_024, Math.ceil(number * 2)))
    grown.set(this.#counts)
    this.#counts = grown
  }
}
