// Numbers that commands take: between their bounds, both included, in digits alone.
import { expect } from 'chai'
import { InvalidArgumentError } from 'commander'
import { count } from '../../lib/cli/command-parts.ts'

describe('A number of a command', () => {
  it('is taken from its least to its most', () => {
    const port = count(65_535, 1)
    expect(['1', '80', '65535', '0080'].map(port)).to.deep.equal([1, 80, 65_535, 80])
    expect(count()('0')).to.equal(0)
    expect(count()(String(Number.MAX_SAFE_INTEGER))).to.equal(Number.MAX_SAFE_INTEGER)
  })

  it('is refused with its bounds', () => {
    for (const text of ['0', '65536', '-1', '1.5', '1e3', '0x1', '', ' 1', 'http'])
      expect(() => count(65_535, 1)(text), text).to.throw(
        InvalidArgumentError,
        'It must be a whole number from 1 to 65535.',
      )
    expect(() => count()('9007199254740992')).to.throw(InvalidArgumentError, 'It must be a whole number from 0.')
  })
})
