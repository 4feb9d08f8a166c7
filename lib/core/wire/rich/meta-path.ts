// superjson's paths, such as `rows.0.at`, with dots in keys escaped. Follows own properties only: superjson itself would
// follow `constructor`, `then` and everything else that is inherited.

/**
 * The keys of a path, or undefined if it is malformed or has more than `maxKeys`.
 * A path that both this and superjson accept means the same to both.
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

/** Whether an array or object from JSON.parse has an own element under the key. */
export function hasElement(container: unknown, key: string): container is Record<string, unknown> {
  if (typeof container !== 'object' || container === null) return false
  if (Array.isArray(container)) return isIndex(key) && Number(key) < container.length
  return Object.hasOwn(container, key) && key !== '__proto__' && key !== 'constructor' && key !== 'prototype'
}

/** Each index has exactly one spelling: superjson would accept `01` and `1e0` for the same element. */
function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(key)
}
