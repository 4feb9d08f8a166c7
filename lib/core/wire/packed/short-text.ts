// Texts so short that a native call would cost more than assembling them here.

const mostShort = 11
const char = String.fromCharCode

/** Whether these bytes are this ASCII text. */
export function isTextAt(bytes: Uint8Array, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}

/** A text of at most 11 bytes; undefined for longer ones, and for non-ASCII bytes. */
export function shortText(b: Uint8Array, s: number, length: number): string | undefined {
  if (length > mostShort) return undefined
  let all = 0
  for (let i = 0; i < length; i++) all |= b[s + i] as number
  if (all >= 0x80) return undefined
  // Concatenation would make a rope, and an array of codes is slower than JSON.
  switch (length) {
    case 0:
      return ''
    case 1:
      return char(b[s] as number)
    case 2:
      return char(b[s] as number, b[s + 1] as number)
    case 3:
      return char(b[s] as number, b[s + 1] as number, b[s + 2] as number)
    case 4:
      return char(b[s] as number, b[s + 1] as number, b[s + 2] as number, b[s + 3] as number)
    case 5:
      return char(b[s] as number, b[s + 1] as number, b[s + 2] as number, b[s + 3] as number, b[s + 4] as number)
    case 6:
      return char(
        b[s] as number,
        b[s + 1] as number,
        b[s + 2] as number,
        b[s + 3] as number,
        b[s + 4] as number,
        b[s + 5] as number,
      )
    case 7:
      return char(
        b[s] as number,
        b[s + 1] as number,
        b[s + 2] as number,
        b[s + 3] as number,
        b[s + 4] as number,
        b[s + 5] as number,
        b[s + 6] as number,
      )
    case 8:
      return char(
        b[s] as number,
        b[s + 1] as number,
        b[s + 2] as number,
        b[s + 3] as number,
        b[s + 4] as number,
        b[s + 5] as number,
        b[s + 6] as number,
        b[s + 7] as number,
      )
    case 9:
      return char(
        b[s] as number,
        b[s + 1] as number,
        b[s + 2] as number,
        b[s + 3] as number,
        b[s + 4] as number,
        b[s + 5] as number,
        b[s + 6] as number,
        b[s + 7] as number,
        b[s + 8] as number,
      )
    case 10:
      return char(
        b[s] as number,
        b[s + 1] as number,
        b[s + 2] as number,
        b[s + 3] as number,
        b[s + 4] as number,
        b[s + 5] as number,
        b[s + 6] as number,
        b[s + 7] as number,
        b[s + 8] as number,
        b[s + 9] as number,
      )
    default:
      return char(
        b[s] as number,
        b[s + 1] as number,
        b[s + 2] as number,
        b[s + 3] as number,
        b[s + 4] as number,
        b[s + 5] as number,
        b[s + 6] as number,
        b[s + 7] as number,
        b[s + 8] as number,
        b[s + 9] as number,
        b[s + 10] as number,
      )
  }
}
