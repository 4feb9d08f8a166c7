// Calls: heavy, many, cancelled, published, and those whose data costs more than its bytes.
import { CancelReason, Kind } from '../../lib/core/wire/frames/frame.ts'
import type { Attack } from './attack.ts'
import { bytesOf, callFrame, firstSeq } from './raw-link.ts'
import { packed } from './values.ts'

const kibibyte = 1024
const slots = 1_024

export const callAttacks: readonly Attack[] = [
  {
    name: 'heavy',
    title: '100 sessions whose calls keep the processor for 5 ms each',
    run: async (front) => {
      const call = (seq: number): Buffer => bytesOf(callFrame(seq, 0, packed(5)))
      await front.lanes(100, async () => {
        const link = await front.guest(['Burn'])
        let seq = firstSeq
        let answered = 0
        link.onFrame = (frame) => {
          if (frame.kind === Kind.Result || frame.kind === Kind.Failure) answered++
        }
        while (!link.isClosed && !front.isOver) {
          while (seq - firstSeq - answered < 32) {
            link.write(call(seq++))
            front.count('calls')
          }
          await front.pause(20)
        }
      })
    },
  },
  {
    name: 'endless',
    title: 'calls that do not end, as many as each session may have',
    run: async (front) => {
      const bytes = bytesOf(...Array.from({ length: slots }, (_, i) => callFrame(firstSeq + i, 0)))
      await front.lanes(16, async () => {
        const link = await front.guest(['UntilCancelled'])
        await link.push(bytes)
        front.count('calls', slots)
        await front.pause(100)
      })
    },
  },
  {
    name: 'cancels',
    title: 'calls that are cancelled at once',
    run: async (front) => {
      await front.lanes(16, async () => {
        const link = await front.guest(['UntilCancelled'])
        for (let round = 1; !link.isClosed && !front.isOver; round++) {
          const frames = Array.from({ length: 100 }, (_, i) => {
            const seq = slots * round + i
            return [callFrame(seq, 0), { kind: Kind.Cancel, seq, reason: CancelReason.Cancelled } as const]
          })
          await link.push(bytesOf(...frames.flat()))
          front.count('calls', 100)
          await front.pause(10)
        }
      })
    },
  },
  {
    name: 'containers',
    title: 'calls that run on with 100 000 arrays as their data, which is 100 KB',
    run: async (front) => {
      const data = packed(Array.from({ length: 100_000 }, () => []))
      await front.lanes(8, async () => {
        const link = await front.guest(['Keep'])
        for (let i = 0; i < 64 && !link.isClosed && !front.isOver; i++) {
          await link.push(bytesOf(callFrame(firstSeq + i, 0, data)))
          front.count('calls')
        }
        await front.pause(200)
      })
    },
  },
  {
    name: 'publishes',
    title: 'messages to a room with 100 readers that take nothing',
    run: async (front) => {
      const subscribe = bytesOf(callFrame(firstSeq, 0, packed({ channel: 'Board', key: 'loud' })))
      for (let i = 0; i < 100; i++) {
        const link = await front.guest(['isock.channels.subscribe'])
        link.write(subscribe)
        link.socket.pause()
      }
      const publish = packed({ channel: 'Board', key: 'loud', message: 'm'.repeat(16 * kibibyte) })
      await publishAgainAndAgain(front, () => publish)
    },
  },
  {
    name: 'histories',
    title: 'messages to rooms with keys of its choice',
    run: async (front) => {
      const message = 'm'.repeat(64 * kibibyte)
      let key = 0
      await publishAgainAndAgain(front, () => packed({ channel: 'Board', key: `own ${key++ % 5_000}`, message }))
    },
  },
  {
    name: 'rooms',
    title: '100 sessions in as many rooms as there are, without links',
    run: async (front) => {
      let key = 0
      await front.lanes(8, async () => {
        const link = await front.guest(['isock.channels.subscribe'])
        const frames = Array.from({ length: 100 }, (_, i) =>
          callFrame(firstSeq + i, 0, packed({ channel: 'Board', key: `room ${key++}` })),
        )
        await link.push(bytesOf(...frames))
        front.count('rooms', 100)
        await front.pause(20)
        link.drop()
      })
    },
  },
]

async function publishAgainAndAgain(
  front: Parameters<Attack['run']>[0],
  request: () => ReturnType<typeof packed>,
): Promise<void> {
  await front.lanes(8, async () => {
    const link = await front.guest(['isock.channels.publish'])
    for (let seq = firstSeq; !link.isClosed && !front.isOver; seq++) {
      await link.push(bytesOf(callFrame(seq, 0, request())))
      front.count('messages')
      if (seq % 16 === 0) await front.pause(1)
    }
  })
}
