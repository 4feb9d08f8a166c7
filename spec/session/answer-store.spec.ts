// What is counted of the answers that a ledger keeps, where nobody takes them any more.
import { expect } from 'chai'
import { Meter, type MeterSource, unaccounted } from '../../lib/core/accounting/meter.ts'
import { defaultLimits } from '../../lib/core/base/options.ts'
import { AnswerStore } from '../../lib/core/session/answer-store.ts'
import { type CallKeeper, IncomingCall } from '../../lib/core/session/incoming-call.ts'
import { OutboundStream } from '../../lib/core/session/outbound-stream.ts'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { Kind, type SessionFrame } from '../../lib/core/wire/frames/frame.ts'

const kibibyte = 1024
const limits = { ...defaultLimits, maxLedgerBytes: 10 * kibibyte, maxInFlightBytes: 10 * kibibyte }

describe('the store of answers', () => {
  const sent: SessionFrame[] = []
  const givenBack: Payload[] = []
  let isAttached: boolean
  let answers: AnswerStore

  const port = {
    get isAttached() {
      return isAttached
    },
    get isWritable() {
      return isAttached
    },
    isSlow: false,
    linkNumber: 1,
    giveBack: (payload: Payload) => void givenBack.push(payload),
    origin: { session: '', address: '' },
    send: (frame: SessionFrame) => void sent.push(frame),
  }

  const keeper: CallKeeper = {
    onAnswered: (call, answer) => {
      call.state = 'answered'
      call.answer = answer
      answers.keep(call)
    },
    openItems: ({ seq }) =>
      new OutboundStream({ kind: Kind.Item, seq, port, grantedBytes: 0, windowBytes: 1, maxWaitingBytes: 100 }),
    onWeighed: () => undefined,
  }

  beforeEach(() => {
    sent.length = 0
    givenBack.length = 0
    isAttached = true
    const callee = { encodeError: () => new Uint8Array(300) }
    answers = new AnswerStore(Object.assign(port, { limits, callee }), unaccounted, { onWaiting: () => undefined })
  })

  /** A call with an answer of 8 KiB; with an item that its caller does not read, the answer waits behind that. */
  function answered(seq: number, { isRead = true } = {}): IncomingCall {
    const action = { name: 'Work', contract: undefined, expectedBytes: 0 }
    const given = {
      seq,
      action,
      attempt: 1,
      metadata: undefined,
      input: undefined,
      admittedAtMs: 0,
      deadlineAtMs: Number.POSITIVE_INFINITY,
    }
    const call = new IncomingCall(keeper, given, undefined)
    if (!isRead) void call.emit(new Uint8Array(1))
    call.answerWith({ kind: Kind.Result, seq, items: 0, value: new Uint8Array(8 * kibibyte) })
    return call
  }

  it('makes no answer again for a call whose answer was acknowledged', () => {
    const unread = [answered(1, { isRead: false }), answered(2, { isRead: false })]
    const taken = answered(3)
    answers.acknowledge(taken)
    answered(4)
    isAttached = false
    answers.onLinkLost()
    expect(taken).to.include({ state: 'acknowledged', answer: undefined })
    expect(unread.map(({ answer }) => answer?.kind)).to.deep.equal([Kind.Result, Kind.Failure])
  })

  it('gives back the memory of an answer that was sent and makes room for others, and of no other', () => {
    const value = answered(1).answer
    expect(givenBack).to.deep.equal([])
    const second = answered(2)
    expect(second.state).to.equal('answered')
    expect(givenBack).to.have.length(1)
    expect(givenBack[0]).to.equal((value as { value: Payload }).value)
  })

  it('counts for nothing once its ledger has ended, whatever becomes of the answers', () => {
    let heldBytes = 0
    const onMeter = (_kind: unknown, byBytes: number): void => {
      heldBytes += byBytes
    }
    const account: MeterSource = { meter: (kind) => new Meter({ onMeter }, kind) }
    answers = new AnswerStore(
      Object.assign(port, { limits, callee: { encodeError: () => new Uint8Array(300) } }),
      account,
      {
        onWaiting: () => undefined,
      },
    )
    const call = answered(1)
    expect(heldBytes).to.be.at.least(8 * kibibyte)
    answers.release()
    expect(heldBytes).to.equal(0)
    answers.acknowledge(call)
    expect(heldBytes).to.equal(0)
  })
})
