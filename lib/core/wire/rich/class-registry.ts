// The classes that cross the wire as themselves, by wire name and by prototype. A peer can name only what was declared
// here; nothing is ever constructed from the wire's data, see own-fields.ts and error-record.ts.

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

/** Anybody may throw these, and hang anything on them. */
const nativePrototypes: ReadonlySet<object> = new Set(nativeErrorClasses.map((Class) => Class.prototype as object))

/** What these keep is out of reach of a copy of their own fields. */
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

/** The error and value classes that one side lets cross the wire. JavaScript's and isock's own errors are known from the start. */
export class ClassRegistry {
  readonly #errors = new Map<string, ErrorClass>()
  readonly #classes = new Map<string, AnyClass>()
  readonly #names = new Map<object, string>()

  constructor() {
    for (const Class of nativeErrorClasses) this.declareError(Class)
    for (const Class of ownErrorClasses) this.declareError(Class)
  }

  /**
   * Lets errors of exactly this class arrive as themselves.
   *
   * @throws ServerError with code `INVALID_ACTION` where it is no error class, or another class has its wire name.
   */
  declareError(Class: ErrorClass): void {
    if (!isErrorClass(Class))
      throw invalid(`${label(Class)} is not a class of errors; declare it in \`classes\` instead`)
    if (this.#claim(Class)) this.#errors.set(wireNameOf(Class), Class)
  }

  /**
   * Lets instances of exactly this class arrive as themselves: own enumerable fields, without running a constructor or a
   * setter. A `static revive(fields)` makes the instance instead, and may refuse the fields by throwing. Fields that hide a
   * getter or a method are refused. What the class keeps in `#private` fields does not travel. A class of errors is declared as one.
   *
   * @throws ServerError with code `INVALID_ACTION` where its content could not travel, or another class has its wire name.
   */
  declareClass(Class: AnyClass): void {
    if (isErrorClass(Class)) return this.declareError(Class)
    if (typeof Class !== 'function' || typeof Class.prototype !== 'object' || Class.prototype === Object.prototype) {
      throw invalid(`${label(Class)} is not a class whose instances could travel`)
    }
    const hidden = classesWithHiddenContent.find(
      (Base) => Class === Base || inherits(Class.prototype as object, Base.prototype as object),
    )
    if (hidden) {
      throw invalid(
        `class ${label(Class)} cannot travel: what a ${hidden.name} holds is not in fields; send a plain one`,
      )
    }
    if (this.#claim(Class)) this.#classes.set(wireNameOf(Class), Class)
  }

  /** The declared class of errors with this wire name. */
  errorNamed(wireName: string): ErrorClass | undefined {
    return this.#errors.get(wireName) ?? errorOfFeature(wireName)
  }

  /** The declared class, other than of errors, with this wire name. */
  classNamed(wireName: string): AnyClass | undefined {
    return this.#classes.get(wireName)
  }

  /** True for the prototype of a class whose instances tell all: declared by somebody, or isock's own. */
  isTold(prototype: object): boolean {
    return this.nameOfPrototype(prototype) !== undefined && !nativePrototypes.has(prototype)
  }

  /** The wire name under which this constructor is declared. */
  nameOf(Class: AnyClass): string | undefined {
    return this.nameOfPrototype(Class.prototype as object)
  }

  /** The wire name under which the constructor of objects with this prototype is declared. */
  nameOfPrototype(prototype: object): string | undefined {
    const known = this.#names.get(prototype) ?? this.#names.get(homePrototypeOf(prototype))
    // isock's own classes of another copy of this package are ours too.
    return known ?? ownWireNameOf(prototype)
  }

  /** False where the class was declared before. */
  #claim(Class: AnyClass): boolean {
    const prototype = Class.prototype as object
    if (this.#names.has(prototype) || this.#names.has(homePrototypeOf(prototype))) return false
    const own = ownWireNameOf(prototype)
    if (own !== undefined && this.errorNamed(own) !== undefined) return false
    const name = wireNameOf(Class)
    const holder = this.errorNamed(name) ?? this.#classes.get(name)
    if (holder) {
      throw invalid(
        `class ${label(Class)} cannot travel as "${name}": another class, ${label(holder)}, already does; ` +
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
  if (name === '') throw invalid('a class without a name cannot travel; give it a `static wireName`')
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
