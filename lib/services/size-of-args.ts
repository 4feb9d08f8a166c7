// What the arguments of a call roughly take in memory. They came over the wire, so they have no cycles, and a bounded depth.

/** Of each value by itself, its place in an object included. */
const bytesForEach = 16

/** Stops counting above `most`, and says Infinity then. */
export function sizeOfArgs(value: unknown, most: number): number {
  const left: unknown[] = [value]
  let size = 0
  while (left.length > 0) {
    const each = left.pop()
    size += bytesForEach
    if (typeof each === 'string') size += each.length * 2
    else if (each instanceof ArrayBuffer || ArrayBuffer.isView(each)) size += each.byteLength
    else if (each instanceof Map) left.push(...each.keys(), ...each.values())
    else if (each instanceof Set) left.push(...each)
    else if (typeof each === 'object' && each !== null) left.push(...Object.values(each))
    if (size + left.length * bytesForEach > most) return Number.POSITIVE_INFINITY
  }
  return size
}
