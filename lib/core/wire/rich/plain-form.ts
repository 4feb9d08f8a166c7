// Instances that travel as plain objects, because their class says so: rows of a model as their dictionaries.

/** The name of a method that gives the plain object to send instead. Global, so that another copy of this package's counts too. */
export const plainForm: unique symbol = Symbol.for('isock.plainForm')

/** What to send instead of an instance; undefined where its class does not say. */
export function plainFormOf(value: object): object | undefined {
  return (value as { [plainForm]?: () => object })[plainForm]?.()
}
