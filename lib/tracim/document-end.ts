// Finds the end of a JSON object or list in bytes that arrive in pieces. Reads each byte once, and keeps four small values.
// Leaves validation to the parser.

const [quote, backslash] = [0x22, 0x5c]
const openers: ReadonlySet<number> = new Set([0x7b, 0x5b])
const closers: ReadonlySet<number> = new Set([0x7d, 0x5d])
const spaces: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])

/** One document. In UTF-8, no byte of a longer character equals one of the bytes searched for. */
export class DocumentEnd {
  #depth = 0
  #isInText = false
  #isEscaped = false
  /** It begins as neither object nor list, so only its writer can end it. */
  #isOther = false

  /** Reads the next piece. Returns the number of its bytes that belong to the document if it ends there, otherwise undefined. */
  find(piece: Uint8Array): number | undefined {
    if (this.#isOther) return undefined
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at] as number
      if (this.#isInText) this.#readText(byte)
      else if (openers.has(byte)) this.#depth++
      else if (this.#depth === 0) {
        if (spaces.has(byte)) continue
        this.#isOther = true
        return undefined
      } else if (byte === quote) this.#isInText = true
      else if (closers.has(byte) && --this.#depth === 0) return at + 1
    }
    return undefined
  }

  #readText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === backslash) this.#isEscaped = true
    else if (byte === quote) this.#isInText = false
  }
}
