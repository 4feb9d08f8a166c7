// Python literals, as written by `str()` and `repr()`: dict, list, tuple, set, texts, numbers, True, False and None. For data
// that Python programs send in headers and keep in files. Reads in one pass, and evaluates nothing.
import { defineField } from './own-fields.ts'
import { defaultValueLimits, type ValueLimits } from './value-limits.ts'

/** Completes a sentence that begins with "it is". Never quotes the text, which may be a secret. */
export interface PythonFault {
  readonly fault: string
}

export type PythonLimits = Pick<ValueLimits, 'maxDepth' | 'maxContainers'>

/**
 * The value of a literal: a dict becomes an object, a list or tuple an array, a set a Set, None null. Keys are texts; numbers
 * are finite, and those that JavaScript represents exactly.
 *
 * @example readPythonLiteral("{'email': 'ann', 'tags': ['a', \"b's\"], 'active': True}")
 */
export function readPythonLiteral(
  text: string,
  limits: PythonLimits = defaultValueLimits,
): { readonly value: unknown } | PythonFault {
  try {
    return { value: new LiteralReader(text, limits).read() }
  } catch (error) {
    if (error instanceof NoLiteral) return { fault: error.message }
    throw error
  }
}

class NoLiteral extends Error {}

const blank = /[ \t\r\n]*/y
const word = /[A-Za-z_]+/y
const number = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y
/** The characters up to one that may end or change the text. */
const plainText = { "'": /[^'\\\r\n]*/y, '"': /[^"\\\r\n]*/y }
const hexDigits = /^[0-9A-Fa-f]+$/
const octalDigits = /[0-7]{1,3}/y
const lengthOfHex: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}
const lastCodePoint = 0x10ffff

class LiteralReader {
  readonly #text: string
  readonly #limits: PythonLimits
  #at = 0
  #depth = 0
  #containers = 0

  constructor(text: string, limits: PythonLimits) {
    this.#text = text
    this.#limits = limits
  }

  read(): unknown {
    const value = this.#value()
    this.#skipBlanks()
    if (this.#at < this.#text.length) throw new NoLiteral('not a Python literal: something follows it')
    return value
  }

  #value(): unknown {
    this.#skipBlanks()
    const first = this.#text[this.#at]
    switch (first) {
      case '{':
        return this.#within(() => this.#dictOrSet())
      case '[':
        return this.#within(() => this.#items(']').items)
      case '(':
        return this.#within(() => this.#tuple())
      case "'":
      case '"':
        return this.#string(first)
      default:
        return this.#numberOrWord()
    }
  }

  #within<T>(read: () => T): T {
    const { maxDepth, maxContainers } = this.#limits
    if (++this.#depth > maxDepth) throw new NoLiteral(`nested more than ${maxDepth} deep`)
    if (++this.#containers > maxContainers) throw new NoLiteral(`more than ${maxContainers} lists and dicts`)
    this.#at++
    const value = read()
    this.#depth--
    return value
  }

  /** `{}` is a dict. */
  #dictOrSet(): unknown {
    if (this.#takes('}')) return {}
    const first = this.#value()
    if (!this.#takes(':')) return new Set(this.#items('}', first).items.map(hashable))
    const dict = {}
    for (let key = first; ; ) {
      if (typeof key !== 'string') throw new NoLiteral('a dict with a key that is not a text')
      defineField(dict, key, this.#value())
      const hasMore = this.#takes(',')
      if (this.#takes('}')) return dict
      if (!hasMore) throw this.#unexpected()
      key = this.#value()
      if (!this.#takes(':')) throw this.#unexpected()
    }
  }

  /** Parentheses around one value without a comma are not a tuple. */
  #tuple(): unknown {
    const { items, hasComma } = this.#items(')')
    return items.length === 1 && !hasComma ? items[0] : items
  }

  /** Reads to the end of the container; the first item may already have been read. */
  #items(end: string, ...items: unknown[]): { readonly items: unknown[]; readonly hasComma: boolean } {
    let hasComma = items.length > 0 && this.#takes(',')
    for (;;) {
      if (this.#takes(end)) return { items, hasComma }
      if (items.length > 0 && !hasComma) throw this.#unexpected()
      items.push(this.#value())
      hasComma = this.#takes(',')
    }
  }

  #string(quote: "'" | '"'): string {
    let read = ''
    this.#at++
    for (;;) {
      read += this.#match(plainText[quote]) ?? ''
      const ending = this.#text[this.#at++]
      if (ending === quote) return read
      if (ending !== '\\') throw new NoLiteral('not a Python literal: a text does not end')
      read += this.#escape()
    }
  }

  #escape(): string {
    const octal = this.#match(octalDigits)
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8))
    const letter = this.#text[this.#at++] ?? ''
    const known = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined
    if (known !== undefined) return known
    const length = Object.hasOwn(lengthOfHex, letter) ? (lengthOfHex[letter] as number) : 0
    const digits = this.#text.slice(this.#at, this.#at + length)
    const codePoint =
      digits.length === length && hexDigits.test(digits) ? Number.parseInt(digits, 16) : Number.POSITIVE_INFINITY
    if (codePoint > lastCodePoint) throw new NoLiteral('not a Python literal: a text has an unknown escape')
    this.#at += length
    return String.fromCodePoint(codePoint)
  }

  #numberOrWord(): unknown {
    const digits = this.#match(number)
    if (digits !== undefined) return this.#number(digits)
    switch (this.#match(word)) {
      case 'True':
        return true
      case 'False':
        return false
      case 'None':
        return null
      case 'set':
        if (this.#takes('(') && this.#takes(')')) return new Set()
    }
    throw this.#unexpected()
  }

  #number(digits: string): number {
    const value = Number(digits)
    const isWhole = /^[+-]?\d+$/.test(digits)
    // Python has no numbers with a leading zero, which mean something else in other languages.
    if (/^[+-]?0\d/.test(digits)) throw this.#unexpected()
    if (Number.isFinite(value) && (!isWhole || Number.isSafeInteger(value))) return value
    throw new NoLiteral('a number that is too large')
  }

  #takes(character: string): boolean {
    this.#skipBlanks()
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #skipBlanks(): void {
    this.#match(blank)
  }

  /** The text that the pattern matches here; skips it. */
  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    this.#at += found?.length ?? 0
    return found
  }

  #unexpected(): NoLiteral {
    return new NoLiteral('not a Python literal')
  }
}

/** Two equal lists would be two items of a Set. */
function hashable(item: unknown): unknown {
  if (typeof item === 'object' && item !== null) throw new NoLiteral('a set of something other than texts and numbers')
  return item
}
