// The classes that one side has used by name, so that a second class of one name is refused instead of being taken for the
// first. Two copies of one module's class are the same class here.

// biome-ignore lint/complexity/noBannedTypes: any class at all
type AnyClass = Function

export class KnownClasses {
  readonly #byName = new Map<string, AnyClass>()

  /**
   * Notes that `Class` is used by this name.
   *
   * @param kind what the class is, as in `action`: each kind has names of its own.
   * @param isDistinct true for a class that the other side tells from this one by more than its name.
   * @returns the message that says why not, where another class of this kind has the name.
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

/** One extends the other, as an implementation extends its contract. */
export function isRelated(one: AnyClass, other: AnyClass): boolean {
  return isAbove(one, other) || isAbove(other, one)
}

function isAbove(base: AnyClass, Class: AnyClass): boolean {
  return Object.prototype.isPrototypeOf.call(base, Class)
}
