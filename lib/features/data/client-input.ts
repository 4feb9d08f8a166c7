// Recognises objects that a client sent to a run without a schema check: they must not be mistaken for the program's own.
// Searched only when an object is asked about.

export class ClientInput {
  #value: unknown
  #objects: Set<object> | undefined

  constructor(value: unknown) {
    this.#value = value
  }

  /** Replaces the input by the next item of an input stream. */
  replace(value: unknown): void {
    this.#value = value
    this.#objects = undefined
  }

  has(value: object): boolean {
    if (typeof this.#value !== 'object' || this.#value === null) return false
    this.#objects ??= objectsIn(this.#value)
    return this.#objects.has(value)
  }
}

/** The object and all nested ones. Their number is bounded, because a received value's is. */
function objectsIn(value: object): Set<object> {
  const found = new Set([value])
  // Objects added during the loop are visited too.
  for (const object of found) {
    for (const part of partsOf(object)) if (typeof part === 'object' && part !== null) found.add(part)
  }
  return found
}

function partsOf(object: object): Iterable<unknown> {
  if (ArrayBuffer.isView(object)) return []
  if (object instanceof Map) return [...object.keys(), ...object.values()]
  return object instanceof Set ? object : Object.values(object)
}
