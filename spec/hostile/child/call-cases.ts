// Calls: numbers out of step, replays, cancels, credit, input and names that cost nothing to send.
import { type CancelFrame, type Frame, Kind } from '../../../lib/core/wire/frames/frame.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { fromHex } from '../../wire/frame-bytes.ts'
import { refs } from '../arena-actions.ts'
import { callFrame, plainHello, type RawPeer } from '../raw-peer.ts'
import { answers, closed, failsAs, goesOn, guest, type HostileCase, times } from './hostile-case.ts'
import { slots } from './small-limits.ts'

/** The first number of slot 0. */
const seq = slots

const cancel = (seq: number): CancelFrame => ({ kind: Kind.Cancel, seq, reason: 0 })
const hold = (seq: number): Frame => callFrame(seq, { ref: refs.Hold })
const echo = (seq: number, data = '1'): Frame => callFrame(seq, { ref: refs.Echo, data })

const holding = async (peer: RawPeer): Promise<void> => {
  peer.send(hold(seq))
  await peer.isServed()
}
const holdingAll = async (peer: RawPeer): Promise<void> => {
  peer.send(...times(slots, (i) => hold(seq + i)))
  await peer.isServed()
}
const answered = async (peer: RawPeer): Promise<void> => {
  peer.send(echo(5 * slots))
  await peer.next(Kind.Result, 5 * slots)
}

const numbers: readonly HostileCase[] = [
  guest('call 0', [echo(0)]),
  guest('a call below the first generation', [echo(slots - 1)]),
  guest('call 2^53', fromHex('0000000f 97 11 cf 0020000000000000 00 01 c0 00 c0')),
  guest('call 2^64 - 1', fromHex('0000000f 97 11 cf ffffffffffffffff 00 01 c0 00 c0')),
  guest('a ref that was not introduced', [callFrame(seq, { ref: 4 })]),
  guest('a ref of 2^40', [callFrame(seq, { ref: 2 ** 40 })]),
  guest('a call in the slot of one that runs', [hold(2 * slots)], closed, holding),
  guest('one call more than slots', [hold(2 * slots)], closed, holdingAll),
  guest('all slots, once and again', [...times(slots, (i) => hold(seq + i)), hold(2 * slots)]),
  guest('a call of an older number than its slot', [hold(slots), hold(4 * slots), hold(0)], goesOn, answered),
]

const replays: readonly HostileCase[] = [
  guest(
    'a running call, sent 1 000 times',
    times(1_000, () => hold(seq)),
    goesOn,
    holding,
  ),
  guest(
    'an answered call, sent 1 000 times',
    times(1_000, () => echo(5 * slots, '2')),
    answers(5 * slots, 1_001),
    answered,
  ),
  guest(
    'an acknowledged call, sent 1 000 times',
    [{ kind: Kind.Ack, seqs: [5 * slots] }, ...times(1_000, () => hold(5 * slots))],
    goesOn,
    answered,
  ),
  guest(
    '50 000 acknowledgements of what never was',
    times(50, (i) => {
      return { kind: Kind.Ack, seqs: times(1_000, (j) => slots + i * 1_000 + j) } as const
    }),
    goesOn,
  ),
  guest(
    'answers to calls that nobody made',
    times(1_000, (i) => {
      return { kind: Kind.Result, seq: i * 64, items: i, value: '1' } as const
    }),
    goesOn,
  ),
  guest(
    'items of calls that nobody made',
    times(1_000, (i) => {
      return { kind: Kind.Item, seq: i * 64, index: i, value: '1' } as const
    }),
    goesOn,
  ),
]

const cancels: readonly HostileCase[] = [
  guest('a cancel before its call', [cancel(seq), hold(seq)], failsAs('CANCELLED', seq)),
  guest('a cancel for another call of the slot', [cancel(2 * slots)], closed, holding),
  guest(
    '2 000 cancels of a running call',
    times(2_000, () => cancel(seq)),
    answers(seq),
    holding,
  ),
  guest(
    '1 000 cancels of calls that never come',
    times(1_000, (i) => cancel((i + 1) * slots)),
    failsAs('CANCELLED', 1_000 * slots),
  ),
  guest(
    'a thousand calls, each cancelled at once',
    async (peer) => {
      for (let generation = 1; generation <= 16; generation++) {
        const seqs = times(slots, (i) => generation * slots + i)
        peer.send(...seqs.map(hold), ...seqs.map(cancel))
        await waitFor(() => seqs.every((seq) => peer.frames.some((frame) => 'seq' in frame && frame.seq === seq)))
      }
    },
    goesOn,
  ),
]

