// What counts as an ArrayBuffer: the internal slot decides, not the looks.
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { copyOfBytes, isArrayBuffer } from '../../lib/core/wire/bytes/binary-brand.ts'
import { isDetached, transfer } from '../../lib/core/wire/bytes/transfer.ts'

describe('The brand of an ArrayBuffer', () => {
  const cases: Record<string, [value: unknown, isOne: boolean]> = {
    'one with bytes': [new ArrayBuffer(3), true],
    'an empty one': [new ArrayBuffer(0), true],
    'an empty one of another realm': [runInNewContext('new ArrayBuffer(0)'), true],
    'one with another prototype': [Object.setPrototypeOf(new ArrayBuffer(1), null), true],
    'a SharedArrayBuffer': [new SharedArrayBuffer(1), false],
    'a view': [new Uint8Array(1), false],
    'what only looks like one': [Object.create(ArrayBuffer.prototype, { byteLength: { value: 1 } }), false],
    null: [null, false],
  }
  for (const [what, [value, isOne]] of Object.entries(cases))
    it(`${isOne ? 'is' : 'is not'} that of ${what}`, () => expect(isArrayBuffer(value)).to.equal(isOne))

  it('lets an empty one be given away, once', () => {
    const given = new ArrayBuffer(0)
    expect(transfer(given).byteLength).to.equal(0)
    expect(isDetached(given)).to.equal(true)
    expect(() => transfer(given)).to.throw('these bytes were given away before')
  })

  it('is kept by a copy, with the bytes that were shown alone', () => {
    const bytes = new Uint8Array([1, 2, 3, 4])
    for (const part of [bytes.subarray(1, 3), Buffer.from(bytes.buffer, 1, 2), new DataView(bytes.buffer, 1, 2)]) {
      const copy = copyOfBytes(part)
      expect(Object.getPrototypeOf(copy)).to.equal(Object.getPrototypeOf(part))
      expect(copy.byteOffset).to.equal(0)
      expect([...new Uint8Array(copy.buffer)]).to.deep.equal([2, 3])
    }
    const whole = copyOfBytes(bytes.buffer)
    expect(whole).to.not.equal(bytes.buffer)
    expect([...new Uint8Array(whole)]).to.deep.equal([1, 2, 3, 4])
  })
})
