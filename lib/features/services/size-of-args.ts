// Roughly how much memory the arguments of a call take. They came over the wire, so they have no cycles and a bounded depth.

/** The cost of each value itself, with its slot in an object. */
const bytesForEach = 16

/** Stops counting above `most`, and returns Infinity then. */
export function sizeOfArgs(value: unknown, most: number): number {
  const left: unknown[] = [value]
  let size = 0
  while (left.length > 0) {
    const each = left.pop()
    size += bytesForEach
    if (typeof each === 'string') size += each.length * 2
    else if (each instanceof ArrayBuffer || ArrayBuffer.isView(each)) size += each.byteLength
    else {
      for (const part of partsOf(each)) {
        left.push(part)
        if (left.length * bytesForEach > most) return Number.POSITIVE_INFINITY
      }
    }
    if (size > most) return Number.POSITIVE_INFINITY
  }
  return size
}

function partsOf(value: unknown): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value
  // Pairs of key and value.
  if (value instanceof Map) return value
  return typeof value === 'object' && value !== null ? Object.values(value) : []
}
