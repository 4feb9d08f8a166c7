// Classes of isock's own that travel as themselves, and are known across copies of this package.
import { brand } from './brand.ts'

// biome-ignore lint/suspicious/noExplicitAny: any constructor will do
type ErrorClass = abstract new (...args: any[]) => Error

/** Where the prototype of such a class has its name on the wire. */
const ownWireName = Symbol.for('isock.ownWireName')

/**
 * The classes of a table, each with the name that it has there: a minified build gives classes short names, and these are part
 * of the protocol.
 */
export function named(classes: Readonly<Record<string, ErrorClass>>): readonly ErrorClass[] {
  for (const [name, Class] of Object.entries(classes)) {
    Object.defineProperty(Class, 'name', { value: name })
    Object.defineProperty(Class.prototype, ownWireName, { value: name })
    brand(`isock.${name}`, Class)
  }
  return Object.values(classes)
}

const ofFeatures = new Map<string, ErrorClass>()

/** Errors of a feature: they arrive as themselves in every program that loads the feature, even at sides that were made before. */
export function nameErrorsOfFeature(classes: Readonly<Record<string, ErrorClass>>): void {
  for (const Class of named(classes)) ofFeatures.set(Class.name, Class)
}

/** The class with this wire name, of the features that this program has loaded. */
export function errorOfFeature(wireName: string): ErrorClass | undefined {
  return ofFeatures.get(wireName)
}

/** The wire name of a class of isock's own, of whichever copy; undefined for all other prototypes. */
export function ownWireNameOf(prototype: object): string | undefined {
  return Object.hasOwn(prototype, ownWireName) ? (prototype as { [ownWireName]?: string })[ownWireName] : undefined
}
