// Which texts can travel as names.
import { expect } from 'chai'
import { isName, maxNameBytes } from '../../lib/core/wire/frames/frame.ts'

describe('The name of an action or a client', () => {
  it('has at most 512 bytes of UTF-8', () => {
    expect(maxNameBytes).to.equal(512)
    for (const letter of ['a', 'é', '€', '😀']) {
      const bytes = new TextEncoder().encode(letter).length
      const longest = letter
        .repeat(Math.floor(512 / bytes))
        .padEnd(letter.length * Math.floor(512 / bytes) + (512 % bytes), 'a')
      expect(isName(longest), letter).to.equal(true)
      expect(isName(`${longest}a`), letter).to.equal(false)
    }
  })

  it('is a text, and not empty', () => {
    for (const other of ['', undefined, null, 7, {}, ['a']]) expect(isName(other)).to.equal(false)
    expect(isName('a')).to.equal(true)
  })
})
