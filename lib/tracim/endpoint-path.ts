// Checks that the path of a request stays below its start, even on a server or proxy that decodes it once more than others.

/** Paths are encoded once, or twice by mistake. */
const maxDecodings = 4

/** False for a parent step, a backslash or a null byte, however often encoded, and for a path that is encoded too often. */
export function staysInside(endpoint: string): boolean {
  let path = /^[^?#]*/.exec(endpoint)?.[0] ?? ''
  for (let i = 0; i <= maxDecodings; i++) {
    if (/[\\\0]/.test(path) || path.split('/').includes('..')) return false
    const decoded = path.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (decoded === path) return true
    path = decoded
  }
  return false
}
