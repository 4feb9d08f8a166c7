// How long a peer may take for some bytes, in either direction and over every protocol: one that moves nothing is given
// up, one that is merely slow is not.

/** The least rate: a peer that is slower than this need not be waited for. */
export const leastBytesPerMs = 16

/** How long so many bytes may take, where standing still is forgiven for `stallMs`. */
export function patienceMs(bytes: number, stallMs: number): number {
  return stallMs + bytes / leastBytesPerMs
}
