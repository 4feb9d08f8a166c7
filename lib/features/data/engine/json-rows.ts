// The rows of a JSON file, read as its text arrives: the items of its list, in any layout. Finds only where an item ends;
// leaves parsing to JSON.parse. The file is not parsed as a whole: it may be larger than the heap, or than the longest text,
// and JSON.parse's errors name no row and quote the text.
import { constants } from 'node:buffer'
import type { InvalidDataError } from '../data-errors.ts'

/** Creates the error that names the file. */
export type Broken = (what: string, row?: number) => InvalidDataError

export interface ReadItem {
  readonly value: unknown
  /** The length of its text. */
  readonly length: number
}

/** @throws InvalidDataError that names the row and its line, without quoting it. */
export async function* jsonRows(
  texts: AsyncIterable<string>,
  broken: Broken,
  maxRowLength: number = constants.MAX_STRING_LENGTH,
): AsyncGenerator<ReadItem, void> {
  const list = new ListReader(broken, maxRowLength)
  for await (const text of texts) yield* list.read(text)
  list.end()
}

const blank = /^[ \t\n\r]*$/
const notBlank = /[^ \t\n\r]/g
/** Characters that may end an item, or begin a text. */
const structure = /["[\]{},]/g
/** Characters that may end a text, which has no line breaks. */
const endOfText = /["\\\n]/g

class ListReader {
  readonly #broken: Broken
  readonly #maxLength: number
  #place: 'before' | 'within' | 'after' = 'before'
  /** The item's text so far. */
  #parts: string[] = []
  #length = 0
  #depth = 0
  #isInText = false
  #isEscaped = false
  #count = 0
  /** The line where the item's text begins, including the blanks before it. */
  #line = 1

  constructor(broken: Broken, maxLength: number) {
    this.#broken = broken
    this.#maxLength = maxLength
  }

  *read(text: string): Generator<ReadItem, void> {
    let from = 0
    if (this.#place === 'before') {
      from = this.#begin(text)
      if (from < 0) return
    }
    for (let at = from; this.#place === 'within'; ) {
      const end = this.#endOfItem(text, at)
      this.#keep(text.slice(from, end < 0 ? text.length : end))
      if (end < 0) return
      const isLast = text[end] === ']'
      if (!isLast || this.#count > 0 || !this.#isBlank()) yield this.#take()
      if (isLast) this.#place = 'after'
      from = at = end + 1
    }
    if (!blank.test(text.slice(from))) throw this.#broken('something follows the list of rows')
  }

  end(): void {
    if (this.#place === 'before') throw this.#broken('it is empty; expected a list of rows')
    if (this.#place === 'after') return
    throw this.#isBlank() ? this.#broken('the list of rows does not end') : this.#fault('the file ends within it')
  }

  /** The start of the first item; negative if it has not begun. */
  #begin(text: string): number {
    notBlank.lastIndex = 0
    const at = notBlank.exec(text)?.index ?? text.length
    this.#line += linesIn(text.slice(0, at))
    if (at === text.length) return -1
    if (text[at] !== '[') throw this.#broken('expected a list of rows')
    this.#place = 'within'
    return at + 1
  }

  /** The position of the comma or bracket that ends the item; negative if it is not in this text. */
  #endOfItem(text: string, start: number): number {
    let at = start
    while (at < text.length) {
      if (this.#isEscaped) {
        this.#isEscaped = false
        at++
        continue
      }
      const wanted = this.#isInText ? endOfText : structure
      wanted.lastIndex = at
      const found = wanted.exec(text)
      if (found === null) return -1
      at = found.index
      const [character] = found
      if (this.#isInText) {
        if (character === '\n') {
          this.#keep(text.slice(start, at))
          throw this.#fault('a text is not closed on its line')
        }
        if (character === '\\') this.#isEscaped = true
        else this.#isInText = false
      } else if (character === '"') this.#isInText = true
      else if (character === '[' || character === '{') this.#depth++
      else if (this.#depth > 0) {
        if (character !== ',') this.#depth--
        // An extra bracket stays in the item, and JSON.parse rejects it.
      } else if (character !== '}') return at
      at++
    }
    return -1
  }

  #keep(part: string): void {
    this.#length += part.length
    if (this.#length > this.#maxLength) throw this.#fault(`it has more than ${this.#maxLength} characters`, 'too long')
    this.#parts.push(part)
  }

  #isBlank(): boolean {
    return this.#parts.every((part) => blank.test(part))
  }

  #take(): ReadItem {
    const text = this.#parts.join('')
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      throw this.#fault(reasonOf(error))
    }
    this.#parts = []
    this.#length = 0
    this.#count++
    this.#line += linesIn(text)
    return { value, length: text.length }
  }

  #fault(reason: string, what = 'not JSON'): InvalidDataError {
    const row = this.#count + 1
    const line = this.#line + linesIn(/^[ \t\n\r]*/.exec(this.#parts.join('').slice(0, 10_000))?.[0] ?? '')
    return this.#broken(`row ${row} (line ${line}) is ${what}${reason === '' ? '' : `: ${reason}`}`, row)
  }
}

function linesIn(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

/** V8's message quotes the text, which may be secret. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return error.message
    .replace(/,? (\.\.\.)?".*$/s, '')
    .replace(/ in JSON at position.*$/s, '')
    .slice(0, 100)
}
