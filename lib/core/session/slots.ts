// Numbers for calls. A session agrees on a count of slots; a call takes a free slot and the slot's next number:
//
//   seq = generation * slots + slot          e.g. 1024 slots: 1024, 1025, 2048 (slot 0 again), ...
//
// So a new seq in a slot acknowledges the former call of that slot, whose result can be dropped. The table of the other side has one
// entry for each slot: bounded, found by index, never blocked by one long call.
// (The idea of NFS 4.1 sessions, RFC 8881 section 2.10.6.)

export class Slots {
  readonly count: number
  readonly #generations: number[] = []
  readonly #free: number[] = []

  constructor(count: number) {
    this.count = count
  }

  get hasFree(): boolean {
    return this.#free.length > 0 || this.#generations.length < this.count
  }

  /** The next seq of a free slot. The slot used last comes first, so that few are in use. */
  take(): number {
    let slot = this.#free.pop()
    if (slot === undefined) {
      slot = this.#generations.length
      this.#generations.push(0)
    }
    const generation = (this.#generations[slot] as number) + 1
    this.#generations[slot] = generation
    return generation * this.count + slot
  }

  release(seq: number): void {
    this.#free.push(this.slotOf(seq))
  }

  slotOf(seq: number): number {
    return seq % this.count
  }
}
