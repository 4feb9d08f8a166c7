// Finds where a text stops being JSON. Node's own messages differ between versions, and sometimes omit the position.

export interface JsonFault {
  /** Index of the first unexpected character. */
  readonly offset: number
  readonly expected: string
}

/** Returns undefined for valid JSON. */
export function findJsonFault(text: string): JsonFault | undefined {
  try {
    const reader = new Reader(text)
    reader.value()
    reader.end()
    return undefined
  } catch (fault) {
    if (fault instanceof Fault) return { offset: fault.offset, expected: fault.expected }
    throw fault
  }
}

/** The line of the fault, with an arrow under it. */
export function pointAt(text: string, { offset, expected }: JsonFault): string {
  const before = text.slice(0, offset).split('\n')
  const column = before.at(-1)?.length ?? 0
  const line = text.split('\n')[before.length - 1] ?? ''
  const from = Math.max(0, column - 50)
  const where = `expected ${expected} at line ${before.length}, column ${column + 1}`
  return `${where}\n  ${line.slice(from, from + 70)}\n  ${' '.repeat(column - from)}^`
}

class Fault extends Error {
  readonly offset: number
  readonly expected: string

  constructor(offset: number, expected: string) {
    super(expected)
    this.offset = offset
    this.expected = expected
  }
}

const maxDepth = 1_000
const space = /[ \t\r\n]*/y
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
const stringParts = /(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(depth = 0): void {
    this.#skip(space)
    if (depth > maxDepth) throw new Fault(this.#at, `no more than ${maxDepth} levels`)
    const first = this.#text[this.#at]
    if (first === '{') this.#list('}', () => this.#entry(depth))
    else if (first === '[') this.#list(']', () => this.value(depth + 1))
    else if (first === '"') this.#string('a value')
    else if (!this.#skip(scalar)) throw new Fault(this.#at, 'a value')
  }

  end(): void {
    this.#skip(space)
    if (this.#at < this.#text.length) throw new Fault(this.#at, 'the end')
  }

  #list(close: string, part: () => void): void {
    this.#at++
    this.#skip(space)
    if (this.#take(close)) return
    do part()
    while (this.#take(','))
    if (!this.#take(close)) throw new Fault(this.#at, `"," or "${close}"`)
  }

  #entry(depth: number): void {
    this.#skip(space)
    this.#string('a key in double quotes')
    if (!this.#take(':')) throw new Fault(this.#at, '":"')
    this.value(depth + 1)
  }

  #string(what: string): void {
    if (this.#text[this.#at] !== '"') throw new Fault(this.#at, what)
    this.#at++
    this.#skip(stringParts)
    if (this.#text[this.#at] !== '"') throw new Fault(this.#at, 'the rest of a string')
    this.#at++
  }

  #take(character: string): boolean {
    this.#skip(space)
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    const length = pattern.exec(this.#text)?.[0].length ?? 0
    this.#at += length
    return length > 0
  }
}
