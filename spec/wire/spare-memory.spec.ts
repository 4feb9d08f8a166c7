// Memory that is lent for copies, and used again when it came back.
import { expect } from 'chai'
import { isLent, SpareMemory, takeBack } from '../../lib/core/wire/bytes/spare-memory.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'

const kibibyte = 1024

describe('Spare memory', () => {
  const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

  let spare: SpareMemory
  const lendCopy = (bytes: Uint8Array): Uint8Array => spare.lendCopy(bytes)
  const spareBytes = (): number => spare.keptBytes

  beforeEach(() => {
    spare = new SpareMemory()
  })

  it('is another one for each copy, until one comes back', () => {
    const [one, two] = [lendCopy(filled(100 * kibibyte, 1)), lendCopy(filled(100 * kibibyte, 2))]
    expect(one.buffer).not.to.equal(two.buffer)
    takeBack(one)
    const three = lendCopy(filled(100 * kibibyte, 3))
    expect(three.buffer).to.equal(one.buffer)
    expect([two[0], three[0], three.length]).to.deep.equal([2, 3, 100 * kibibyte])
    takeBack(two)
    takeBack(three)
  })

  it('comes back once', () => {
    const one = lendCopy(filled(100 * kibibyte, 1))
    const before = spareBytes()
    takeBack(one)
    takeBack(one)
    expect(spareBytes()).to.equal(before + one.length)
    const [two, three] = [lendCopy(filled(100 * kibibyte, 2)), lendCopy(filled(100 * kibibyte, 3))]
    expect(two.buffer).not.to.equal(three.buffer)
    takeBack(two)
    takeBack(three)
  })

  it('is lent for what fits well: the bytes, and no more of it', () => {
    const large = lendCopy(filled(1_000 * kibibyte, 1))
    takeBack(large)
    const fits = lendCopy(filled(900 * kibibyte, 2))
    expect(fits.buffer).to.equal(large.buffer)
    expect(fits.length).to.equal(900 * kibibyte)
    expect(fits.every((byte) => byte === 2)).to.equal(true)
    takeBack(fits)
    expect(lendCopy(filled(200 * kibibyte, 3)).buffer).not.to.equal(large.buffer)
    expect(lendCopy(filled(1_001 * kibibyte, 4)).buffer).not.to.equal(large.buffer)
    expect(lendCopy(filled(1_000 * kibibyte, 5)).buffer).to.equal(large.buffer)
  })

  it('is not lent for small ones, and what was not lent stays what it is', () => {
    const small = lendCopy(filled(64 * kibibyte - 1, 1))
    const own = filled(100 * kibibyte, 1)
    const before = spareBytes()
    for (const payload of [small, own, undefined, 'text', { json: '', meta: '', bytes: [own] }]) {
      expect(isLent(payload)).to.equal(false)
      takeBack(payload)
    }
    expect(spareBytes()).to.equal(before)
    expect(isLent(lendCopy(filled(64 * kibibyte, 1)))).to.equal(true)
  })

  it('comes back with the value that holds it', () => {
    const parts = [lendCopy(filled(100 * kibibyte, 1)), lendCopy(filled(120 * kibibyte, 1))]
    const before = spareBytes()
    takeBack({ json: '', meta: '', bytes: parts })
    expect(spareBytes()).to.equal(before + 220 * kibibyte)
  })

  longIt('is kept up to 64 MiB, and let go after a while in which nobody needs it', async function () {
    this.timeout(120_000)
    const copies = Array.from({ length: 70 }, () => lendCopy(filled(1024 * kibibyte, 1)))
    for (const copy of copies) takeBack(copy)
    expect(spareBytes()).to.be.within(63 * 1024 * kibibyte, 64 * 1024 * kibibyte)
    await waitFor(() => spareBytes() === 0, { timeoutMs: 15_000 })
  })
})
