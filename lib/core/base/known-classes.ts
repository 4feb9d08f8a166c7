// The classes that one side has used, by name. A second class of the same name is rejected instead of being mistaken for
// the first. Two copies of one module's class count as the same class.

// biome-ignore lint/complexity/noBannedTypes: any class at all
type AnyClass = Function

export class KnownClasses {
  readonly #byName = new Map<string, AnyClass>()

  /**
   * Records that `Class` is used by this name.
   *
   * @param kind what the class is, such as `action`; each kind has its own names.
   * @param isDistinct returns true for a class that the other side can tell apart from this one by more than its name.
   * @returns an error message if another class of this kind has the name.
   */
  claim(kind: string, name: string, Class: AnyClass, isDistinct?: (other: AnyClass) => boolean): string | undefined {
    const key = `${kind} ${name}`
    const known = this.#byName.get(key)
    if (known === undefined) this.#byName.set(key, Class)
    if (known === undefined || known === Class || isRelated(known, Class)) return undefined
    if (String(known) === String(Class) || isDistinct?.(known)) return undefined
    return `two different classes are called ${kind} "${name}" here; give one of them another \`static ${kind}Name\``
  }
}

/** Whether one extends the other, as an implementation extends its contract. */
export function isRelated(one: AnyClass, other: AnyClass): boolean {
  return isAbove(one, other) || isAbove(other, one)
}

function isAbove(base: AnyClass, Class: AnyClass): boolean {
  return Object.prototype.isPrototypeOf.call(base, Class)
}
