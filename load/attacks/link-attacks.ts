// Links: too many, silent, half a frame, unread, and those that only come and go.
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import type { Attack } from './attack.ts'
import { bytesOf, callFrame, firstSeq, helloFrame } from './raw-link.ts'
import { packed } from './values.ts'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte

export const linkAttacks: readonly Attack[] = [
  {
    name: 'strangers',
    title: '1 100 links that say nothing, again when they are closed',
    run: (front) =>
      front.lanes(1_100, async () => {
        const link = await front.link()
        front.count('links')
        link.socket.resume()
        while (!link.isClosed && !front.isOver) await front.pause(200)
      }),
  },
  {
    name: 'unread',
    title: 'links that take nothing of 24 MiB of answers each',
    run: (front) =>
      front.lanes(24, async () => {
        const link = await front.guest(['Make'])
        link.socket.pause()
        for (let i = 0; i < 24; i++) link.send(callFrame(firstSeq + i, 0, packed({ bytes: mebibyte, afterMs: 0 })))
        front.count('calls', 24)
        await front.pause(2_000)
      }),
  },
  {
    name: 'halves',
    title: 'links with most of a frame of 4 MiB',
    run: async (front) => {
      const begin = Buffer.alloc(4 + 300 * kibibyte)
      begin.writeUInt32BE(4 * mebibyte - 1)
      await front.lanes(16, async () => {
        const link = await front.guest()
        await link.push(begin)
        front.count('half frames')
        await front.pause(20)
      })
    },
  },
  {
    name: 'connects',
    title: 'connect and disconnect, nothing said',
    run: (front) =>
      front.lanes(64, async () => {
        const link = await front.link()
        front.count('links')
        link.drop()
      }),
  },
  {
    name: 'refusals',
    title: 'HELLO of a wrong version, and a link that is not closed',
    run: async (front) => {
      const bytes = bytesOf({ ...helloFrame(), version: 9 } as Parameters<typeof bytesOf>[0])
      await front.lanes(64, async () => {
        const link = await front.link()
        link.socket.allowHalfOpen = true
        link.write(bytes)
        front.count('links')
        await front.pause(20)
      })
    },
  },
  {
    name: 'credentials',
    title: 'HELLO with 3.5 KiB of credentials, then cut',
    run: async (front) => {
      const credentials = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`Guard${i}`, 'c'.repeat(50)]))
      const bytes = bytesOf(helloFrame(credentials))
      await front.lanes(64, async () => {
        const link = await front.link()
        await link.enter(bytes)
        front.count('sessions')
        link.drop()
      })
    },
  },
  {
    name: 'pings',
    title: 'PING without end, whose PONGs are not read',
    run: async (front) => {
      const bytes = bytesOf(...Array.from({ length: 1_000 }, () => ({ kind: Kind.Ping }) as const))
      await front.lanes(32, async () => {
        const link = await front.guest()
        link.socket.pause()
        while (!link.isClosed && !front.isOver) {
          await link.push(bytes)
          front.count('pings', 1_000)
        }
      })
    },
  },
]
