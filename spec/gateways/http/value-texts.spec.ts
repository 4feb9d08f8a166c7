// How values are written for foreign clients, as plain JSON and as superjson.
import { expect } from 'chai'
import { UnsendableError } from 'isock'
import { SuperJSON } from 'superjson'
import { valueText } from '../../../lib/gateways/http/value-texts.ts'

const written = (value: unknown): unknown => JSON.parse(valueText(value, 'superjson', 'the result'))
const readBack = (value: unknown): unknown => SuperJSON.parse(valueText(value, 'superjson', 'the result'))
const bytes = new Uint8Array([1, 2, 3])

class Point {
  readonly x = 1
}

describe('The text of a value', () => {
  it('is JSON alone in the plain format', () => {
    expect(valueText({ a: [1, null] }, 'plain', 'the result')).to.equal('{"a":[1,null]}')
    expect(valueText(new Date(0), 'plain', 'the result')).to.equal('"1970-01-01T00:00:00.000Z"')
  })

  it('has no meta in superjson where JSON is enough', () => {
    expect(valueText({ a: 1 }, 'superjson', 'the result')).to.equal('{"json":{"a":1}}')
    expect(valueText(null, 'superjson', 'the result')).to.equal('{"json":null}')
    expect(valueText('', 'superjson', 'the result')).to.equal('{"json":""}')
    expect(valueText(0, 'superjson', 'the result')).to.equal('{"json":0}')
    expect(valueText(false, 'superjson', 'the result')).to.equal('{"json":false}')
  })

  it('names the types that JSON lacks in superjson', () => {
    expect(written({ at: new Date(0) })).to.deep.equal({
      json: { at: '1970-01-01T00:00:00.000Z' },
      meta: { values: { at: ['Date'] }, v: 1 },
    })
    expect(readBack(undefined)).to.equal(undefined)
    expect(readBack(5n)).to.equal(5n)
  })

  it('writes a Buffer as bytes, at any depth', () => {
    const given = Buffer.from(bytes)
    expect(written(given)).to.deep.equal(written(bytes))
    expect(written([given])).to.deep.equal(written([bytes]))
    expect(written({ a: given })).to.deep.equal(written({ a: bytes }))
    expect(written(new Map([[given, given]]))).to.deep.equal(written(new Map([[bytes, bytes]])))
    expect(written(new Set([given]))).to.deep.equal(written(new Set([bytes])))
    expect(written({ a: [new Map([['k', new Set([given])]])] })).to.deep.equal(
      written({ a: [new Map([['k', new Set([bytes])]])] }),
    )
    expect(readBack(given)).to.deep.equal(bytes)
    expect(Object.getPrototypeOf(readBack(given))).to.equal(Uint8Array.prototype)
  })

  it('keeps maps and sets as such', () => {
    expect(readBack(new Map([['a', new Date(5)]]))).to.deep.equal(new Map([['a', new Date(5)]]))
    expect(readBack(new Set([1n]))).to.deep.equal(new Set([1n]))
    expect(readBack([1, new Date(5)])).to.deep.equal([1, new Date(5)])
  })

  it('writes a date that is none as null', () => {
    expect(written({ at: new Date(Number.NaN) })).to.deep.equal({ json: { at: null } })
  })

  it('repeats an object that occurs twice', () => {
    const one = { a: 1 }
    expect(written([one, one])).to.deep.equal({ json: [{ a: 1 }, { a: 1 }] })
    const point = new Point()
    expect(written([point, point])).to.have.deep.property('json', [{ x: 1 }, { x: 1 }])
  })

  it('leaves objects of classes to superjson, which writes their fields', () => {
    expect(written(new Point())).to.deep.equal({ json: { x: 1 } })
  })

  it('is refused in superjson with the name of the value and the cause', () => {
    const cause = new Error('a getter failed')
    const faulty = {
      get a() {
        throw cause
      },
    }
    const failing = () => valueText(faulty, 'superjson', 'the result')
    expect(failing)
      .to.throw(UnsendableError, 'cannot send the result: it cannot be written as superjson')
      .with.property('cause', cause)
    expect(() => valueText(faulty, 'plain', 'the result')).to.throw()
  })
})
