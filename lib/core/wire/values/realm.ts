// Built-in prototypes of other realms (node:vm, Jest's environment, a frame of a page) as those of this one, so that what
// a sandbox made is what it is. Recognised by the source text of the constructor, which programs cannot forge.

/** What was found out before: a prototype stays what it is. */
const known = new WeakMap<object, object>()

/** The prototype of this realm for that of a built-in of another one; any other prototype as it is. */
export function homePrototypeOf(prototype: object): object {
  let home = known.get(prototype)
  if (home === undefined) {
    home = foundHome(prototype) ?? prototype
    known.set(prototype, home)
  }
  return home
}

/** Whether an object inherits from this built-in prototype, or from that of the same built-in of another realm. */
export function inherits(object: object, builtIn: object): boolean {
  for (let at = prototypeOf(object); at !== null; at = prototypeOf(at)) {
    if (at === builtIn || homePrototypeOf(at) === builtIn) return true
  }
  return false
}

/** An object that is nothing more: of an object literal, JSON.parse or `Object.create(null)`, of whichever realm. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = prototypeOf(value)
  return prototype === null || homePrototypeOf(prototype) === Object.prototype
}

function foundHome(prototype: object): object | undefined {
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof Class !== 'function' || Class.prototype !== prototype) return undefined
  const name = /^function (\w+)\(\) \{\s*\[native code\]\s*\}$/.exec(Function.prototype.toString.call(Class))?.[1]
  const home: unknown = name === undefined ? undefined : (globalThis as unknown as Record<string, unknown>)[name]
  return typeof home === 'function' ? (home.prototype as object | undefined) : undefined
}

function prototypeOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null
}
