// The objects that a client sent to a run, and that no schema has checked: they must not be taken for what the program
// made. They are looked for only when an object is asked about.

export class ClientInput {
  #value: unknown
  #objects: Set<object> | undefined

  constructor(value: unknown) {
    this.#value = value
  }

  /** From now on it is about this: the next item of an input stream. */
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

/** With those within, of which there are no more than a value that travels may have. */
function objectsIn(value: object): Set<object> {
  const found = new Set([value])
  // What is added meanwhile is visited too.
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
