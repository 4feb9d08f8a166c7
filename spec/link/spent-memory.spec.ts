// When memory of what was sent may be used again.
import { expect } from 'chai'
import { SpentMemory } from '../../lib/core/link/spent-memory.ts'
import { isLent, SpareMemory } from '../../lib/core/wire/bytes/spare-memory.ts'

describe('SpentMemory', () => {
  const copy = (): Uint8Array => new SpareMemory().lendCopy(new Uint8Array(100 * 1024))

  it('goes back when all that was written has left', () => {
    let isDrained = false
    const spent = new SpentMemory({ isDrained: () => isDrained })
    const payload = copy()
    spent.add(payload)
    spent.allWritten()
    expect(isLent(payload)).to.equal(true)
    isDrained = true
    spent.allWritten()
    expect(isLent(payload)).to.equal(false)
    expect(spent.isEmpty).to.equal(true)
  })

  it('never goes back over a link that cannot tell', () => {
    const spent = new SpentMemory({})
    const payload = copy()
    spent.add(payload)
    spent.allWritten()
    expect(isLent(payload)).to.equal(true)
    expect(spent.isEmpty).to.equal(true)
  })

  it('does not wait for more than 64, nor for what was not lent', () => {
    const spent = new SpentMemory({ isDrained: () => true })
    spent.add(new Uint8Array(100 * 1024))
    expect(spent.isEmpty).to.equal(true)
    const payloads = Array.from({ length: 65 }, copy)
    for (const payload of payloads) spent.add(payload)
    spent.allWritten()
    expect(payloads.filter(isLent)).to.have.length(1)
  })
})
