// A schema in short form: where it is cut, and how deep it goes in each kind of part.
import { expect } from 'chai'
import { shortSchema } from '../../lib/cli/short-schema.ts'

describe('A schema in short form', () => {
  it('has 60 characters at most', () => {
    expect(shortSchema({ $comment: 'x'.repeat(60) })).to.equal('x'.repeat(60))
    expect(shortSchema({ $comment: 'x'.repeat(61) })).to.equal(`${'x'.repeat(57)}...`)
  })

  it('goes three levels deep into fields, and no deeper', () => {
    const inside = (depth: number): object =>
      depth === 0 ? {} : { properties: { a: inside(depth - 1) }, required: ['a'] }
    expect(shortSchema(inside(3))).to.equal('{ a: { a: { a: any } } }')
    expect(shortSchema(inside(4))).to.equal('{ a: { a: { a: { a: ... } } } }')
  })

  it('goes three levels deep into alternatives, and no deeper', () => {
    const inside = (depth: number): object => (depth === 0 ? {} : { anyOf: [inside(depth - 1)] })
    expect(shortSchema(inside(3))).to.equal('any')
    expect(shortSchema(inside(4))).to.equal('...')
  })

  it('takes the first that there is: a value, values, alternatives, items, fields, the comment, the type', () => {
    const all = {
      const: 1,
      enum: [2],
      anyOf: [{ type: 'null' }],
      type: 'array',
      items: { type: 'string' },
      properties: { a: {} },
      $comment: 'words',
    }
    const { const: _const, ...noConst } = all
    const { enum: _enum, ...noEnum } = noConst
    const { anyOf: _anyOf, ...noAnyOf } = noEnum
    expect(shortSchema(all)).to.equal('1')
    expect(shortSchema(noConst)).to.equal('2')
    expect(shortSchema(noEnum)).to.equal('null')
    expect(shortSchema(noAnyOf)).to.equal('string[]')
    expect(shortSchema({ ...noAnyOf, type: 'object' })).to.equal('{ a?: any }')
    expect(shortSchema({ ...noAnyOf, type: 'object', properties: undefined })).to.equal('words')
    expect(shortSchema({ type: 'object' })).to.equal('object')
  })

  it('takes no parts of a wrong kind', () => {
    expect(shortSchema({ enum: 'ab', anyOf: 'cd', properties: 'ef', $comment: 7, type: 'string' })).to.equal('string')
    expect(shortSchema({ type: 'array', items: null })).to.equal('...[]')
    expect(shortSchema({ const: false })).to.equal('false')
    expect(shortSchema({ enum: [] })).to.equal('')
  })
})
