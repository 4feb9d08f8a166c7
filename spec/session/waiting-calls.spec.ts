// The calls that wait, in their caller's order, wherever they come from and whichever leaves first.
import { expect } from 'chai'
import type { OutgoingCall } from '../../lib/core/session/outgoing-call.ts'
import { WaitingCalls } from '../../lib/core/session/waiting-calls.ts'

/** As much of a call as counts here. */
function callOf(order: number): OutgoingCall {
  return { request: { order }, ahead: undefined, behind: undefined } as OutgoingCall
}

describe('WaitingCalls', () => {
  let waiting: WaitingCalls
  const calls = [1, 2, 3, 4, 5, 6].map(callOf)
  const [one, two, three, four, five, six] = calls as [
    OutgoingCall,
    OutgoingCall,
    OutgoingCall,
    OutgoingCall,
    OutgoingCall,
    OutgoingCall,
  ]

  beforeEach(() => {
    waiting = new WaitingCalls(4)
    for (const call of calls) Object.assign(call, { ahead: undefined, behind: undefined })
  })

  const orders = (list = waiting.all()): number[] => list.map(({ request }) => request.order)

  it('gives them in order, and says whether there are any, and room for more', () => {
    for (const call of [one, two, three, four]) {
      expect(waiting.hasRoom).to.equal(true)
      waiting.add(call)
    }
    expect([waiting.isEmpty, waiting.hasRoom]).to.deep.equal([false, false])
    expect(orders([waiting.take(), waiting.take(), waiting.take(), waiting.take()] as OutgoingCall[])).to.deep.equal([
      1, 2, 3, 4,
    ])
    expect([waiting.take(), waiting.isEmpty]).to.deep.equal([undefined, true])
  })

  it('puts a call that was made before others in front of them', () => {
    for (const call of [four, six, two, five]) waiting.add(call)
    expect(orders()).to.deep.equal([2, 4, 5, 6])
    waiting.addAll([one, three])
    expect(orders()).to.deep.equal([1, 2, 3, 4, 5, 6])
  })

  it('adds several at once anywhere', () => {
    waiting.addAll([one, two])
    waiting.addAll([])
    waiting.addAll([five, six])
    waiting.addAll([three, four])
    expect(orders()).to.deep.equal([1, 2, 3, 4, 5, 6])
  })

  it('lets any of them leave, once', () => {
    for (const call of calls) waiting.add(call)
    for (const call of [one, four, six]) expect(waiting.remove(call)).to.equal(true)
    expect(waiting.remove(four)).to.equal(false)
    expect(orders()).to.deep.equal([2, 3, 5])
    for (const call of [three, two, five]) waiting.remove(call)
    expect([waiting.isEmpty, orders()]).to.deep.equal([true, []])
    waiting.add(four)
    expect(orders()).to.deep.equal([4])
  })

  it('gives all of them away, free to wait elsewhere', () => {
    for (const call of calls) waiting.add(call)
    const taken = waiting.takeAll()
    expect([orders(taken), waiting.isEmpty]).to.deep.equal([[1, 2, 3, 4, 5, 6], true])
    const elsewhere = new WaitingCalls(10)
    for (const call of taken) elsewhere.add(call)
    expect(orders(elsewhere.all())).to.deep.equal([1, 2, 3, 4, 5, 6])
  })
})
