// What of an error may travel, where it holds others: a declared one keeps its fields, and what it holds is made bare.
import { expect } from 'chai'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { discreet } from '../../lib/core/wire/rich/discreet-error.ts'
import { ActionError } from '../../lib/index.ts'

class OutOfStock extends ActionError {
  readonly left: number

  constructor(left: number, options?: ErrorOptions) {
    super('out of stock', options)
    this.left = left
  }
}

describe('A declared error that holds another', () => {
  const registry = new ClassRegistry()
  const inner = (): Error => Object.assign(new Error('inner'), { secret: 'token' })

  it('keeps its fields', () => {
    const told = discreet(new OutOfStock(3, { cause: inner() }), registry) as OutOfStock
    expect(told).to.be.instanceOf(OutOfStock).and.to.include({ left: 3, message: 'out of stock' })
  })

  it('tells of the other no more than of any that is not declared', () => {
    const told = discreet(new OutOfStock(3, { cause: inner() }), registry) as OutOfStock
    expect(told.cause).to.be.instanceOf(Error).and.to.include({ message: 'inner' })
    expect(told.cause).not.to.have.property('secret')
  })

  it('is the same object where it holds none', () => {
    const error = new OutOfStock(3)
    expect(discreet(error, registry)).to.equal(error)
  })
})
