// UTF-8 to and from byte arrays: by Node's Buffer if there is one (several times faster), otherwise by the platform's
// TextEncoder and TextDecoder. Both decode invalid UTF-8 as U+FFFD.

const nodeBuffer = (globalThis as { Buffer?: typeof Buffer }).Buffer
/** What Buffer's toString calls, without the lookup of the encoding, which is slow for short texts. */
const slice = (
  nodeBuffer?.prototype as { utf8Slice?: (this: Buffer, start: number, end: number) => string } | undefined
)?.utf8Slice
const encoder = new TextEncoder()
// Otherwise it would drop a leading U+FEFF.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Writes at `position`. The caller has reserved three bytes for each character. Returns the number of bytes written. */
export function writeText(target: Uint8Array, position: number, text: string): number {
  if (nodeBuffer !== undefined && target instanceof nodeBuffer) return target.write(text, position)
  return encoder.encodeInto(text, target.subarray(position)).written
}

export function readText(source: Uint8Array, start: number, end: number): string {
  if (nodeBuffer !== undefined && source instanceof nodeBuffer)
    return slice === undefined ? source.toString('utf8', start, end) : slice.call(source, start, end)
  return decoder.decode(source.subarray(start, end))
}

export function encodeText(text: string): Uint8Array {
  return nodeBuffer === undefined ? encoder.encode(text) : nodeBuffer.from(text)
}

/** A byte array with arbitrary content; on Node a Buffer. */
export function allocateBytes(size: number): Uint8Array {
  return nodeBuffer === undefined ? new Uint8Array(size) : nodeBuffer.allocUnsafeSlow(size)
}
