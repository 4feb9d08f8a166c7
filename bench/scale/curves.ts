// What of isock could grow with what: each curve with its points, and what a sample of a point is.
import type { Cell } from '../cells.ts'
import { openAway } from './away-sessions.ts'
import { openIdleLinks } from './idle-links.ts'
import { callCpu, openCalls, openFanout, type Subject, smallCalls } from './subject.ts'

export interface Curve {
  /** As --cells takes it. */
  readonly name: string
  readonly title: string
  /** Of what there are n, or what has the size n. */
  readonly of: string
  readonly points: readonly number[]
  readonly series: readonly { readonly what: string; readonly unit: string }[]
  /** About how long it takes to prepare all points. */
  readonly prepareMs: number
  /** About how long a round takes, where that is not for as long as calls are made. */
  readonly roundMs?: number
  /** Of what differs little from round to round and takes long. */
  readonly mostRounds?: number
  /** Prepares a point. */
  open(n: number): Promise<Subject>
}

const cpuOnly = [{ what: 'CPU', unit: 'us' }] as const
const memory = [
  { what: 'heap', unit: 'KB' },
  { what: 'resident memory', unit: 'KB' },
] as const

const links: Curve = {
  name: 'scale links',
  prepareMs: 10_000,
  title: 'a small call, 64 in flight on all links together',
  of: 'links',
  points: [1, 10, 100, 1_000],
  series: cpuOnly,
  open: (n) => openCalls({ module: 'isock', actions: 1 }, { ...smallCalls, links: n, isSpread: true }),
}

const idle: Curve = {
  name: 'scale idle',
  prepareMs: 0,
  roundMs: 18_000,
  mostRounds: 2,
  title: 'an idle link (server)',
  of: 'links',
  points: [100, 1_000, 3_000, 10_000],
  series: memory,
  open: openIdleLinks,
}

/** Each has a server of its own, so that all points can be measured in turn. */
const away: Curve = {
  name: 'scale away',
  prepareMs: 30_000,
  title: 'a small call beside sessions that are away',
  of: 'sessions that are away',
  points: [0, 1_000, 10_000, 100_000],
  series: [...cpuOnly, ...memory],
  open: openAway,
}

const actions: Curve = {
  name: 'scale actions',
  prepareMs: 10_000,
  title: 'a small call to all actions in turn',
  of: 'actions',
  points: [10, 100, 1_000, 10_000],
  series: cpuOnly,
  open: (n) => openCalls({ module: 'isock', actions: n }, { ...smallCalls, actions: n }),
}

const deliveriesAtOnce = 2_000
/** Fewer than a subscriber's window takes: nobody waits for it. */
const messagesAtOnce = 128

const subscribers: Curve = {
  name: 'scale subscribers',
  prepareMs: 12_000,
  title: 'a delivery of a message to all (server)',
  of: 'subscribers of one channel',
  points: [10, 100, 1_000, 5_000],
  series: cpuOnly,
  open: (n) => {
    const messages = Math.min(messagesAtOnce, Math.ceil(deliveriesAtOnce / n))
    return openFanout('fanout/isock.js', n, { messages, isSpread: true })
  },
}

const rooms: Curve = {
  name: 'scale rooms',
  prepareMs: 10_000,
  title: 'a message to a room with one subscriber (server)',
  of: 'rooms of one channel',
  points: [1, 100, 1_000, 10_000],
  series: cpuOnly,
  open: (n) => openFanout('scale/rooms.js', n, { messages: messagesAtOnce, isSpread: false }),
}

const mostItems = 50_000
const mostStreamedBytes = 256 * 2 ** 20

const items: Curve = {
  name: 'scale items',
  prepareMs: 6_000,
  title: 'an item of a stream',
  of: 'bytes of an item',
  points: [64, 1_024, 16_384, 262_144],
  series: [
    ...cpuOnly,
    { what: 'time', unit: 'us' },
    { what: 'CPU for a KiB', unit: 'us' },
    { what: 'time for a KiB', unit: 'us' },
  ],
  open: (bytes) => {
    const count = Math.min(mostItems, mostStreamedBytes / bytes)
    const cell: Cell = { ...smallCalls, name: 'items', group: 'stream', value: undefined, inFlight: 1 }
    return openCalls({ module: 'isock', actions: 1 }, { ...cell, items: count, itemBytes: bytes }, (sample) => {
      const CPU = callCpu(sample)
      const time = 1e6 / sample.perSecond
      const perKibibyte = 1_024 / bytes
      return { CPU, time, 'CPU for a KiB': CPU * perKibibyte, 'time for a KiB': time * perKibibyte }
    })
  },
}

export const curves: readonly Curve[] = [links, idle, away, actions, subscribers, rooms, items]
