// Regular expressions that strangers give: which are taken, and for how long a text.
import { expect } from 'chai'
import { InvalidDataError } from '../../../lib/features/data/data-errors.ts'
import { readPattern } from '../../../lib/features/data/engine/pattern.ts'
import { failureOf } from '../../setup/world.ts'

describe('A regular expression of a stranger', () => {
  it('says whether a text has a match', async () => {
    const matches = await readPattern('^a+b$', 'name')
    expect(['aab', 'ab', 'abc', ''].map(matches)).to.deep.equal([true, true, false, false])
  })

  it('is refused where it is none, or repeats too much', async () => {
    for (const pattern of ['(', '(?=a)', '((a{100}){100}){100}'])
      expect(await failureOf(readPattern(pattern, 'name')), pattern).to.be.instanceOf(InvalidDataError)
  })

  it('is refused for a text for which it would take long, before it begins', async () => {
    const matches = await readPattern('(a{40}){20}', 'name')
    expect(matches('a'.repeat(800))).to.equal(true)
    expect(() => matches('a'.repeat(1_000_000))).to.throw(InvalidDataError, 'too costly for a text of 1000000')
  })
})
