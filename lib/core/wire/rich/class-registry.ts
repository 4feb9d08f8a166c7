// The classes that keep their identity on the wire, by wire name and by prototype. A peer can only name declared classes;
// nothing is ever constructed from wire data, see own-fields.ts and error-record.ts.

import { requireNameOf } from '../../base/class-name.ts'
import { ownErrorClasses, ServerError } from '../../base/errors.ts'
import { errorOfFeature, ownWireNameOf } from '../../base/own-classes.ts'
import { homePrototypeOf, inherits } from '../values/realm.ts'
import { isError } from './error-fields.ts'

/** Any class, abstract ones included. Its constructor is never called. */
export type AnyClass = abstract new (...args: never[]) => object

/** Any class of errors. */
export type ErrorClass = abstract new (...args: never[]) => Error

const nativeErrorClasses: readonly ErrorClass[] = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
]

/** Any code may throw these, with any properties attached. */
const nativePrototypes: ReadonlySet<object> = new Set(nativeErrorClasses.map((Class) => Class.prototype as object))

/** Copying their own fields would miss their content. */
const classesWithHiddenContent: readonly AnyClass[] = [
  Array,
  ArrayBuffer,
  DataView,
  Date,
  Function,
  Map,
  Promise,
  RegExp,
  Set,
  URL,
  WeakMap,
  WeakRef,
  WeakSet,
  Object.getPrototypeOf(Uint8Array) as AnyClass,
]

/** The error and value classes that one side sends and receives. Errors of JavaScript and isock are known from the start. */
export class ClassRegistry {
  readonly #errors = new Map<string, ErrorClass>()
  readonly #classes = new Map<string, AnyClass>()
  readonly #names = new Map<object, string>()

  constructor() {
    for (const Class of nativeErrorClasses) this.declareError(Class)
    for (const Class of ownErrorClasses) this.declareError(Class)
  }

  /**
   * Declares an error class: errors of exactly this class keep it on the wire.
   *
   * @throws ServerError (`INVALID_ACTION`) for anything but an error class, and if another class has its wire name.
   */
  declareError(Class: ErrorClass): void {
    if (!isErrorClass(Class)) throw invalid(`${label(Class)} is not an error class; declare it in \`classes\` instead`)
    if (this.#claim(Class)) this.#errors.set(wireNameOf(Class), Class)
  }

  /**
   * Declares a class: instances of exactly this class keep it on the wire. Their own enumerable fields are sent, and set without
   * running a constructor or a setter. A `static revive(fields)` creates the instance instead, and may throw to reject the
   * fields. Fields that hide a getter or a method are rejected. `#private` fields are not sent. Error classes are declared as such.
   *
   * @throws ServerError (`INVALID_ACTION`) if its content cannot be sent, or if another class has its wire name.
   */
  declareClass(Class: AnyClass): void {
    if (isErrorClass(Class)) return this.declareError(Class)
    if (typeof Class !== 'function' || typeof Class.prototype !== 'object' || Class.prototype === Object.prototype) {
      throw invalid(`${label(Class)} is not a class whose instances can be sent`)
    }
    const hidden = classesWithHiddenContent.find(
      (Base) => Class === Base || inherits(Class.prototype as object, Base.prototype as object),
    )
    if (hidden) {
      throw invalid(
        `class ${label(Class)} cannot be serialized: the content of a ${hidden.name} is not in its fields; send a plain one`,
      )
    }
    if (this.#claim(Class)) this.#classes.set(wireNameOf(Class), Class)
  }

  /** The declared error class with this wire name. */
  errorNamed(wireName: string): ErrorClass | undefined {
    return this.#errors.get(wireName) ?? errorOfFeature(wireName)
  }

  /** The declared class, other than an error class, with this wire name. */
  classNamed(wireName: string): AnyClass | undefined {
    return this.#classes.get(wireName)
  }

  /** Whether the class with this prototype was declared, or is isock's own. */
  isDeclared(prototype: object): boolean {
    return this.nameOfPrototype(prototype) !== undefined && !nativePrototypes.has(prototype)
  }

  /** The wire name under which this class is declared. */
  nameOf(Class: AnyClass): string | undefined {
    return this.nameOfPrototype(Class.prototype as object)
  }

  /** The wire name under which the class with this prototype is declared. */
  nameOfPrototype(prototype: object): string | undefined {
    const known = this.#names.get(prototype) ?? this.#names.get(homePrototypeOf(prototype))
    // isock's own classes from another copy of this package count as ours.
    return known ?? ownWireNameOf(prototype)
  }

  /** Returns false if the class was already declared. */
  #claim(Class: AnyClass): boolean {
    const prototype = Class.prototype as object
    if (this.#names.has(prototype) || this.#names.has(homePrototypeOf(prototype))) return false
    const own = ownWireNameOf(prototype)
    if (own !== undefined && this.errorNamed(own) !== undefined) return false
    const name = wireNameOf(Class)
    const holder = this.errorNamed(name) ?? this.#classes.get(name)
    if (holder) {
      throw invalid(
        `class ${label(Class)} cannot have the wire name "${name}": another class, ${label(holder)}, already has it; ` +
          'give one of them another `static wireName`',
      )
    }
    this.#names.set(prototype, name)
    return true
  }
}

function wireNameOf(Class: AnyClass): string {
  const name: unknown = requireNameOf(Class, 'wireName', invalid)
  if (typeof name !== 'string') throw invalid(`class ${label(Class)}: static wireName must be a text`)
  if (name === '') throw invalid('a class without a name cannot be sent; give it a `static wireName`')
  return name
}

function isErrorClass(Class: unknown): Class is ErrorClass {
  return typeof Class === 'function' && (Class === Error || isError(Class.prototype))
}

function label(Class: unknown): string {
  return typeof Class === 'function' ? Class.name || '(anonymous)' : String(Class)
}

function invalid(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_ACTION' })
}
