// One pass over the headers of msgpack of any shape, before a decoder allocates anything: nesting and declared items stay
// within bounds, every declared length has its bytes, nothing follows the value. @msgpack/msgpack allocates arrays of the
// declared length before it sees data, so 6 KB of nested headers could crash the process.
import { ProtocolError } from '../../base/errors.ts'

export interface ScanLimits {
  readonly maxDepth: number
  readonly maxItems: number
}

export const defaultScanLimits: ScanLimits = { maxDepth: 64, maxItems: 100_000 }

/** Throws ProtocolError unless the bytes are one whole msgpack value within the bounds. */
export function scanMsgpack(bytes: Uint8Array, start: number, end: number, limits = defaultScanLimits): void {
  /** The number of values still missing in each open container. */
  const open: number[] = [1]
  let items = 1
  let at = start

  const need = (count: number): void => {
    if (count > end - at) throw new ProtocolError(`msgpack: ${count} bytes declared, ${end - at} left`)
  }
  const uint = (size: 1 | 2 | 4): number => {
    need(size)
    let value = 0
    for (let i = 0; i < size; i++) value = value * 256 + (bytes[at + i] as number)
    at += size
    return value
  }
  const skip = (count: number): void => {
    need(count)
    at += count
  }
  const enter = (count: number): void => {
    items += count
    if (items > limits.maxItems) throw new ProtocolError(`msgpack: more than ${limits.maxItems} items declared`)
    need(count)
    if (open.length > limits.maxDepth) throw new ProtocolError(`msgpack: nested deeper than ${limits.maxDepth}`)
    if (count > 0) open.push(count)
  }

  while (open.length > 0) {
    const left = open[open.length - 1] as number
    if (left === 0) {
      open.pop()
      continue
    }
    open[open.length - 1] = left - 1
    const head = uint(1)
    if (head <= 0x7f || head >= 0xe0) continue
    if (head <= 0x8f) enter((head & 0x0f) * 2)
    else if (head <= 0x9f) enter(head & 0x0f)
    else if (head <= 0xbf) skip(head & 0x1f)
    else if (head === 0xc0 || head === 0xc2 || head === 0xc3) continue
    else if (head === 0xc4 || head === 0xd9) skip(uint(1))
    else if (head === 0xc5 || head === 0xda) skip(uint(2))
    else if (head === 0xc6 || head === 0xdb) skip(uint(4))
    else if (head === 0xcc || head === 0xd0) skip(1)
    else if (head === 0xcd || head === 0xd1) skip(2)
    else if (head === 0xca || head === 0xce || head === 0xd2) skip(4)
    else if (head === 0xcb || head === 0xcf || head === 0xd3) skip(8)
    else if (head === 0xdc) enter(uint(2))
    else if (head === 0xdd) enter(uint(4))
    else if (head === 0xde) enter(uint(2) * 2)
    else if (head === 0xdf) enter(uint(4) * 2)
    else throw new ProtocolError(`msgpack: type 0x${head.toString(16)} is not used in this protocol`)
  }
  if (at !== end) throw new ProtocolError(`msgpack: ${end - at} bytes after the value`)
}
