// Classes of isock's own that another copy of this package made: they are known already, and ours stay what errors arrive as.
import { expect } from 'chai'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { AuthError, ServerError } from '../../lib/index.ts'

/** As another copy of this package has it. */
function ofAnotherCopy(wireName: string): new () => Error {
  class Copy extends Error {}
  Object.defineProperty(Copy, 'name', { value: wireName })
  Object.defineProperty(Copy.prototype, Symbol.for('isock.ownWireName'), { value: wireName })
  return Copy
}

describe('A class of another copy of this package', () => {
  for (const [name, Own] of Object.entries({ AuthError, ServerError }))
    it(`is known as ${name}, which still arrives as ours`, () => {
      const registry = new ClassRegistry()
      const Copy = ofAnotherCopy(name)
      for (let count = 0; count < 2; count++) registry.declareError(Copy)
      expect(registry.errorNamed(name)).to.equal(Own)
      expect(registry.nameOf(Copy)).to.equal(name)
      expect(registry.isDeclared(Copy.prototype)).to.equal(true)
    })

  it('can be declared where this copy has none of its name', () => {
    const registry = new ClassRegistry()
    const Copy = ofAnotherCopy('LaterError')
    registry.declareError(Copy)
    expect(registry.errorNamed('LaterError')).to.equal(Copy)
  })
})
