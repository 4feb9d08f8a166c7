// When memory of what was sent may be used again.
import { expect } from 'chai'
import { SpentMemory } from '../../lib/core/link/spent-memory.ts'
import { isLent, SpareMemory } from '../../lib/core/wire/bytes/spare-memory.ts'

describe('SpentMemory', () => {
  const copy = (): Uint8Array => new SpareMemory().lendCopy(new Uint8Array(100 * 1024))

  it('goes back when all that was written before has left, while more is written', () => {
    let unsent = 50
    const spent = new SpentMemory({ unsentBytes: () => unsent })
    const [first, second] = [copy(), copy()]
    spent.add(first, 150)
    spent.add(second, 160)
    spent.release(199)
    expect([first, second].map(isLent)).to.deep.equal([true, true])
    spent.release(200)
    expect([first, second].map(isLent)).to.deep.equal([false, true])
    expect(spent.isEmpty).to.equal(false)
    unsent = 100
    spent.release(260)
    expect([first, second].map(isLent)).to.deep.equal([false, false])
    expect(spent.isEmpty).to.equal(true)
  })

  it('never goes back over a link that cannot tell', () => {
    const spent = new SpentMemory({})
    const payload = copy()
    spent.add(payload, 0)
    spent.release(1)
    expect(isLent(payload)).to.equal(true)
    expect(spent.isEmpty).to.equal(true)
  })

  it('does not wait for more than 1 024, nor for what was not lent', () => {
    const spent = new SpentMemory({ unsentBytes: () => 0 })
    spent.add(new Uint8Array(100 * 1024), 0)
    expect(spent.isEmpty).to.equal(true)
    const lender = new SpareMemory()
    const bytes = new Uint8Array(64 * 1024)
    const payloads = Array.from({ length: 1_025 }, () => lender.lendCopy(bytes))
    for (const payload of payloads) spent.add(payload, 0)
    spent.release(0)
    expect(payloads.filter(isLent)).to.have.length(1)
  })
})
