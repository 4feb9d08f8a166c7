// Classes that are recognised across copies of this package: a process may load two, such as a global command's and a project's.
// What a brand means for values on the wire is in wire/rich/class-registry.ts.

// biome-ignore lint/suspicious/noExplicitAny: any constructor will do
type AnyClass = abstract new (...args: any[]) => object

/**
 * Marks the prototype of a class with a symbol that all copies share, and makes `instanceof` check for it: instances of
 * another copy's class, and of its subclasses, are instances of this one. Subclasses keep the ordinary test.
 *
 * @param name shared by all copies, as in `isock.Channel`. The class must work across copies: the other copy cannot read
 *   an instance's `#private` state.
 */
export function brand(name: string, Class: AnyClass): void {
  const mark = Symbol.for(name)
  Object.defineProperty(Class.prototype, mark, { value: true })
  Object.defineProperty(Class, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      // A subclass inherits this function, and must test for itself.
      if (this !== Class) return ordinaryHasInstance.call(this as never, value)
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
      return mark in value && !Object.hasOwn(value, mark)
    },
    configurable: true,
  })
}

const ordinaryHasInstance = Function.prototype[Symbol.hasInstance]

/** True for subclasses of a branded class, another copy's included; false for the branded class itself. */
export function isSubclass(value: unknown, Class: AnyClass): boolean {
  return typeof value === 'function' && (value.prototype as unknown) instanceof Class
}

/** True for the prototype of a branded class itself, in any copy. */
export function isBrandedPrototype(prototype: object, name: string): boolean {
  return Object.hasOwn(prototype, Symbol.for(name))
}
