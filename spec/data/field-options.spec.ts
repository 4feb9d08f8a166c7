// What a field cannot be declared with, and what its declaration keeps.
import { expect } from 'chai'
import { ClientError } from 'isock'
import { field } from 'isock/data'
import { type FieldSpec, isDeclared } from '../../lib/features/data/field.ts'

const declared = (value: unknown): FieldSpec => value as FieldSpec

describe('The options of a field', () => {
  const wrong: Record<string, [declare: () => unknown, reason: string]> = {
    'no choices': [() => field.choice([]), 'choices of a field: expected a list of at least one text'],
    'choices that are no texts': [() => field.choice(['a', 1 as never]), 'expected a list of at least one text'],
    'choices that are no list': [() => field.choice('ab' as never), 'expected a list of at least one text'],
    'a set that is no function': [() => field.text({ set: 'lower' as never }), 'set of a field: expected a function'],
    'a default that all rows would share': [() => field.list('text', { default: [] as never }), 'default: () => []'],
    'an unknown name': [() => field.text({ optinal: true } as never), 'optional'],
    'secret: undefined': [() => field.text({ secret: undefined } as never), 'secret'],
  }
  for (const [what, [declare, reason]] of Object.entries(wrong))
    it(`are refused: ${what}`, () => {
      expect(declare).to.throw(ClientError, reason)
    })

  it('keep one choice, a date and null as they are', () => {
    expect(declared(field.choice(['a'])).choices).to.deep.equal(['a'])
    const at = new Date(5)
    expect(declared(field.date({ default: at })).makeDefault?.()).to.equal(at)
    expect(declared(field.text({ optional: true, default: null as never })).makeDefault?.()).to.equal(null)
    expect(declared(field.text()).makeDefault).to.equal(undefined)
  })

  it('are known by their declaration', () => {
    expect([field.text(), {}, null, 'text', undefined].map(isDeclared)).to.deep.equal([
      true,
      false,
      false,
      false,
      false,
    ])
  })
})
