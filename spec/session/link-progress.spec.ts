// Which calls a link gets over their former faults.
import { expect } from 'chai'
import { LinkProgress } from '../../lib/core/session/link-progress.ts'
import type { OutgoingCall } from '../../lib/core/session/outgoing-call.ts'

/** As much of a call as counts here. */
function callOf(order: number, state: 'waiting' | 'sent' = 'sent'): OutgoingCall {
  return { request: { order }, state } as OutgoingCall
}

describe('LinkProgress', () => {
  let progress: LinkProgress

  beforeEach(() => {
    progress = new LinkProgress(45_000)
    progress.begin(1_000)
  })

  it('restores nothing while nothing was answered', () => {
    expect(progress.restores(callOf(1), 2_000)).to.equal(false)
    expect(progress.restores(callOf(1, 'waiting'), 2_000)).to.equal(false)
  })

  it('restores a call when one that was made after it was answered: the callee has read both', () => {
    progress.answered(callOf(5))
    progress.answered(callOf(3))
    expect([4, 5, 6].map((order) => progress.restores(callOf(order), 2_000))).to.deep.equal([true, true, false])
  })

  it('restores calls that wait when anything was answered', () => {
    progress.answered(callOf(1))
    expect(progress.restores(callOf(9, 'waiting'), 2_000)).to.equal(true)
  })

  it('restores all calls over a link that has stood for long', () => {
    expect(progress.restores(callOf(1), 45_999)).to.equal(false)
    expect(progress.restores(callOf(1), 46_000)).to.equal(true)
  })

  it('begins again with each link', () => {
    progress.answered(callOf(5))
    progress.begin(50_000)
    expect(progress.restores(callOf(1), 51_000)).to.equal(false)
  })
})
