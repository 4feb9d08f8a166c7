// A conversation over TCP that is cut at every byte, in both directions, in every way: the same words are said, and
// every handler ran once.
import { expect } from 'chai'
import type { Server } from '../../lib/index.ts'
import { sizeOf } from '../setup/long.ts'
import { converse, type Runs, startServer } from './conversation.ts'
import { type Direction, type Disturbance, type ProxyPlan, TcpProxy } from './proxy.ts'

/** At full size every second one by FIN, and those between by RST: each byte is cut after. ISOCK_BYTE_STEP=1 takes all of both. */
const step = Number(process.env['ISOCK_BYTE_STEP'] ?? sizeOf({ all: 2, few: 97 }))
const lanes = 16

interface Held {
  readonly transcript: string[]
  readonly runs: Runs
  readonly clientRuns: Runs
  readonly proxy: TcpProxy
}

async function hold(plan: ProxyPlan): Promise<Held> {
  const runs: Runs = new Map()
  const clientRuns: Runs = new Map()
  const server: Server = await startServer(runs)
  const proxy = await TcpProxy.start(plan, Number(new URL(server.addresses[0] as string).port))
  try {
    const transcript = await converse(proxy.port, clientRuns)
    return { transcript, runs, clientRuns, proxy }
  } finally {
    await proxy.close()
    await server.shutdown({ graceMs: 100 })
  }
}

describe('A conversation cut at every byte', () => {
  let undisturbed: Held

  before(async () => {
    // A slow one has heartbeats too, which are not always there to be cut.
    const several = [await hold({}), await hold({}), await hold({})]
    const bytes = ({ proxy }: Held): number => proxy.carried['to server'] + proxy.carried['to client']
    undisturbed = several.reduce((one, other) => (bytes(other) < bytes(one) ? other : one))
    expect(undisturbed.transcript).to.deep.equal([
      'first: "hello"',
      'date: "1970-01-01T00:00:00.000Z"',
      'refuse: Refused 3 only 3 left',
      'double: [0,2,4,6,8,10,12,14,"sum 28"]',
      'cancel: CancelledError  ',
      'ask back: "WHY!"',
      'both: [1,2]',
    ])
  })

  for (const direction of ['to server', 'to client'] satisfies Direction[]) {
    for (const how of ['fin', 'reset', 'stall'] satisfies Disturbance[]) {
      it(`${direction}, by ${how}`, async function () {
        this.timeout(240_000)
        const total = undisturbed.proxy.carried[direction]
        // A stall is found only by waiting for it, so it is tried at fewer places.
        const stride = how === 'stall' ? step * 5 : step
        let next = how === 'reset' ? Math.min(step, 2) : 1
        let tried = 0
        let cuts = 0
        const lane = async (): Promise<void> => {
          for (; next < total; ) {
            const afterBytes = next
            next += stride
            const held = await hold({ cut: { direction, afterBytes, how } })
            tried++
            if (held.proxy.hasCut) cuts++
            const where = `${how} after byte ${afterBytes} of ${total} ${direction}`
            expect(held.transcript, where).to.deep.equal(undisturbed.transcript)
            expect([...held.runs].sort(), where).to.deep.equal([...undisturbed.runs].sort())
            expect([...held.clientRuns], where).to.deep.equal([...undisturbed.clientRuns])
          }
        }
        await Promise.all(Array.from({ length: lanes }, lane))
        // Not all: a slow conversation has heartbeats that others do not have.
        expect(cuts, 'cuts that were really made').to.be.at.least(tried * 0.3 - 1)
      })
    }
  }
})

describe('A conversation in pieces', () => {
  let expected: string[]

  before(async () => {
    expected = (await hold({})).transcript
  })

  it('of one byte each', async () => {
    const { transcript } = await hold({ pieces: (chunk: Buffer) => Array.from(chunk, (byte) => Buffer.of(byte)) })
    expect(transcript).to.deep.equal(expected)
  })

  it('split in two at every byte', async function () {
    this.timeout(120_000)
    const { proxy } = await hold({})
    for (const direction of ['to server', 'to client'] satisfies Direction[]) {
      let next = 1
      const lane = async (): Promise<void> => {
        for (; next < proxy.carried[direction]; ) {
          const at = next
          next += step
          const pieces = (chunk: Buffer, where: Direction, offset: number): Buffer[] =>
            where === direction && offset < at && at < offset + chunk.length
              ? [chunk.subarray(0, at - offset), chunk.subarray(at - offset)]
              : [chunk]
          expect((await hold({ pieces })).transcript, `split at ${at} ${direction}`).to.deep.equal(expected)
        }
      }
      await Promise.all(Array.from({ length: lanes }, lane))
    }
  })
})
