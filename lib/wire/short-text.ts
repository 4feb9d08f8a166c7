// Texts so short that a native call would cost more than putting them together here.

const mostShort = 11
const char = String.fromCharCode

/** Whether these bytes are this text of ASCII. */
export function isTextAt(bytes: Uint8Array, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}

/** A text of at most 11 bytes; undefined for longer ones, and for what is not ASCII. */
export function shortText(b: Uint8Array, s: number, length: number): string | undefined {
  if (length > mostShort) return undefined
  let all = 0
  for (let i = 0; i < length; i++) all |= b[s + i] as number
  if (all >= 0x80) return undefined
  // Concatenation would make a rope of it, and an array of codes is slower than JSON.
  const at = (i: number): number => b[s + i] as number
  switch (length) {
    case 0:
      return ''
    case 1:
      return char(at(0))
    case 2:
      return char(at(0), at(1))
    case 3:
      return char(at(0), at(1), at(2))
    case 4:
      return char(at(0), at(1), at(2), at(3))
    case 5:
      return char(at(0), at(1), at(2), at(3), at(4))
    case 6:
      return char(at(0), at(1), at(2), at(3), at(4), at(5))
    case 7:
      return char(at(0), at(1), at(2), at(3), at(4), at(5), at(6))
    case 8:
      return char(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
    case 9:
      return char(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8))
    case 10:
      return char(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9))
    default:
      return char(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9), at(10))
  }
}
