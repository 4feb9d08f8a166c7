// The names by which classes are known: in messages, in stores, on the wire. A name that a minifier gave is not a name: two
// builds give it to different classes, and what one asks for by it is another thing at the other side.

/** The static that names a class, by what the class is. */
export type NameProperty =
  | 'actionName'
  | 'channelName'
  | 'guardName'
  | 'modelName'
  | 'processName'
  | 'serviceName'
  | 'taskName'
  | 'wireName'

/** A contract's name holds for the subclass that implements it. The others name one class: a subclass has its own name. */
const inherited: ReadonlySet<NameProperty> = new Set<NameProperty>(['guardName', 'processName', 'taskName'])

/** What minifiers make: one or two characters of ASCII. */
const minified = /^[A-Za-z_$][\w$]?$/

/** The static name of a class, else the class's own name. It may be one that a minifier gave; see {@link requireNameOf}. */
export function nameOf(Class: unknown, property: NameProperty): string {
  return (givenName(Class, property) ?? (Class as { readonly name?: unknown } | null | undefined)?.name ?? '') as string
}

/**
 * The name of a class, where others may rely on it.
 *
 * @param refuse makes the error that is thrown for a class with a name of one or two characters that no static gives it.
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
  if (!inherited.has(property) && !Object.hasOwn(Class, property)) return undefined
  return (Class as unknown as Readonly<Record<NameProperty, unknown>>)[property] ?? undefined
}
