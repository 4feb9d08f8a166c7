// The names by which classes are known: in messages, in stores, on the wire. A minified name is rejected: two builds give
// it to different classes, so a request by that name would reach something else at the other side.

/** The static property that names a class of each kind. */
export type NameProperty =
  | 'actionName'
  | 'channelName'
  | 'guardName'
  | 'modelName'
  | 'processName'
  | 'serviceName'
  | 'taskName'
  | 'wireName'

/** A contract's name also names the subclass that implements it. The others name one class: a subclass has its own name. */
const inherited: ReadonlySet<NameProperty> = new Set<NameProperty>(['guardName', 'processName', 'taskName'])

/** Set on a class that has a name only for the class that extends it: `class Add extends Action.of({ actionName: 'add' })`. */
export const namesItsSubclass = Symbol('names its subclass')

/** What minifiers produce: one or two ASCII characters. */
const minified = /^[A-Za-z_$][\w$]?$/

/** The static name of a class, else the class's own name. It may be minified; see {@link requireNameOf}. */
export function nameOf(Class: unknown, property: NameProperty): string {
  return (givenName(Class, property) ?? (Class as { readonly name?: unknown } | null | undefined)?.name ?? '') as string
}

/**
 * The name of a class, for uses where others rely on it.
 *
 * @param refuse makes the error to throw for a class whose own name has one or two characters and that has no static name.
 */
export function requireNameOf(Class: unknown, property: NameProperty, refuse: (message: string) => Error): string {
  const name = nameOf(Class, property)
  if (givenName(Class, property) !== undefined || !minified.test(name)) return name
  throw refuse(
    `class name "${name}" looks minified: give the class a \`static ${property} = '...'\`, or build with keepNames`,
  )
}

function givenName(Class: unknown, property: NameProperty): unknown {
  if (typeof Class !== 'function') return undefined
  const parent = Object.getPrototypeOf(Class) as object | null
  const isGiven = Object.hasOwn(Class, property) || (parent !== null && Object.hasOwn(parent, namesItsSubclass))
  if (!inherited.has(property) && !isGiven) return undefined
  return (Class as unknown as Readonly<Record<NameProperty, unknown>>)[property] ?? undefined
}
