// One kind of bytes of one account. Reports changes to its account in steps, so that a small call costs one addition.
// The unreported amount is less than a step, and zero once it is settled.
import type { HeldKind } from './held.ts'

/** Adds up what meters report. */
export interface MeterReader {
  onMeter(kind: HeldKind, byBytes: number): void
}

const stepBytes = 1024

const nobody: MeterReader = { onMeter: () => undefined }

export class Meter {
  #reader: MeterReader
  readonly #kind: HeldKind
  /** Another meter of the same reader, for a reader that keeps its meters in a linked list. */
  next: Meter | undefined
  #bytes = 0
  #reportedBytes = 0

  constructor(reader: MeterReader, kind: HeldKind, next?: Meter) {
    this.#reader = reader
    this.#kind = kind
    this.next = next
  }

  get bytes(): number {
    return this.#bytes
  }

  change(byBytes: number): void {
    this.#bytes += byBytes
    const unreported = this.#bytes - this.#reportedBytes
    if (unreported >= stepBytes || unreported <= -stepBytes) this.settle()
  }

  set(bytes: number): void {
    if (bytes !== this.#bytes) this.change(bytes - this.#bytes)
  }

  /** Reports everything not yet reported. */
  settle(): void {
    const unreported = this.#bytes - this.#reportedBytes
    if (unreported === 0) return
    this.#reportedBytes = this.#bytes
    this.#reader.onMeter(this.#kind, unreported)
  }

  /** Called when nothing is held any more. */
  clear(): void {
    this.#bytes = 0
    this.settle()
  }

  get isClosed(): boolean {
    return this.#reader === nobody
  }

  /** Nothing is held any more, and later changes are ignored. */
  close(): void {
    this.clear()
    this.#reader = nobody
  }
}

/** Creates meters. */
export interface MeterSource {
  meter(kind: HeldKind): Meter
}

/** For a side without accounting, such as a client, which has one server. */
export const unaccounted: MeterSource = { meter: (kind) => new Meter(nobody, kind) }
