// What a terminal obeys is escaped, for people and in JSON; all else stays.
import { expect } from 'chai'
import { printable, printableJson } from '../../lib/core/base/terminal-text.ts'

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const obeyed = [
  ...range(0x00, 0x08),
  ...range(0x0b, 0x1f),
  ...range(0x7f, 0x9f),
  ...[0x61c, 0x200e, 0x200f],
  ...range(0x2028, 0x202e),
  ...range(0x2066, 0x2069),
]

describe('text on a terminal', () => {
  it('has no control character but tab and line feed, and none of the direction of writing', () => {
    for (const code of obeyed) {
      const shown = printable(`a${String.fromCharCode(code)}b`)
      expect(shown, code.toString(16)).to.match(/^a\\(x[\da-f]{2}|u[\da-f]{4})b$/)
      expect(printable(shown)).to.equal(shown)
    }
    expect(printable('\u001b[2J\u009b\u202e')).to.equal('\\x1b[2J\\x9b\\u202e')
  })

  it('keeps everything else, characters of all lengths included', () => {
    const text = 'tab\tline\n\\ "é" שלום 你好 👩‍🚀 \u00a0\u00ad'
    expect(printable(text)).to.equal(text)
    expect(printableJson(text)).to.equal(text)
  })

  it('is the same value as JSON', () => {
    const value = { [`key ${String.fromCharCode(0x9b)}`]: obeyed.map((code) => String.fromCharCode(code)).join('') }
    const json = printableJson(JSON.stringify(value))
    expect(JSON.parse(json)).to.deep.equal(value)
    expect(printable(json)).to.equal(json)
  })
})
