// Large answers, data and items over one healthy link, whose client reads: none is lost and none is refused, whatever the
// number; and over a link of 100 Mbit/s.
import type { Say } from './child.ts'
import { exactly, type Figure, told } from './figures.ts'
import type { LargeOrder, LargeOutcome } from './processes/large-calls.ts'
import { withProcesses } from './processes-of.ts'
import { throttle } from './throttle.ts'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const fastEthernetBytesPerSecond = 12_500_000

const kinds: readonly Omit<LargeOrder, 'address'>[] = [
  { kind: 'echo', calls: 64, bytes: mebibyte },
  { kind: 'answers', calls: 128, bytes: mebibyte },
  { kind: 'answers', calls: 1_024, bytes: 100 * kibibyte },
  { kind: 'data', calls: 600, bytes: 272 * kibibyte },
  { kind: 'slow handlers', calls: 1_024, bytes: 100 * kibibyte },
  { kind: 'uploads', calls: 64, bytes: mebibyte },
  { kind: 'streams', calls: 64, bytes: mebibyte },
]

export function largeCalls({ scale }: { readonly scale: number }, say: Say): Promise<Figure[]> {
  return withProcesses({}, say, async ({ clients, address }) => {
    const figures: Figure[] = []
    const slow = await throttle(address, fastEthernetBytesPerSecond)
    try {
      for (const order of kinds) {
        const calls = Math.ceil(order.calls * scale)
        for (const [at, where] of [
          [address, 'loopback'],
          [slow.address, '100 Mbit/s'],
        ] as const) {
          const title = `${calls} ${order.kind} of ${order.bytes / kibibyte} KiB, ${where}`
          const outcome = await clients.ask<LargeOutcome>({ do: 'large', ...order, calls, address: at })
          say(`${title}: ${outcome.right} right, ${JSON.stringify(outcome.failures)}`)
          figures.push(exactly(title, outcome.right, calls))
          figures.push(told('  took', outcome.seconds, 's'))
          figures.push(told('  the longest small call beside them', outcome.worstSmallMs, 'ms'))
        }
      }
    } finally {
      await slow.close()
    }
    return figures
  })
}
