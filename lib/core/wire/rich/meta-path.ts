// superjson's paths, `rows.0.at` with dots in keys escaped, followed by own properties only: superjson itself
// would go along with `constructor`, `then` and whatever else is inherited.

/**
 * The keys of a path, or undefined where it is malformed or has more than `maxKeys`.
 * Stricter than superjson in nothing: what both take means the same to both.
 */
export function keysOfPath(path: string, maxKeys: number): string[] | undefined {
  const keys: string[] = []
  let key = ''
  let start = 0
  for (let i = 0; i < path.length; i++) {
    const char = path.charCodeAt(i)
    if (char === dot) {
      keys.push(key + path.slice(start, i))
      if (keys.length >= maxKeys) return undefined
      key = ''
      start = i + 1
    } else if (char === backslash) {
      const escaped = path.charCodeAt(i + 1)
      if (escaped !== dot && escaped !== backslash) return undefined
      key += path.slice(start, i)
      start = ++i
    }
  }
  keys.push(key + path.slice(start))
  return keys.length > maxKeys ? undefined : keys
}

const dot = 0x2e
const backslash = 0x5c

/** True where an array or object that JSON.parse made has an own element under the key. */
export function hasElement(container: unknown, key: string): container is Record<string, unknown> {
  if (typeof container !== 'object' || container === null) return false
  if (Array.isArray(container)) return isIndex(key) && Number(key) < container.length
  return Object.hasOwn(container, key) && key !== '__proto__' && key !== 'constructor' && key !== 'prototype'
}

/** Exactly one spelling for each index: `01` and `1e0` would name the same element to superjson. */
function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(key)
}
