// How long a peer may take to transfer bytes, in either direction and over every protocol: a peer that moves nothing times
// out, one that is merely slow does not.

/** The lowest accepted rate: a slower peer times out. */
export const leastBytesPerMs = 16

/** How long this number of bytes may take, if a stall of `stallMs` is tolerated. */
export function patienceMs(bytes: number, stallMs: number): number {
  return stallMs + bytes / leastBytesPerMs
}
