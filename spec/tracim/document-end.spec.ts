// Where a document ends, however it is cut into pieces.
import { expect } from 'chai'
import fc from 'fast-check'
import { DocumentEnd } from '../../lib/tracim/document-end.ts'

/** How many bytes belong to the document, over all pieces. */
function endIn(pieces: Iterable<Uint8Array>): number | undefined {
  const end = new DocumentEnd()
  let before = 0
  for (const piece of pieces) {
    const found = end.find(piece)
    if (found !== undefined) return before + found
    before += piece.length
  }
  return undefined
}

const bytes = (text: string): Buffer => Buffer.from(text)

/** The text in pieces, cut at these places. */
function cut(text: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set([0, ...places.map((place) => place % (text.length + 1)), text.length])].sort(
    (a, b) => a - b,
  )
  return sorted.slice(1).map((place, i) => text.subarray(sorted[i], place))
}

describe('The end of a document', () => {
  it('is found in any JSON of an object or a list, in any pieces, and in nothing before', () => {
    const value = fc.oneof(fc.object({ withNullPrototype: false }), fc.array(fc.jsonValue()))
    const places = fc.array(fc.nat({ max: 10_000 }))
    fc.assert(
      fc.property(value, places, fc.constantFrom('', ' ', '\n\t\r '), fc.boolean(), (given, at, space, isSpread) => {
        const text = bytes(space + JSON.stringify(given, undefined, isSpread ? 2 : undefined))
        expect(endIn(cut(Buffer.concat([text, bytes(' {"b":1}]x')]), at))).to.equal(text.length)
        expect(endIn(cut(text.subarray(0, -1), at))).to.equal(undefined)
      }),
    )
  })

  it('is not seen in texts, whatever is escaped in them', () => {
    for (const text of ['{"a":"}"}', '{"a":"\\""}', '{"a\\\\":"]}"}', '["\\\\\\"]"]', '{"ä}":"€]"}'])
      for (const pieces of [[bytes(text)], [...bytes(text)].map((byte) => Buffer.of(byte))])
        expect(endIn(pieces), text).to.equal(bytes(text).length)
  })

  it('is not looked for in what is neither object nor list', () => {
    for (const text of ['null {}', '"{}"', '}{', '5', 'x{}', '\ufeff{}', '', '   ', '\0{}'])
      expect(endIn([bytes(text), bytes('{}')]), JSON.stringify(text)).to.equal(
        text.trim() === '' ? text.length + 2 : undefined,
      )
  })

  it('is where as many are closed as were opened, and the rest is for the parser to refuse', () => {
    expect(endIn([bytes('[}x')])).to.equal(2)
    expect(endIn([bytes('{{]]')])).to.equal(4)
  })

  it('reads millions of bytes in pieces of one, and of deep nesting', () => {
    const piece = Buffer.of(0x5b)
    const end = new DocumentEnd()
    let found: number | undefined
    for (let i = 0; i < 4_000_000; i++) found ??= end.find(piece)
    expect(found).to.equal(undefined)
    expect(end.find(Buffer.alloc(3_999_999, ']'))).to.equal(undefined)
    expect(end.find(bytes(']'))).to.equal(1)
  })
})
