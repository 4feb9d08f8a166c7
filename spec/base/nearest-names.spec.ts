// The hint that an unknown name is answered with.
import { expect } from 'chai'
import { nearestNames } from '../../lib/base/nearest-names.ts'

describe('The names that are near to a mistyped one', () => {
  const known = ['Order', 'orders.create', 'Odor', 'Remove', 'a'.repeat(70)]

  it('are three at most, the nearest first', () => {
    expect(nearestNames('order', known)).to.deep.equal(['Order', 'Odor'])
    expect(nearestNames('create', known)).to.deep.equal(['orders.create'])
    expect(nearestNames('Ordr', ['Order', 'Ord', 'Ordor', 'Odr'])).to.have.length(3)
    expect(nearestNames(`${'a'.repeat(69)}b`, known)).to.deep.equal(['a'.repeat(70)])
  })

  it('are none where it is like none, however long it is', () => {
    for (const length of [20, 64, 65, 512])
      expect(nearestNames('x'.repeat(length), known), `${length}`).to.deep.equal([])
    expect(nearestNames('zzzzz', known)).to.deep.equal([])
  })
})
