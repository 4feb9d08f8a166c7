// Action, the unit that clients run. The types that are read off an Action class are in inference.ts.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { brand, isBrandedPrototype, isSubclass } from '../base/brand.ts'
import { nameOf, requireNameOf } from '../base/class-name.ts'
import { ServerError } from '../base/errors.ts'
import type { AnyClass, ErrorClass } from '../wire/rich/class-registry.ts'

/** What an action may return: a value, a promise of it, or a generator that yields items and returns the value. */
export type ActionReturn<Output, Item> = Output | Promise<Output> | AsyncGenerator<Item, Output, undefined>

/**
 * A class-based action. Server and client import the same subclass: the server registers an instance of it, the
 * client runs it by class reference. The idea is iSocket's.
 *
 * Give the type parameters only for a contract without an implementation; else they are read off `action`.
 *
 * @example
 * export class Echo extends Action { action(text: string) { return text } }
 * export class Exec extends Action<string[], string> {}        // contract: the server brings the implementation
 */
export abstract class Action<Input = unknown, Output = unknown, Item = never> {
  /** The wire name; default: the class's name. Set it where a build minifies names: one of one or two characters is refused. */
  static actionName?: string
  /** What the input must be, as a Standard Schema (zod, valibot, arktype ...). The server checks it. */
  static input?: StandardSchemaV1
  /** What the output must be, likewise. */
  static output?: StandardSchemaV1
  /** What each item must be that it yields or emits, likewise. */
  static items?: StandardSchemaV1
  /** Error classes that arrive at the client as themselves. */
  static errors?: readonly ErrorClass[]
  /** Other classes whose instances travel as themselves in this action's values. */
  static classes?: readonly AnyClass[]
  /** Running it twice does no harm, so that a client may do so where it cannot know. Default false. */
  static idempotent?: boolean
  /**
   * For an idempotent action that changes nothing: `isock/http` takes it by GET too, and tells caches this, as in
   * `'max-age=60'`, or `'no-cache'` to be asked each time. Default: it is called by POST alone. A page of any site can make
   * a browser send a GET, so that it must do no harm.
   */
  declare static cacheControl?: string
  /** The client's default `timeoutMs` for this action. */
  static timeoutMs?: number
  /** Regular expressions may travel in its values. Default false: one that is crafted can hang its user. */
  static allowRegExp?: boolean
  /**
   * Runs in a thread of its own on a server, so that others are answered while it keeps a processor. `true`: isock finds
   * the module that defines the class; `import.meta.url` names it. Default false. See docs/threads.md.
   */
  static threaded?: boolean | string | URL
  /** One line for people, shown by `isock ls`. */
  static description?: string
  /** Changes the contract hash when the meaning changes but the schemas do not. */
  static contractVersion?: string

  /** Runs on the server. What it returns, yields or throws goes to the client. */
  // biome-ignore lint/suspicious/noExplicitAny: it is a Context; naming that type here would close a circle of imports
  action(_data: Input, _context: any): ActionReturn<Output, Item> {
    throw new ServerError(
      `action "${actionNameOf(this.constructor as ActionClass)}" is a contract: register it with an implementation`,
      {
        code: 'INVALID_ACTION',
      },
    )
  }
}

/** Any action, whatever it takes and gives. */
// biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every subclass's input, output and items
export type AnyAction = Action<any, any, any>

type ActionConstructor<A extends AnyAction> = abstract new (...args: never[]) => A

/** A reference to an Action class, whatever its constructor takes. */
export type ActionClass<A extends AnyAction = AnyAction> = ActionConstructor<A> &
  Pick<typeof Action, keyof typeof Action>

/** The name of a class, for messages and where a name is given beside it. */
export function actionNameOf(action: ActionClass): string {
  return nameOf(action, 'actionName')
}

/** The name under which a class travels. Throws ServerError (`INVALID_ACTION`) for one that a minifier gave. */
export function requireActionName(action: ActionClass): string {
  return requireNameOf(action, 'actionName', (message) => new ServerError(message, { code: 'INVALID_ACTION' }))
}

const brandName = 'isock.Action'
brand(brandName, Action)

/** True for subclasses of Action, also those of another copy of this package. */
export function isActionClass(value: unknown): value is ActionClass {
  return isSubclass(value, Action)
}

/** True for instances of Action, likewise. */
// biome-ignore lint/suspicious/noExplicitAny: whatever it takes and gives
export function isAction(value: unknown): value is Action<any, any, any> {
  return typeof value === 'object' && value instanceof Action
}

/** True for an action, or the prototype of its class, without an `action` method of its own. */
// biome-ignore lint/suspicious/noExplicitAny: whatever it takes and gives
export function isContractOnly(action: Action<any, any, any>): boolean {
  let base: object = action
  while (!isBrandedPrototype(base, brandName)) base = Object.getPrototypeOf(base) as object
  return action.action === (base as typeof action).action
}
