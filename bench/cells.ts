// The values, the cells of the table, and which of them are measured one after the other in the same two processes.
import type { ValueName } from './contender.ts'

/** Small, rows, people: JSON, of about 60, 2 100 and 1 200 bytes. Mix: what JSON cannot say. Bytes, buffer: one mebibyte. */
const mebibyte = new Uint8Array(1024 * 1024).map((_, i) => i % 251)

export const values: Readonly<Record<ValueName, unknown>> = {
  small: { id: 7, name: 'isock', tags: ['a', 'b'], ok: true },
  rows: Array.from({ length: 10 }, (_, i) => ({
    id: i,
    title: `row number ${i}`,
    body: 'the quick brown fox jumps over the lazy dog '.repeat(3),
    score: i * 1.5,
    tags: ['red', 'green'],
  })),
  people: Array.from({ length: 10 }, (_, id) => ({
    id,
    name: `person ${id}`,
    email: `person${id}@example.org`,
    score: 19.81 + id,
    tags: ['new', 'paid', 'admin', 'beta', 'north'],
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
  bytes: mebibyte,
  buffer: Buffer.from(mebibyte),
}

export const streamedItems = 100_000

/** An item of the stream. */
export function itemAt(id: number): { id: number; name: string } {
  return { id, name: 'item' }
}

export type GroupName = ValueName | 'stream' | 'links' | 'actions' | 'fanout'

export interface Cell {
  readonly name: string
  readonly group: GroupName
  /** undefined: a stream or a fan-out. */
  readonly value: ValueName | undefined
  /** Of a fan-out: subscribers. */
  readonly links: number
  /** On each link. Of a fan-out: messages that are published at a time. */
  readonly inFlight: number
  /** Registered at the server; more than one: the calls go to all of them in turn. */
  readonly actions: number
  /** `inFlight` is on all links together, to which the calls go in turn. */
  readonly isSpread?: boolean
  /** Of a stream; without them `streamedItems` of `itemAt`. */
  readonly items?: number
  readonly itemBytes?: number
}

/** The cells that share a server: they are measured one after the other in the same two processes. */
export interface Sitting {
  readonly group: GroupName
  readonly actions: number
  readonly cells: readonly Cell[]
}

/** Whether few of them fill a link. */
export function isLarge(value: ValueName): boolean {
  return value === 'bytes' || value === 'buffer'
}

function callCells(value: ValueName): Sitting {
  const common = { group: value, value, actions: 1 } as const
  return {
    group: value,
    actions: 1,
    cells: [
      { ...common, name: `${value} x1`, links: 1, inFlight: 1 },
      ...(isLarge(value) ? [{ ...common, name: `${value} x16`, links: 1, inFlight: 16 }] : []),
      { ...common, name: `${value} x64`, links: 1, inFlight: 64 },
      { ...common, name: `${value} x512`, links: 1, inFlight: 512 },
      { ...common, name: `${value} 64 links x8`, links: 64, inFlight: 8 },
    ],
  }
}

const stream: Sitting = {
  group: 'stream',
  actions: 1,
  cells: [{ name: 'stream', group: 'stream', value: undefined, links: 1, inFlight: 1, actions: 1 }],
}

/** One call in flight on each of n links: what a call costs when it shares its writes with no other. */
const links: Sitting = {
  group: 'links',
  actions: 1,
  cells: [1, 10, 100, 1_000].map((count) => ({
    name: `links ${count}`,
    group: 'links',
    value: 'small',
    links: count,
    inFlight: 1,
    actions: 1,
  })),
}

const actions: readonly Sitting[] = [10, 100, 1_000].map((count) => ({
  group: 'actions',
  actions: count,
  cells: [{ name: `actions ${count}`, group: 'actions', value: 'small', links: 1, inFlight: 64, actions: count }],
}))

/** A message to each of 1 000 subscribers: one at a time, and ten. */
const fanout: Sitting = {
  group: 'fanout',
  actions: 1,
  cells: [1, 10].map((count) => ({
    name: `fanout x${count}`,
    group: 'fanout',
    value: undefined,
    links: 1_000,
    inFlight: count,
    actions: 1,
  })),
}

/** What contenders do that are there for comparison, not as a limit or the peer to beat: the ends of the scale cost most time. */
export function isAmongFew({ name, group }: Cell): boolean {
  return group in values ? name.endsWith(' x1') || name.endsWith(' x64') : true
}

export const sittings: readonly Sitting[] = [
  callCells('small'),
  callCells('rows'),
  callCells('people'),
  callCells('mix'),
  callCells('bytes'),
  callCells('buffer'),
  stream,
  links,
  ...actions,
  fanout,
]
