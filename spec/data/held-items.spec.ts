// The items that are held until the answer of their run is recorded: how many bytes they may have.
import { expect } from 'chai'
import { UnsendableError } from 'isock'
import { HeldItems } from '../../lib/features/data/held-items.ts'

const most = 64 * 1024

describe('Held items', () => {
  it('are kept in their order', () => {
    const items = new HeldItems('durable')
    for (const item of ['a', undefined, 'b']) items.add(item)
    expect(items.all).to.deep.equal(['a', undefined, 'b'])
  })

  it('have at most 64 KiB, and each counts 64 bytes more', () => {
    const full = new HeldItems('durable')
    full.add('x'.repeat(most - 64))
    expect(full.all).to.have.length(1)
    expect(() => full.add(undefined)).to.throw(UnsendableError)
    expect(full.all).to.have.length(1)
    expect(() => new HeldItems('durable').add('x'.repeat(most - 63))).to.throw(UnsendableError)
    const empty = new HeldItems('durable')
    for (let i = 0; i < 1_024; i++) empty.add(undefined)
    expect(() => empty.add(undefined)).to.throw(UnsendableError)
    expect(empty.all).to.have.length(1_024)
  })

  it('that are too many are an error that names the kind of action and the bounds', () => {
    for (const kind of ['transactional', 'durable'] as const) {
      const items = new HeldItems(kind)
      expect(() => items.add('x'.repeat(most)))
        .to.throw(
          UnsendableError,
          `cannot send items: those of a ${kind} action are kept with its answer, and these have more than 65536 bytes (each counts 64 more)`,
        )
        .with.property('code', 'TOO_LARGE')
    }
  })
})
