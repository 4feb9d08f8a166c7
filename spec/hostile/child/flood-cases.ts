// Many calls in one piece, each of which is refused: an answer must not cost so much that a few KiB of them stop the
// server.
import { type Frame, Kind } from '../../../lib/core/wire/frames/frame.ts'
import { refs } from '../arena-actions.ts'
import { callFrame, type RawPeer } from '../raw-peer.ts'
import { failsAs, goesOn, guest, type HostileCase, times } from './hostile-case.ts'
import { slots } from './small-limits.ts'

const seq = slots
const echo = (seq: number, data = '1'): Frame => callFrame(seq, { ref: refs.Echo, data })

/** Data of running calls, up to the last byte that a session may hold. */
const filled = async (peer: RawPeer): Promise<void> => {
  const sizes = [...Array<number>(16).fill(250_000), 4 * 1024 * 1024 - 4_000_000]
  for (const [i, size] of sizes.entries()) peer.call(seq + i, { ref: refs.Hold, data: new Uint8Array(size) })
  await peer.isServed()
}
export const floodCases: readonly HostileCase[] = [
  guest(
    'a call in each slot, of an action that there is not',
    [
      { kind: Kind.Name, ref: 4, name: 'Nobody', contract: undefined },
      ...times(slots, (i) => callFrame(seq + i, { ref: 4 })),
    ],
    failsAs('UNKNOWN_ACTION', 2 * seq - 1),
  ),
  guest(
    'a call in each slot, whose data is none',
    times(slots, (i) => echo(seq + i, '{')),
    failsAs('BAD_REQUEST', 2 * seq - 1),
  ),
  guest(
    '500 calls for which there is no room',
    times(500, () => echo(2 * seq - 1)),
    failsAs('BUSY', 2 * seq - 1),
    filled,
  ),
  guest(
    '10 000 pings',
    times(10_000, () => ({ kind: Kind.Ping }) as const),
    goesOn,
  ),
]