/** A flood of small items, stopped at its window. */
const flooding = async (peer: RawPeer): Promise<void> => {
  peer.call(seq, { ref: refs.Flood, data: '10' })
  await waitFor(() => peer.all(Kind.Item, seq).length >= 16)
  await peer.isServed()
}
const credit = (received: number, granted: number, of = seq): Frame => {
  return { kind: Kind.Credit, seq: of, received, granted }
}
const windowed = { limits: { ...plainHello.limits, streamWindowBytes: 16 * 1024 } }

const credits: readonly HostileCase[] = [
  { ...guest('credit for more than was sent', [credit(1_000, 16_384)], closed, flooding), hello: windowed },
  { ...guest('credit of 2^53 - 1 bytes', [credit(0, 2 ** 53 - 1)], goesOn, flooding), hello: windowed },
  {
    ...guest('a window of 2^52 bytes', [callFrame(seq, { ref: refs.Flood, data: '1000' }), credit(0, 2 ** 52)], goesOn),
    hello: { limits: { ...plainHello.limits, streamWindowBytes: 2 ** 52 } },
  },
  guest(
    '2 000 grants that say nothing new',
    times(2_000, () => credit(0, 1)),
    goesOn,
    flooding,
  ),
  guest(
    'credit for calls that never were',
    times(1_000, (i) => credit(i, 2 ** 50, i * slots + 1)),
    goesOn,
  ),
  guest(
    'floods in all slots, never confirmed',
    times(slots, (i) => {
      return callFrame(seq + i, { ref: refs.Flood, data: '10000' })
    }),
    goesOn,
  ),
]

const uploading = async (peer: RawPeer): Promise<void> => {
  peer.call(seq, { ref: refs.Ignore, inputs: 1 })
  await peer.next(Kind.InputCredit, seq)
}
const input = (index: number, value = '1', of = seq): Frame => ({ kind: Kind.Input, seq: of, index, value })

const inputs: readonly HostileCase[] = [
  guest('an input item that was left out', [input(1)], closed, uploading),
  guest('an input item of index 2^53 - 1', [input(2 ** 53 - 1)], closed, uploading),
  guest(
    'more input than was granted',
    times(17, (i) => input(i)),
    closed,
    uploading,
  ),
  guest(
    '2 000 times the same input item',
    times(2_000, () => input(0)),
    goesOn,
    uploading,
  ),
  guest('an end after another count', [input(0), { kind: Kind.InputEnd, seq, items: 2 }], closed, uploading),
  guest(
    '1 000 input items after the end',
    [{ kind: Kind.InputEnd, seq, items: 0 }, ...times(1_000, (i) => input(i, 'x'.repeat(1_000)))],
    goesOn,
    uploading,
  ),
  guest('input for calls that take none', [hold(seq), ...times(1_000, (i) => input(i))], goesOn),
  guest(
    'credit for input that nobody reads',
    times(1_000, () => {
      return { kind: Kind.InputCredit, seq, received: 2 ** 53 - 1, granted: 2 ** 53 - 1 } as const
    }),
    goesOn,
  ),
]

const name = (ref: number, text: string, contract?: string): Frame => ({ kind: Kind.Name, ref, name: text, contract })
/** More than all names of a link may amount to, in names of the greatest length. */
const longNames = times(3_000, (i) => name(4 + i, `${i}`.padEnd(512, 'n'), `${i}`.padEnd(512, 'c')))

const names: readonly HostileCase[] = [
  guest('a name out of order', [name(5, 'Echo')]),
  guest('a name for the second time', [name(0, 'Echo')]),
  guest('a name of 513 bytes', [name(4, 'é'.repeat(257))]),
  guest('a contract of 513 bytes', [name(4, 'Echo', 'c'.repeat(513))]),
  guest(
    'names of actions that there are not',
    [name(4, '__proto__'), callFrame(seq, { ref: 4 })],
    failsAs('UNKNOWN_ACTION', seq),
  ),
  guest('another contract', [name(4, 'Echo', 'other'), callFrame(seq, { ref: 4 })], failsAs('CONTRACT_MISMATCH', seq)),
  guest('3 000 names, as long as may be', longNames),
]

export const callCases: readonly HostileCase[] = [...numbers, ...replays, ...cancels, ...credits, ...inputs, ...names]
