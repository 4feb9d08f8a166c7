// Where a text stops being JSON.
import { expect } from 'chai'
import fc from 'fast-check'
import { findJsonFault, pointAt } from '../../lib/core/base/json-fault.ts'

describe('findJsonFault', () => {
  const faults: [text: string, offset: number, expected: string][] = [
    ['', 0, 'a value'],
    ['hello', 0, 'a value'],
    ['{"a":}', 5, 'a value'],
    ['{a:1}', 1, 'a key in double quotes'],
    ['{"a" 1}', 5, '":"'],
    ['{"a":1,}', 7, 'a key in double quotes'],
    ['[1 2]', 3, '"," or "]"'],
    ['{"a":1]', 6, '"," or "}"'],
    ['"open', 5, 'the rest of a string'],
    ['"bad \\x escape"', 5, 'the rest of a string'],
    ['01', 1, 'the end'],
    ['1 2', 2, 'the end'],
    ["'single'", 0, 'a value'],
  ]
  for (const [text, offset, expected] of faults) {
    it(`finds it in ${text || 'nothing'}`, () => {
      expect(findJsonFault(text)).to.deep.equal({ offset, expected })
      expect(() => JSON.parse(text)).to.throw(SyntaxError)
    })
  }

  it('finds none in JSON', () => {
    fc.assert(fc.property(fc.json(), (text) => findJsonFault(text) === undefined))
  })

  it('finds one wherever JSON.parse fails, and only there', () => {
    const parts = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', '-', '.5', 'e3', 'true', 'nul', ' ', '\\')
    const texts = fc.array(parts, { maxLength: 8 }).map((list) => list.join(''))
    fc.assert(
      fc.property(texts, (text) => {
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        return (findJsonFault(text) === undefined) === isJson
      }),
      { numRuns: 2_000 },
    )
  })

  it('is shown with its line and an arrow', () => {
    const text = '{\n  "a": 1,\n  b: 2\n}'
    const fault = findJsonFault(text)
    expect(fault && pointAt(text, fault)).to.equal(
      'expected a key in double quotes at line 3, column 3\n    b: 2\n    ^',
    )
  })

  it('shows the neighbourhood only, of a long line', () => {
    const text = `[${'1,'.repeat(500)}x]`
    const fault = findJsonFault(text)
    const [, line = '', arrow = ''] = fault === undefined ? [] : pointAt(text, fault).split('\n')
    expect(line.length).to.be.below(80)
    expect(line[arrow.indexOf('^')]).to.equal('x')
  })
})
