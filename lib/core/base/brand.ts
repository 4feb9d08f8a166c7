// Classes that are known across copies of this package: a process may load two, a global command's and a project's.
// What a brand means for values that travel is in wire/rich/class-registry.ts.

// biome-ignore lint/suspicious/noExplicitAny: any constructor will do
type AnyClass = abstract new (...args: any[]) => object

/**
 * Marks the prototype of a class with a symbol that all copies share, and makes `instanceof` ask for it: instances of the
 * same class of another copy, and of its subclasses, are instances of this one. Subclasses keep the ordinary test.
 *
 * @param name shared by all copies, as in `isock.Channel`. What it marks must work across copies: no `#private` state of
 *   an instance may be read by the other copy.
 */
export function brand(name: string, Class: AnyClass): void {
  const mark = Symbol.for(name)
  Object.defineProperty(Class.prototype, mark, { value: true })
  Object.defineProperty(Class, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      // A subclass inherits this function, and means itself.
      if (this !== Class) return ordinaryHasInstance.call(this as never, value)
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
      return mark in value && !Object.hasOwn(value, mark)
    },
    configurable: true,
  })
}

const ordinaryHasInstance = Function.prototype[Symbol.hasInstance]

/** True for subclasses of a branded class, also of another copy's; false for the branded class itself. */
export function isSubclass(value: unknown, Class: AnyClass): boolean {
  return typeof value === 'function' && (value.prototype as unknown) instanceof Class
}

/** True for a branded class itself, and that of another copy. */
export function isBrandedPrototype(prototype: object, name: string): boolean {
  return Object.hasOwn(prototype, Symbol.for(name))
}
