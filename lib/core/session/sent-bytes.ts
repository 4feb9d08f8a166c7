// The data of calls that were sent and not answered, compared to the limit of the callee: a call that would exceed it waits at its
// caller instead of being refused by the callee.

export class SentBytes {
  readonly #maxBytes: number
  readonly #sizes: number[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** A single call always has room: otherwise it could never run. */
  hasRoomFor(size: number): boolean {
    return this.#bytes === 0 || this.#bytes + size <= this.#maxBytes
  }

  sent(slot: number, size: number): void {
    this.#sizes[slot] = size
    this.#bytes += size
  }

  answered(slot: number): void {
    this.#bytes -= this.#sizes[slot] ?? 0
    this.#sizes[slot] = 0
  }
}
