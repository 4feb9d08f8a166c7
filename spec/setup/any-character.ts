// Any character, for property specs. fast-check's own `unit: anyCharacter` first makes a table of a million characters, which takes a
// second of processor time and 100 MB in each process.
import fc from 'fast-check'

const firstSurrogate = 0xd800
const surrogates = 0x800
const codePoints = 0x11_0000

/** Any code point but a surrogate, as `fc.string({ unit: anyCharacter })` takes it. */
export const anyCharacter: fc.Arbitrary<string> = fc.nat(codePoints - surrogates - 1).map(
  (at) => String.fromCodePoint(at < firstSurrogate ? at : at + surrogates),
  // With this fast-check also makes the texts that it knows to be dangerous, as `__proto__`.
  (character) => {
    const point = typeof character === 'string' ? character.codePointAt(0) : undefined
    if (point === undefined || String.fromCodePoint(point) !== character) throw new TypeError('expected one character')
    return point < firstSurrogate ? point : point - surrogates
  },
)
