// What sessions keep, and sessions themselves, with or without links.
import type { Frame } from '../../lib/core/wire/frames/frame.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import type { Attack, Front } from './attack.ts'
import { bytesOf, callFrame, firstSeq, type RawLink } from './raw-link.ts'
import { packed } from './values.ts'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const lanes = 8
const slots = 1_024

/** So many calls of the first name, each with this data. */
function calls(count: number, data: () => ReturnType<typeof packed>, inputs = 0): Buffer {
  return bytesOf(...Array.from({ length: count }, (_, i) => callFrame(firstSeq + i, 0, data(), inputs)))
}

/** Sends as much input as it is granted, for a while. */
async function fillInputs(front: Front, link: RawLink, count: number): Promise<void> {
  const item = packed('x'.repeat(64 * kibibyte))
  const sent = new Map<number, { index: number; bytes: number }>()
  link.onFrame = (frame: Frame) => {
    if (frame.kind !== Kind.InputCredit) return
    const own = sent.get(frame.seq) ?? { index: 0, bytes: 0 }
    sent.set(frame.seq, own)
    while (own.bytes < frame.granted) {
      link.send({ kind: Kind.Input, seq: frame.seq, index: own.index++, value: item })
      own.bytes += 64 * kibibyte
      front.count('input MB', 1 / 16)
    }
  }
  link.write(calls(count, () => packed(undefined), 1))
  await front.pause(700)
}

export const sessionAttacks: readonly Attack[] = [
  {
    name: 'answers',
    title: 'sessions that leave with 20 MiB of answers',
    run: (front) =>
      front.lanes(lanes, async () => {
        const link = await front.guest(['Make'])
        link.write(calls(20, () => packed({ bytes: mebibyte, afterMs: 100 })))
        await front.pause(60)
        link.drop()
        front.count('calls', 20)
      }),
  },
  {
    name: 'input',
    title: 'sessions with input that nobody reads, without links',
    run: (front) =>
      front.lanes(4, async () => {
        const link = await front.guest(['Ignore'])
        await fillInputs(front, link, 256)
        link.drop()
      }),
  },
  {
    name: 'items',
    title: 'sessions with items that nobody takes, without links',
    run: (front) =>
      front.lanes(lanes, async () => {
        const link = await front.guest(['MakeItems'])
        link.write(calls(64, () => packed({ items: 100, bytes: 64 * kibibyte })))
        await front.pause(400)
        link.drop()
      }),
  },
  {
    name: 'names',
    title: 'sessions with 2 MiB of names, with and without links',
    run: async (front) => {
      const bytes = bytesOf(
        ...Array.from({ length: 4_000 }, (_, ref) => ({
          kind: Kind.Name,
          ref,
          name: `${ref}${'n'.repeat(500)}`,
          contract: undefined,
        })),
      )
      let number = 0
      await front.lanes(4, async () => {
        const link = await front.guest()
        await link.push(bytes)
        front.count('names', 4_000)
        if (number++ % 2 === 0) link.drop()
      })
    },
  },
  {
    name: 'slots',
    title: '1 024 slots of a session used once, then cut',
    run: async (front) => {
      const bytes = calls(slots, () => packed('slot'))
      await front.lanes(lanes, async () => {
        const link = await front.guest(['Echo'])
        await link.push(bytes)
        front.count('calls', slots)
        await front.pause(50)
        link.drop()
      })
    },
  },
  {
    name: 'hoard',
    title: 'subscribe, drop the link, and again',
    run: async (front) => {
      const subscribe = bytesOf(callFrame(firstSeq, 0, packed({ channel: 'Board' })))
      await front.lanes(32, async () => {
        const link = await front.guest(['isock.channels.subscribe'])
        await link.push(subscribe)
        await front.pause(2)
        link.drop()
      })
    },
  },
  {
    name: 'evict',
    title: 'fresh empty sessions, one after the other, cut at once',
    run: (front) =>
      front.lanes(64, async () => {
        const link = await front.guest()
        link.drop()
      }),
  },
  {
    name: 'linked',
    title: '4 000 sessions that keep their links and call now and then',
    run: async (front) => {
      const held: RawLink[] = []
      const call = bytesOf(callFrame(firstSeq, 0, packed('here')))
      await front.lanes(32, async () => {
        if (held.length < 4_000) {
          const link = await front.guest(['Echo'])
          held.push(link)
          link.write(call)
        } else await front.pause(100)
      })
    },
  },
]
