// Reads the few msgpack types that frames consist of, from a body with known bounds. Every read checks the type and that
// its bytes are there. Allocates nothing for data that has not arrived.
import { ProtocolError } from '../../base/errors.ts'
import { Packed } from '../bytes/packed.ts'
import { readText } from '../bytes/text.ts'

export class MsgpackReader {
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0
  #isOwned = false

  /** Starts reading a body. Keeps no reference to it after `release`. */
  open(bytes: Uint8Array, start: number, end: number, isOwned: boolean): void {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#isOwned = isOwned
  }

  release(): void {
    this.#bytes = noBytes
    this.#at = 0
    this.#end = 0
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end
  }

  arrayHead(): number {
    const head = this.#byte()
    if ((head & 0xf0) === 0x90) return head & 0x0f
    if (head === 0xdc) return this.#number(2)
    if (head === 0xdd) return this.#number(4)
    throw wrongType('an array', head)
  }

  /** Whether a nil comes next; if so, consumes it. */
  takeNil(): boolean {
    if (this.#peek() !== 0xc0) return false
    this.#at++
    return true
  }

  uint(): number {
    const head = this.#byte()
    if (head < 0x80) return head
    if (head === 0xcc) return this.#number(1)
    if (head === 0xcd) return this.#number(2)
    if (head === 0xce) return this.#number(4)
    if (head === 0xcf) {
      const value = this.#number(4) * 0x100000000 + this.#number(4)
      if (value <= Number.MAX_SAFE_INTEGER) return value
      throw new ProtocolError('a whole number above 2^53 - 1')
    }
    throw wrongType('a whole number', head)
  }

  text(maxBytes = Number.POSITIVE_INFINITY): string {
    const head = this.#byte()
    let length: number
    if ((head & 0xe0) === 0xa0) length = head & 0x1f
    else if (head === 0xd9) length = this.#number(1)
    else if (head === 0xda) length = this.#number(2)
    else if (head === 0xdb) length = this.#number(4)
    else throw wrongType('a text', head)
    if (length > maxBytes) throw new ProtocolError(`a text of ${length} bytes, at most ${maxBytes} are accepted`)
    const start = this.#advance(length)
    return readText(this.#bytes, start, this.#at)
  }

  /** A copy; or a view, if the body is owned and consists mostly of this value. */
  bytes(): Uint8Array {
    const head = this.#byte()
    let length: number
    if (head === 0xc4) length = this.#number(1)
    else if (head === 0xc5) length = this.#number(2)
    else if (head === 0xc6) length = this.#number(4)
    else throw wrongType('bytes', head)
    const start = this.#advance(length)
    if (this.#isOwned && length * 2 > this.#bytes.length) {
      return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length)
    }
    const copy = new Uint8Array(length)
    copy.set(this.#bytes.subarray(start, this.#at))
    return copy
  }

  /** The rest of the body, unread: a value that its reader will check. */
  rest(): Packed {
    const rest = new Packed(this.#bytes, this.#at, this.#end, this.#isOwned)
    this.#at = this.#end
    return rest
  }

  peekType(): 'nil' | 'text' | 'bytes' | 'array' | undefined {
    const head = this.#peek()
    if (head === 0xc0) return 'nil'
    if ((head & 0xe0) === 0xa0 || (head >= 0xd9 && head <= 0xdb)) return 'text'
    if (head >= 0xc4 && head <= 0xc6) return 'bytes'
    if ((head & 0xf0) === 0x90 || head === 0xdc || head === 0xdd) return 'array'
    return undefined
  }

  #peek(): number {
    if (this.#at >= this.#end) throw new ProtocolError('the frame ends where a value should be')
    return this.#bytes[this.#at] as number
  }

  #byte(): number {
    const value = this.#peek()
    this.#at++
    return value
  }

  #number(size: 1 | 2 | 4): number {
    const start = this.#advance(size)
    const bytes = this.#bytes
    if (size === 1) return bytes[start] as number
    const high = ((bytes[start] as number) << 8) | (bytes[start + 1] as number)
    if (size === 2) return high
    return high * 0x10000 + (((bytes[start + 2] as number) << 8) | (bytes[start + 3] as number))
  }

  /** Skips this many bytes and returns where they begin. */
  #advance(count: number): number {
    const start = this.#at
    if (count > this.#end - start) throw new ProtocolError(`${count} bytes declared, ${this.#end - start} left`)
    this.#at = start + count
    return start
  }
}

const noBytes = new Uint8Array(0)

function wrongType(expected: string, head: number): ProtocolError {
  return new ProtocolError(`expected ${expected}, got msgpack type 0x${head.toString(16).padStart(2, '0')}`)
}
