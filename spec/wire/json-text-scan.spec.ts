// The bounds within which a long JSON text is parsed.
import { expect } from 'chai'
import { jsonTextFault, unseenTextLength } from '../../lib/core/wire/rich/json-text-scan.ts'

describe('A long JSON text', () => {
  const long = `"${'x'.repeat(unseenTextLength)}"`

  it('may be nested exactly as deep as the limit says', () => {
    for (const [text, deeper] of [
      [`[[[${long}]]]`, `[[[[${long}]]]]`],
      [`{"a":{"b":{"c":${long}}}}`, `{"a":{"b":{"c":{"d":${long}}}}}`],
    ] as const) {
      expect(jsonTextFault(text, 3, 100)).to.equal(undefined)
      expect(jsonTextFault(deeper, 3, 100)).to.equal('nested more than 3 deep')
    }
  })

  it('may be wide where it is not deep', () => {
    expect(jsonTextFault(`[[[]],{"a":[]},${long}]`, 3, 100)).to.equal(undefined)
  })

  it('may say what it likes in its strings', () => {
    for (const text of ['"[[[["', '"\\"[[[["', '"\\\\"', '{"[[[[":1}'])
      expect(jsonTextFault(`[${text},${long},[]]`, 2, 3), text).to.equal(undefined)
    expect(jsonTextFault(`["\\\\",[[]],${long}]`, 2, 9)).to.equal('nested more than 2 deep')
  })

  it('may hold exactly as many arrays and objects as the limit says', () => {
    expect(jsonTextFault(`[[],{},${long}]`, 9, 3)).to.equal(undefined)
    expect(jsonTextFault(`[[],{},[],${long}]`, 9, 3)).to.equal('more than 3 arrays and objects')
  })
})
