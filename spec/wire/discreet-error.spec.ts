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

describe('What was thrown, as it is told', () => {
  const registry = new ClassRegistry()

  it('is itself where it is no object, and an error in place of any other object', () => {
    for (const thrown of ['text', 7, undefined, null, 7n, true]) expect(discreet(thrown, registry)).to.equal(thrown)
    const told = discreet({ message: 'no more', code: 'E_NONE', token: 'x' }, registry)
    expect(told).to.be.instanceOf(Error).and.to.include({ message: 'no more', code: 'E_NONE' })
    expect(told).not.to.have.property('token')
    for (const thrown of [{ message: 7, code: { deep: 1 } }, () => 'a function']) {
      const nameless = discreet(thrown, registry)
      expect(nameless).to.be.instanceOf(Error).and.to.include({ message: 'a value that is not an error was thrown' })
      expect(nameless).not.to.have.property('code')
    }
  })

  it('is said to be unreadable where it is', () => {
    const thrown = {
      get message(): string {
        throw new Error('gone')
      },
    }
    expect(discreet(thrown, registry)).to.be.instanceOf(Error).and.to.include({
      message: 'an error that cannot be read',
    })
  })

  it('keeps a number as its code, the stack and a name of its own, and is no part of the original', () => {
    const error = Object.assign(new TypeError('bad'), { code: 42, detail: 'inside' })
    error.name = 'BadInput'
    const told = discreet(error, registry) as Error & { readonly detail?: unknown }
    expect(told).not.to.equal(error)
    expect(told).to.be.instanceOf(TypeError)
    expect(told).to.include({ name: 'BadInput', message: 'bad', code: 42, stack: error.stack })
    expect(told.detail).to.equal(undefined)
    expect(Object.keys(told), 'what is sent as fields').to.deep.equal(['code'])
  })

  it('has no message of its own where the class gives it', () => {
    class Quiet extends Error {}
    Object.defineProperty(Quiet.prototype, 'message', { value: 'by the class' })
    const error = new Quiet()
    Reflect.deleteProperty(error, 'message')
    const told = discreet(error, registry) as Error
    expect(told.message).to.equal('by the class')
    expect(Object.hasOwn(told, 'message')).to.equal(false)
  })

  it('tells of errors in lists and fields no more than of others, and leaves the values beside them', () => {
    const hidden = (): Error => Object.assign(new Error('inner'), { secret: 'token' })
    const both = Object.assign(new OutOfStock(1), { tried: [hidden(), 'once', 7], last: hidden() })
    const told = discreet(both, registry) as typeof both
    expect(told.tried[0]).to.be.instanceOf(Error).and.to.include({ message: 'inner' })
    expect(told.tried[0]).not.to.have.property('secret')
    expect(told.tried.slice(1)).to.deep.equal(['once', 7])
    expect(told.last).not.to.have.property('secret')
    expect(told.left).to.equal(1)
    expect(both.last, 'the original stays').to.have.property('secret')
    const listed = discreet(Object.assign(new OutOfStock(1), { tried: ['once', hidden()] }), registry) as typeof both
    expect(listed.tried[1], 'in a list alone').to.include({ message: 'inner' }).and.not.to.have.property('secret')
  })

  it('follows causes for eight steps', () => {
    const chain = (length: number): OutOfStock =>
      length === 0 ? new OutOfStock(0) : new OutOfStock(length, { cause: chain(length - 1) })
    let told: unknown = discreet(chain(12), registry)
    const lefts: unknown[] = []
    while (told instanceof OutOfStock) {
      lefts.push(told.left)
      told = told.cause
    }
    expect(lefts).to.deep.equal([12, 11, 10, 9, 8, 7, 6, 5, 4, undefined])
  })
})
