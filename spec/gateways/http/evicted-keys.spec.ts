// Keys that had to make room are known for as long as they would have been kept, and hardly any others are taken for them.
import { expect } from 'chai'
import { EvictedKeys } from '../../../lib/gateways/http/evicted-keys.ts'
import { sizeOf } from '../../setup/long.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'

const keepMs = 900_000

describe('Evicted keys', () => {
  let clock: VirtualClock
  let keys: EvictedKeys

  beforeEach(() => {
    clock = new VirtualClock()
    keys = new EvictedKeys(keepMs, clock)
  })

  const falseOnes = (count: number): number =>
    Array.from({ length: count }, (_, i) => keys.has(`never ${i}`)).filter(Boolean).length

  it('cost nothing while there are none', () => {
    expect([keys.has('a'), keys.isFull, keys.bytes]).to.deep.equal([false, false, 0])
  })

  it('are found for as long as they would have been kept, whenever they were evicted, and not for twice as long', async () => {
    for (let minute = 0; minute <= 40; minute++) {
      keys.add(`key ${minute}`)
      for (let before = 0; before <= 40; before++) {
        const isKnown = minute >= before && keys.has(`key ${before}`)
        const ageMs = (minute - before) * 60_000
        if (ageMs >= 0 && ageMs <= keepMs) expect(isKnown, `${before} at ${minute}`).to.equal(true)
        if (ageMs >= 2 * keepMs) expect(isKnown, `${before} at ${minute}`).to.equal(false)
      }
      await clock.advance(60_000)
    }
    await clock.advance(2 * keepMs)
    expect([keys.has('key 40'), keys.bytes]).to.deep.equal([false, 0])
  })

  it('are all found, and fewer than one in a hundred others is, however many they are', async () => {
    const count = sizeOf({ all: 40_000, few: 8_000 })
    for (let slice = 0; slice < 3; slice++) {
      for (let i = 0; i < count; i++) keys.add(`key ${slice} ${i}`)
      await clock.advance(keepMs / 2 - 1_000)
    }
    for (let slice = 1; slice < 3; slice++)
      for (let i = 0; i < count; i += 7) expect(keys.has(`key ${slice} ${i}`)).to.equal(true)
    expect(falseOnes(count / 2)).to.be.below(count / 200)
    expect(keys.isFull).to.equal(false)
  })

  it('take three slices of memory at most, are full before others are taken for them too often, and are found all the same', async () => {
    keys = new EvictedKeys(keepMs, clock, [2 ** 12, 2 ** 16])
    for (let slice = 0; slice < 3; slice++) {
      keys.add(`first of ${slice}`)
      let count = 0
      for (; !keys.isFull && count < 10_000; count++) keys.add(`${slice} ${count}`)
      expect(count).to.equal(2 ** 8 + 2 ** 12 - 1)
      for (let i = 0; i < 100; i++) keys.add(`more ${slice} ${i}`)
      expect(keys.bytes).to.equal(((slice + 1) * (2 ** 12 + 2 ** 16)) / 8)
      expect(keys.has(`first of ${slice}`)).to.equal(true)
      expect(keys.has(`more ${slice} 99`)).to.equal(true)
      if (slice < 2) await clock.advance(keepMs / 2)
    }
    expect(falseOnes(20_000)).to.be.below(200)
    await clock.advance(keepMs / 2)
    expect(keys.isFull).to.equal(false)
  })
})
