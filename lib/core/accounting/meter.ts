// One kind of bytes of one account. It is told of every change and tells its account in steps, so that a small call costs
// an addition. What it has not told is less than a step; nothing, once it is settled.
import type { HeldKind } from './held.ts'

/** Who adds up what meters tell. */
export interface MeterReader {
  onMeter(kind: HeldKind, byBytes: number): void
}

const stepBytes = 1024

const nobody: MeterReader = { onMeter: () => undefined }

export class Meter {
  #reader: MeterReader
  readonly #kind: HeldKind
  /** Another meter of the same reader, for a reader that keeps its meters as a list. */
  next: Meter | undefined
  #bytes = 0
  #toldBytes = 0

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
    const untold = this.#bytes - this.#toldBytes
    if (untold >= stepBytes || untold <= -stepBytes) this.settle()
  }

  set(bytes: number): void {
    if (bytes !== this.#bytes) this.change(bytes - this.#bytes)
  }

  /** Tells all that it has not told. */
  settle(): void {
    const untold = this.#bytes - this.#toldBytes
    if (untold === 0) return
    this.#toldBytes = this.#bytes
    this.#reader.onMeter(this.#kind, untold)
  }

  /** Nothing is held any more. */
  clear(): void {
    this.#bytes = 0
    this.settle()
  }

  get isClosed(): boolean {
    return this.#reader === nobody
  }

  /** Nothing is held any more, and nothing that it is told from now on counts. */
  close(): void {
    this.clear()
    this.#reader = nobody
  }
}

/** Where meters come from. */
export interface MeterSource {
  meter(kind: HeldKind): Meter
}

/** For a side that accounts for nobody, as a client does for its one server. */
export const unaccounted: MeterSource = { meter: (kind) => new Meter(nobody, kind) }
