// isock's own classes that keep their class on the wire, and are recognised across copies of this package.
import { brand } from './brand.ts'

// biome-ignore lint/suspicious/noExplicitAny: any constructor will do
type ErrorClass = abstract new (...args: any[]) => Error

/** The property of a prototype that holds its class's name on the wire. */
const ownWireName = Symbol.for('isock.ownWireName')

/**
 * Gives each class of a table its name there, and returns them: a minified build shortens class names, and these names are
 * part of the protocol.
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

/** Registers a feature's errors. They keep their class in every program that loads the feature, even at sides created before. */
export function nameErrorsOfFeature(classes: Readonly<Record<string, ErrorClass>>): void {
  for (const Class of named(classes)) ofFeatures.set(Class.name, Class)
}

/** The class with this wire name, among the features that this program has loaded. */
export function errorOfFeature(wireName: string): ErrorClass | undefined {
  return ofFeatures.get(wireName)
}

/** The wire name of one of isock's own classes, from any copy; undefined for all other prototypes. */
export function ownWireNameOf(prototype: object): string | undefined {
  return Object.hasOwn(prototype, ownWireName) ? (prototype as { [ownWireName]?: string })[ownWireName] : undefined
}
