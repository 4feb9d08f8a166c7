// One call by itself: the first reason to stop counts, the first answer counts, and nothing happens to a call that is answered.
import { expect } from 'chai'
import { type CallKeeper, IncomingCall } from '../../lib/core/session/incoming-call.ts'
import { IncomingInputs } from '../../lib/core/session/incoming-inputs.ts'
import { type FailureFrame, Kind, type ResultFrame } from '../../lib/core/wire/frames/frame.ts'
import { CancelledError, ProtocolError } from '../../lib/index.ts'

const result: ResultFrame = { kind: Kind.Result, seq: 1, items: 0, value: new Uint8Array(1) }
const failure: FailureFrame = { kind: Kind.Failure, seq: 1, items: 0, notStarted: false, error: new Uint8Array(1) }
const inputEnd = (items: number) => ({ kind: Kind.InputEnd, seq: 1, items }) as const
const [first, second] = [new CancelledError('first'), new CancelledError('second')]

describe('A call that came in', () => {
  let done: string[]
  let call: IncomingCall
  let isFull: boolean

  beforeEach(() => {
    done = []
    isFull = false
    const items = {
      push: () => !isFull,
      writable: async () => void done.push('waited'),
      cutOff: () => void done.push('cut off'),
      finish: () => void done.push('finished'),
    }
    const keeper = {
      onAnswered: (of: IncomingCall, answer: ResultFrame | FailureFrame) => {
        of.state = 'answered'
        of.answer = answer
        done.push(answer === result ? 'value' : 'failure')
      },
      openItems: () => {
        done.push('items')
        return items
      },
      onWeighed: (bytes: number) => void done.push(`weighs ${bytes}`),
    }
    const input = {
      received: 2,
      end: (error: unknown) => void done.push(error === undefined ? 'input' : 'input broken'),
      close: () => void done.push('input closed'),
    }
    const action = { name: 'Work', contract: undefined, expectedBytes: 0 }
    const given = {
      seq: 1,
      action,
      attempt: 1,
      metadata: undefined,
      input: new IncomingInputs([input as never]),
      admittedAtMs: 0,
      deadlineAtMs: 9,
    }
    call = new IncomingCall(keeper as unknown as CallKeeper, given, new Uint8Array([1, 2]))
    call.whenAborted = (reason) => void done.push(`aborted: ${reason.message}`)
    call.whenAnswered = () => void done.push('told')
  })

  const takeDone = (): string[] => done.splice(0)

  it('is aborted once, for the first reason', () => {
    const { signal } = call
    call.abort(first)
    call.abort(second)
    expect([call.abortReason, signal.reason]).to.deep.equal([first, first])
    expect(takeDone()).to.deep.equal(['input broken', 'aborted: first'])
  })

  it('has an aborted signal also where that is asked for afterwards', () => {
    call.abort(first)
    expect([call.signal.aborted, call.signal.reason]).to.deep.equal([true, first])
    expect(call.signal).to.equal(call.signal)
  })

  it('is not aborted when it is answered', () => {
    const { signal } = call
    call.answerWith(result)
    takeDone()
    call.abort(first)
    expect([call.abortReason, signal.aborted, takeDone()]).to.deep.equal([undefined, false, []])
  })

  it('drops the items of a caller that is gone, and keeps those of one that may come for them', () => {
    void call.emit(new Uint8Array(1))
    call.abort(first, 'what runs for an absent client')
    expect(takeDone()).to.deep.equal(['items', 'finished', 'input broken', 'aborted: first'])
  })

  it('drops its items when nobody comes for them', () => {
    void call.emit(new Uint8Array(1))
    call.abort(first)
    expect(takeDone()).to.deep.equal(['items', 'cut off', 'input broken', 'aborted: first'])
  })

  it('waits for its client where it runs no code of the program, and ends with all others', () => {
    call.isOfLibrary = true
    call.abort(first, 'what runs for an absent client')
    expect([call.abortReason, takeDone()]).to.deep.equal([undefined, []])
    call.abort(second)
    expect(call.abortReason).to.equal(second)
  })

  it('emits nothing after it was aborted or answered', () => {
    call.abort(first)
    expect([call.emit(new Uint8Array(1)), call.items]).to.deep.equal([undefined, undefined])
  })

  it('emits nothing after it was answered', () => {
    call.answerWith(result)
    expect([call.emit(new Uint8Array(1)), call.items]).to.deep.equal([undefined, undefined])
  })

  it('waits where its items are not taken', async () => {
    expect(call.emit(new Uint8Array(1))).to.equal(undefined)
    isFull = true
    await call.emit(new Uint8Array(1))
    expect(takeDone()).to.deep.equal(['items', 'waited'])
  })

  it('ends its input where the number of items is right, and while it is asked for', () => {
    expect(() => call.endInput(inputEnd(3))).to.throw(ProtocolError, 'input ended after 3 items, 2 arrived')
    call.endInput(inputEnd(2))
    expect(takeDone()).to.deep.equal(['input'])
    call.abort(first)
    takeDone()
    call.endInput(inputEnd(3))
    expect(takeDone()).to.deep.equal([])
  })

  it('counts no items of an input when it is answered', () => {
    call.answerWith(result)
    takeDone()
    call.endInput(inputEnd(3))
    expect(takeDone()).to.deep.equal([])
  })

  it('is answered once', () => {
    call.answerWith(result)
    call.answerWith(failure)
    expect([call.answer, takeDone()]).to.deep.equal([result, ['value', 'told']])
  })

  it('says when its handler has ended that ran on after the answer', () => {
    call.abandon(failure, () => void done.push('ended'))
    expect([call.isAbandoned, takeDone()]).to.deep.equal([true, ['failure']])
    call.answerWith(result)
    expect([call.isAbandoned, call.answer, takeDone()]).to.deep.equal([false, failure, ['ended', 'told']])
    call.answerWith(result)
    expect(takeDone()).to.deep.equal([])
  })

  it('is weighed once, while it runs', () => {
    call.weigh(5)
    call.weigh(7)
    expect([call.decodedBytes, takeDone()]).to.deep.equal([5, ['weighs 5']])
  })

  it('is not weighed when it is answered', () => {
    call.answerWith(result)
    takeDone()
    call.weigh(5)
    expect([call.decodedBytes, takeDone()]).to.deep.equal([0, []])
  })

  it('hands its data to one reader, and lets go of everything when it is answered', () => {
    expect(call.takeData()).to.deep.equal(new Uint8Array([1, 2]))
    expect(call.takeData()).to.equal(undefined)
    call.release()
    expect([call.whenAborted, call.input, takeDone()]).to.deep.equal([undefined, undefined, ['input closed']])
  })
})
