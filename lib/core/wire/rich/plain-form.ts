// Instances that are sent as plain objects because their class defines it, such as rows of a model.

/** The name of the method that returns the plain object to send. Global, so that another copy of this package's counts too. */
export const plainForm: unique symbol = Symbol.for('isock.plainForm')

/** The object to send instead of an instance; undefined if its class defines none. */
export function plainFormOf(value: object): object | undefined {
  return (value as { [plainForm]?: () => object })[plainForm]?.()
}
