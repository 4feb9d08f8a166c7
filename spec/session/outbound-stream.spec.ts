// The sending half of a stream by itself: what credit and the link allow goes, the rest waits within its bound, and what is closed
// takes nothing more.
import { expect } from 'chai'
import { OutboundStream } from '../../lib/core/session/outbound-stream.ts'
import { Kind, type SessionFrame } from '../../lib/core/wire/frames/frame.ts'
import { BusyError, ProtocolError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'

const item = (n: number): Uint8Array => new Uint8Array([n])

describe('A stream that is sent', () => {
  let sent: number[]
  let held: number
  let port: { isWritable: boolean }
  let stream: OutboundStream
  let cost: number

  /** Whose reader has granted some items, of which each costs the same. */
  function make(granted: number, { window = 100, waiting = 3 } = {}): OutboundStream {
    return new OutboundStream({
      kind: Kind.Item,
      seq: 1,
      grantedBytes: granted * cost,
      windowBytes: window * cost,
      maxWaitingBytes: waiting * cost,
      port: port as never,
      held: {
        change: (by: number): void => {
          held += by
        },
      } as never,
    })
  }

  beforeEach(() => {
    sent = []
    held = 0
    const link = {
      isWritable: true,
      isAttached: true,
      isSlow: false,
      linkNumber: 1,
      send: (frame: SessionFrame) => void sent.push((frame as { index: number }).index),
    }
    port = link
    cost = 0
    const probe = make(0)
    probe.push(item(0))
    cost = held
    held = 0
    stream = make(2)
  })

  const isSettled = async (promise: Promise<void>): Promise<boolean> => {
    let settled = false
    void promise.then(() => {
      settled = true
    })
    await settle()
    return settled
  }

  it('sends what is granted, and the rest when more is', async () => {
    expect([stream.push(item(0)), stream.push(item(1)), stream.push(item(2))]).to.deep.equal([true, true, false])
    expect(sent).to.deep.equal([0, 1])
    const writable = stream.writable()
    expect(await isSettled(writable)).to.equal(false)
    expect(stream.onCredit(1, 3 * cost)).to.equal(true)
    expect(sent).to.deep.equal([0, 1, 2])
    expect(await isSettled(writable)).to.equal(true)
    expect(held).to.equal(2 * cost) // the one that its reader has is not kept
    expect(stream.onCredit(1, 3 * cost)).to.equal(false)
  })

  it('refuses more than may wait, but always takes one', () => {
    stream = make(0, { waiting: 0.5 })
    expect(stream.push(item(0))).to.equal(false)
    expect(() => stream.push(item(1))).to.throw(BusyError, 'too many items wait to be sent')
    stream = make(0, { waiting: 2 })
    for (const n of [0, 1]) stream.push(item(n))
    expect(() => stream.push(item(2))).to.throw(BusyError)
  })

  it('sends again what was not confirmed, and keeps to its credit then', () => {
    for (const n of [0, 1, 2]) stream.push(item(n))
    stream.rewind()
    expect(sent).to.deep.equal([0, 1, 0, 1])
    port.isWritable = false
    stream.rewind()
    stream.onCredit(2, 3 * cost)
    port.isWritable = true
    stream.pump()
    expect(sent).to.deep.equal([0, 1, 0, 1, 2])
    expect(() => stream.onCredit(4, 3 * cost)).to.throw(ProtocolError, '4 items confirmed, 3 were sent')
  })

  for (const [how, end, left] of [
    ['is closed', () => stream.close(), 0],
    ['is cut off', () => stream.cutOff(), 2],
  ] as const)
    it(`takes, keeps and sends nothing more when it ${how}`, async () => {
      for (const n of [0, 1, 2]) stream.push(item(n))
      const writable = stream.writable()
      end()
      expect(await isSettled(writable)).to.equal(true)
      expect([held, stream.count]).to.deep.equal([left * cost, 2])
      for (let n = 0; n < 10; n++) expect(stream.push(item(3))).to.equal(true)
      stream.onCredit(2, 100 * cost)
      expect([held, stream.count, sent]).to.deep.equal([0, 2, [0, 1]])
      expect(await isSettled(stream.writable())).to.equal(true)
    })

  it('does not keep the writer waiting when it is closed with the link away', async () => {
    port.isWritable = false
    stream.push(item(0))
    stream.rewind()
    stream.cutOff()
    expect(await isSettled(stream.writable())).to.equal(true)
  })
})
