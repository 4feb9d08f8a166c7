// Maps built-in prototypes of other realms (node:vm, Jest's environment, a frame of a page) to those of this one, so that
// a sandbox's values keep their types. Recognised by the source text of the constructor, which programs cannot forge.

/** Earlier results: a prototype does not change. */
const known = new WeakMap<object, object>()

/** This realm's prototype for a built-in prototype of another realm; any other prototype unchanged. */
export function homePrototypeOf(prototype: object): object {
  let home = known.get(prototype)
  if (home === undefined) {
    home = foundHome(prototype) ?? prototype
    known.set(prototype, home)
  }
  return home
}

/** Whether an object inherits from this built-in prototype, or from the same one of another realm. */
export function inherits(object: object, builtIn: object): boolean {
  for (let at = prototypeOf(object); at !== null; at = prototypeOf(at)) {
    if (at === builtIn || homePrototypeOf(at) === builtIn) return true
  }
  return false
}

/** A plain object: from an object literal, JSON.parse or `Object.create(null)`, of any realm. */
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
