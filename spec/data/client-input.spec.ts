// What a client has sent is told from the objects of the program, however deep it is nested.
import { expect } from 'chai'
import { ClientInput } from '../../lib/features/data/client-input.ts'

describe('The input of a client', () => {
  it('has itself, and no object that only looks like it', () => {
    const value = { a: 1 }
    const input = new ClientInput(value)
    expect(input.has(value)).to.equal(true)
    expect(input.has({ a: 1 })).to.equal(false)
  })

  it('has what is nested in objects, lists, maps and sets', () => {
    const parts = Array.from({ length: 7 }, (_, i) => ({ i }))
    const [inObject, inList, asKey, asValue, inSet, deep, own] = parts
    const nested = [new Map([[asKey, asValue]]), new Set([inSet]), { list: [inList, { more: [[deep]] }] }]
    const value = { nested, own, inObject, nothing: null, missing: undefined, text: 'a' }
    const input = new ClientInput(value)
    expect(parts.map((part) => input.has(part))).to.deep.equal(parts.map(() => true))
    for (const object of [nested, ...nested]) expect(input.has(object)).to.equal(true)
    expect(input.has({ i: 0 })).to.equal(false)
  })

  it('has an object that contains itself', () => {
    const value: { self?: object; other?: object } = {}
    value.self = value
    value.other = { up: value }
    const input = new ClientInput(value)
    expect(input.has(value.other)).to.equal(true)
    expect(input.has({})).to.equal(false)
  })

  it('has bytes, whose parts are not looked at', () => {
    const bytes = Object.assign(new Uint8Array(3), { part: {} })
    const input = new ClientInput({ bytes })
    expect(input.has(bytes)).to.equal(true)
    expect(input.has(bytes.part)).to.equal(false)
  })

  it('has nothing where it is no object', () => {
    for (const value of [undefined, null, 'text', 5, () => undefined]) {
      const input = new ClientInput(value)
      expect(input.has({})).to.equal(false)
    }
    const call = () => undefined
    expect(new ClientInput(call).has(call)).to.equal(false)
  })

  it('is searched once, and again when the next item replaces it', () => {
    const first = { nested: {} as object }
    const second = { nested: {} }
    const input = new ClientInput(first)
    const { nested } = first
    expect(input.has(nested)).to.equal(true)
    first.nested = second
    expect([input.has(nested), input.has(second)]).to.deep.equal([true, false])
    input.replace(second)
    expect([input.has(nested), input.has(first)]).to.deep.equal([false, false])
    expect([input.has(second), input.has(second.nested)]).to.deep.equal([true, true])
    input.replace(undefined)
    expect(input.has(second)).to.equal(false)
  })
})
