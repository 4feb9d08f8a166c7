// Texts that are assembled without a native call.
import { expect } from 'chai'
import { isTextAt, shortText } from '../../lib/core/wire/packed/short-text.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('Short texts', () => {
  it('are assembled up to 11 bytes, from any place', () => {
    const all = 'abcdefghijklm'
    for (let length = 0; length <= 11; length++)
      expect(shortText(bytesOf(`--${all}`), 2, length), `${length} bytes`).to.equal(all.slice(0, length))
    expect(shortText(bytesOf(all), 0, 12)).to.equal(undefined)
  })

  it('are ASCII', () => {
    expect(shortText(bytesOf('\u0000\u007f'), 0, 2)).to.equal('\u0000\u007f')
    for (const text of ['\u0080', 'aé', 'éa']) {
      const bytes = bytesOf(text)
      expect(shortText(bytes, 0, bytes.length), text).to.equal(undefined)
    }
  })

  it('are found where they are, and nowhere else', () => {
    const bytes = bytesOf('a name')
    expect(isTextAt(bytes, 2, 'name')).to.equal(true)
    expect(isTextAt(bytes, 0, '')).to.equal(true)
    for (const text of ['name!', 'Name', 'nama', 'a'])
      expect(isTextAt(bytes, text === 'a' ? 1 : 2, text), text).to.equal(false)
  })
})
