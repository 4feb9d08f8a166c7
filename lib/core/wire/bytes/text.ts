// UTF-8 in and out of byte arrays: Node's Buffer where there is one (several times faster), else the platform's
// TextEncoder and TextDecoder. Bytes that are no UTF-8 become U+FFFD, as in both.

const nodeBuffer = (globalThis as { Buffer?: typeof Buffer }).Buffer
/** What Buffer's toString comes to, without finding out which encoding is meant: a fifth of the time of a short text. */
const slice = (
  nodeBuffer?.prototype as { utf8Slice?: (this: Buffer, start: number, end: number) => string } | undefined
)?.utf8Slice
const encoder = new TextEncoder()
// Else it would swallow a text's first character where that is U+FEFF.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Writes at `position`; the caller has made sure that three bytes for each character fit. Returns the bytes written. */
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

/** A byte array whose content is arbitrary, on Node a Buffer. */
export function allocateBytes(size: number): Uint8Array {
  return nodeBuffer === undefined ? new Uint8Array(size) : nodeBuffer.allocUnsafeSlow(size)
}
