// The values of the cells, and how many operations one measurement takes.
import type { CellName } from './contender.ts'

export interface Cell {
  readonly name: CellName
  readonly inFlight: number
  /** Operations of one measurement; items for a stream. */
  readonly operations: number
}

/** Small, rows: JSON. Mix: what JSON cannot say. Bytes: one mebibyte. */
export const values: Readonly<Record<Exclude<CellName, 'stream'>, unknown>> = {
  small: { id: 7, name: 'isock', tags: ['a', 'b'], ok: true },
  rows: Array.from({ length: 10 }, (_, i) => ({
    id: i,
    title: `row number ${i}`,
    body: 'the quick brown fox jumps over the lazy dog '.repeat(3),
    score: i * 1.5,
    tags: ['red', 'green'],
  })),
  mix: {
    at: new Date(1_700_000_000_000),
    counts: new Map([
      ['a', 1],
      ['b', 2],
    ]),
    seen: new Set([1, 2, 3]),
    big: 12_345_678_901_234_567_890n,
    fault: new RangeError('out of range'),
  },
  bytes: new Uint8Array(1024 * 1024).map((_, i) => i % 251),
}

export const cells: readonly Cell[] = [
  { name: 'small', inFlight: 1, operations: 10_000 },
  { name: 'small', inFlight: 64, operations: 100_000 },
  { name: 'small', inFlight: 512, operations: 100_000 },
  { name: 'rows', inFlight: 64, operations: 30_000 },
  { name: 'mix', inFlight: 64, operations: 20_000 },
  { name: 'bytes', inFlight: 1, operations: 300 },
  { name: 'stream', inFlight: 1, operations: 100_000 },
]
