// Which results a caller acknowledges: large ones, as soon as the callee keeps too much of them.
import { expect } from 'chai'
import { Acks } from '../../lib/core/session/acks.ts'

const kibibyte = 1_024

describe('The acknowledgements of results', () => {
  it('are due once results of 128 KiB were not acknowledged, not before', () => {
    const acks = new Acks()
    for (const slot of [0, 1]) acks.reused(slot)
    acks.settled(0, 1_024, 128 * kibibyte - 300)
    expect(acks.due()).to.deep.equal([])
    acks.settled(1, 1_025, 300)
    expect(acks.due()).to.deep.equal([1_024, 1_025])
    expect(acks.due()).to.deep.equal([])
  })

  it('do not count a result whose slot is in use again', () => {
    const acks = new Acks()
    acks.settled(0, 1_024, 100 * kibibyte)
    acks.reused(0)
    acks.settled(1, 1_025, 100 * kibibyte)
    expect(acks.due()).to.deep.equal([])
  })

  it('leave out small results, until a new link makes all of them uncertain', () => {
    const acks = new Acks()
    acks.settled(0, 1_024, 10)
    acks.settled(1, 1_025, 128 * kibibyte)
    expect(acks.due()).to.deep.equal([1_025])
    expect(acks.untold()).to.deep.equal([1_024])
    expect(acks.untold()).to.deep.equal([])
  })
})
