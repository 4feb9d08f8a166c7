// The fast path's question: does JSON carry this value exactly? Runs over every value that is sent, so it builds
// nothing and explains nothing: whoever is told `false` walks the value again, see travel-tree.ts.

import type { ValueLimits } from './value-limits.ts'

/** Tells plain values, which JSON.stringify and JSON.parse carry exactly, from all others. */
export class PlainScan {
  readonly #limits: ValueLimits
  #nodes = 0
  #containers = 0

  constructor(limits: ValueLimits) {
    this.#limits = limits
  }

  /** True for JSON types within the limits. False for rich, unsendable and too large values alike. Never throws. */
  isPlain(value: unknown): boolean {
    this.#nodes = 1
    this.#containers = 0
    try {
      return isPlainLeaf(value) || (isObject(value) && this.#scan(value, this.#limits.maxDepth - 1))
    } catch {
      return false // a getter or a proxy threw; the second walk says where
    }
  }

  #scan(value: object, depthLeft: number): boolean {
    if (depthLeft < 0 || ++this.#containers > this.#limits.maxContainers) return false
    // A toJSON that is hidden from the loops below, JSON.stringify would call.
    if ((value as { toJSON?: unknown }).toJSON !== undefined) return false
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) return this.#scanFields(value as Record<string, unknown>, depthLeft)
    if (prototype === Array.prototype) return Array.isArray(value) && this.#scanItems(value, depthLeft)
    // JSON.rawJSON's objects have no prototype, and JSON.stringify pastes them unchanged.
    return prototype === null && !('rawJSON' in value) && this.#scanFields(value as Record<string, unknown>, depthLeft)
  }

  #scanItems(items: readonly unknown[], depthLeft: number): boolean {
    const length = items.length
    this.#nodes += length
    if (this.#nodes > this.#limits.maxNodes) return false
    for (let i = 0; i < length; i++) {
      const item = items[i]
      if (!isPlainLeaf(item) && !(isObject(item) && this.#scan(item, depthLeft - 1))) return false
    }
    return true
  }

  // for-in over ordinary objects is V8's fastest way; were something enumerable inherited, it would be scanned needlessly.
  #scanFields(fields: Record<string, unknown>, depthLeft: number): boolean {
    for (const key in fields) {
      const field = fields[key]
      if (++this.#nodes > this.#limits.maxNodes) return false
      if (!isPlainLeaf(field) && !(isObject(field) && this.#scan(field, depthLeft - 1))) return false
    }
    return true
  }
}

// Small, so that the loops above have it inlined: most values are leaves, and a call costs more than the question.
function isPlainLeaf(value: unknown): boolean {
  const type = typeof value
  if (type === 'string' || type === 'boolean' || value === null) return true
  return type === 'number' && isPlainNumber(value as number)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object'
}

/** False for NaN, the infinities and -0. */
export function isPlainNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0)
}
