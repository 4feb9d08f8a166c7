// The bounds of the fast path out hold for each value by itself, whatever was packed or refused before.
import { expect } from 'chai'
import { ValuePacker } from '../../lib/core/wire/packed/value-packer.ts'
import { defaultValueLimits } from '../../lib/core/wire/values/value-limits.ts'

describe('A packer of values', () => {
  const cases: Record<string, [limits: object, fits: unknown, tooMuch: unknown]> = {
    containers: [{ maxContainers: 2 }, [[1], 2, 3], [[1], [2]]],
    values: [{ maxNodes: 4 }, [1, 2, 3], [1, 2, 3, 4]],
    depth: [{ maxDepth: 2 }, [[1]], [[[1]]]],
  }
  for (const [what, [limits, fits, tooMuch]] of Object.entries(cases))
    it(`counts the ${what} of each value from nothing`, () => {
      const packer = new ValuePacker({ ...defaultValueLimits, ...limits })
      for (let count = 0; count < 5; count++) {
        expect(packer.pack(fits), `${count}`).to.not.equal(undefined)
        expect(packer.pack(tooMuch), `${count}`).to.equal(undefined)
      }
    })

  it('packs on after a getter threw', () => {
    const packer = new ValuePacker(defaultValueLimits)
    const broken = Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => {
        throw new Error('broken')
      },
    })
    expect(packer.pack(broken)).to.equal(undefined)
    expect(packer.pack([1])).to.not.equal(undefined)
  })
})
