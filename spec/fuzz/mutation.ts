// Small changes to bytes, each told by one number, so that a failing run shrinks to few and small ones.

/** Positions and values that one number tells. */
const positions = 256
const values = 256

/** Any number up to this tells a mutation. */
export const mostMutations = 6 * positions * values

/** Bytes with one thing changed: a byte, its length, its end, its order. */
export function mutate(bytes: Buffer, mutation: number): Buffer {
  const what = mutation % 6
  const at = (Math.floor(mutation / 6) % positions) % Math.max(1, bytes.length)
  const value = Math.floor(mutation / 6 / positions) % values
  switch (what) {
    case 0:
      return withByte(bytes, at, value)
    case 1:
      return withByte(bytes, at, (bytes[at] as number) ^ (1 << (value % 8)))
    case 2:
      return bytes.subarray(0, at)
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(value), bytes.subarray(at)])
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - value), at), bytes.subarray(at)])
    default:
      // The length, where the bytes are one frame.
      return withByte(bytes, Math.min(3, bytes.length - 1), value)
  }
}

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes)
  if (at >= 0 && at < changed.length) changed[at] = value
  return changed
}
