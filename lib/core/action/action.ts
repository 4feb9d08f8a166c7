// Action, the unit that clients run. Leaves the types that are inferred from an Action class to inference.ts.

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { brand, isBrandedPrototype, isSubclass } from '../base/brand.ts'
import { nameOf, namesItsSubclass, requireNameOf } from '../base/class-name.ts'
import { ServerError } from '../base/errors.ts'
import type { AnyClass, ErrorClass } from '../wire/rich/class-registry.ts'
import type { ActionClass, ActionFields, ActionReturn } from './action-class.ts'
import type { ContractContext } from './context.ts'
import type {
  DefinedAction,
  Definition,
  HandlerData,
  HandlerDataBound,
  HandlerItem,
  HandlerReturnBound,
  OptionalSchema,
} from './definition.ts'
import type { Requires } from './requirement.ts'

export type { ActionClass, ActionFields, ActionReturn, AnyAction } from './action-class.ts'

/**
 * A class-based action. Server and client import the same subclass: the server registers an instance of it, the
 * client runs it by class reference. The idea is iSocket's.
 *
 * Pass the type parameters only for a contract without an implementation; otherwise they are inferred from `action`.
 *
 * @example
 * export class Echo extends Action { action(text: string) { return text } }
 * export class Exec extends Action<string[], string> {}        // contract: the server brings the implementation
 */
export abstract class Action<Input = unknown, Output = unknown, Item = never> {
  /** The wire name; default: the class's name. Set it where a build minifies names: a name of one or two characters is refused. */
  static actionName?: string | undefined
  /** A Standard Schema of the input (zod, valibot, arktype ...). The server checks it. */
  static input?: StandardSchemaV1 | undefined
  /** A Standard Schema of the output. */
  static output?: StandardSchemaV1 | undefined
  /** A Standard Schema of each item that it yields or emits. */
  static items?: StandardSchemaV1 | undefined
  /** Error classes that the client gets as instances of the same class. */
  static errors?: readonly ErrorClass[] | undefined
  /** Other classes whose instances keep their class in this action's values. */
  static classes?: readonly AnyClass[] | undefined
  /** Running it twice does no harm, so a client may resend it when it cannot know whether it ran. Default false. */
  static idempotent?: boolean | undefined
  /**
   * Its work on `context.db`, its answer and its items are committed together, once: a client that asks again after a crash of the server
   * gets the answer that was committed. The handler may start more than once; its effect, answer and messages happen once. Needs the
   * feature `data` with a file or PostgreSQL. See docs/durable.md. Default false.
   */
  declare static transactional?: boolean | undefined
  /**
   * For effects outside of the database: it starts at most once, also over crashes of the server, and its answer survives them. A run that
   * a crash cut in the middle is an OutcomeUnknownError. Its items are sent with its answer. Needs the feature `data` with a file or
   * PostgreSQL. See docs/durable.md. Default false.
   */
  declare static durable?: boolean | undefined
  /**
   * For an idempotent action that changes nothing: `isock/http` accepts it by GET too, with this Cache-Control header, as in
   * `'max-age=60'`, or `'no-cache'` to be asked each time. Default: POST only. Any site can make a browser send a GET, so
   * the action must do no harm.
   */
  declare static cacheControl?: string | undefined
  /** The client's default `timeoutMs` for this action. */
  static timeoutMs?: number | undefined
  /** Allows regular expressions in its values. Default false: a crafted one can hang the code that uses it. */
  static allowRegExp?: boolean | undefined
  /**
   * Runs in a worker thread on a server with the feature `threads()`, so that other calls are answered while it keeps a processor
   * busy: `import.meta.url` of the module that exports the class. Default false. See docs/threads.md.
   */
  static threaded?: false | string | URL | undefined
  /** Who may run it, see {@link ActionFields.requires}. Default: everybody who may connect. */
  declare static requires?: Requires | undefined
  /** One line for people, shown by `isock ls`. */
  static description?: string | undefined
  /** Changes the contract hash when the meaning changes but the schemas do not. */
  static contractVersion?: string | undefined

  /**
   * Makes the base of an action from its static fields, so that schemas give the types: of the handler `action`, if it is among the
   * fields; else of the method of the class that extends it, whose parameters are checked; or of a contract. The same as static fields
   * otherwise.
   *
   * @example
   * export class Add extends Action.of({
   *   input: z.object({ a: z.number(), b: z.number() }),
   *   action: ({ a, b }) => a + b,
   * }) {}
   */
  static of<
    I extends OptionalSchema = undefined,
    O extends OptionalSchema = undefined,
    X extends OptionalSchema = undefined,
    const E extends readonly ErrorClass[] | undefined = undefined,
    Data extends HandlerDataBound<I> = HandlerData<I>,
    Item = HandlerItem<X>,
    Return extends HandlerReturnBound<O, X> = never,
  >(definition: Definition<I, O, X, E, Data, Item, Return>): DefinedAction<I, O, X, E, Data, Item, Return> {
    return defineAction(definition) as never
  }

  /** Runs on the server. What it returns, yields or throws goes to the client. */
  action(_data: Input, _context: ContractContext<Item>): ActionReturn<Output, Item> {
    throw new ServerError(
      `action "${actionNameOf(this.constructor as ActionClass)}" is a contract: register it with an implementation`,
      {
        code: 'INVALID_ACTION',
      },
    )
  }
}

/** Every field that is given, under its own name: what the static fields of a class are. */
function defineAction({ action, ...fields }: ActionFields & { readonly action?: unknown }): unknown {
  const Defined = class extends Action {
    static readonly [namesItsSubclass] = true
  }
  // It has no name of its own, so that a class that is used as it is needs a `static actionName`.
  for (const [name, value] of Object.entries({ name: '', ...fields }))
    Object.defineProperty(Defined, name, { value, writable: true, enumerable: true, configurable: true })
  if (action !== undefined)
    Object.defineProperty(Defined.prototype, 'action', { value: action, writable: true, configurable: true })
  return Defined
}

/** The name of a class, for messages and when a name is passed separately. */
export function actionNameOf(action: ActionClass): string {
  return nameOf(action, 'actionName')
}

/** The wire name of a class. Throws ServerError (`INVALID_ACTION`) for a minified name. */
export function requireActionName(action: ActionClass): string {
  return requireNameOf(action, 'actionName', (message) => new ServerError(message, { code: 'INVALID_ACTION' }))
}

const brandName = 'isock.Action'
brand(brandName, Action)

/** True for subclasses of Action, also those of another copy of this package. */
export function isActionClass(value: unknown): value is ActionClass {
  return isSubclass(value, Action)
}

/** True for instances of Action, also of another copy of this package. */
// biome-ignore lint/suspicious/noExplicitAny: any input and output
export function isAction(value: unknown): value is Action<any, any, any> {
  return typeof value === 'object' && value instanceof Action
}

/** True for an action, or the prototype of its class, that has no own `action` method. */
// biome-ignore lint/suspicious/noExplicitAny: any input and output
export function isContractOnly(action: Action<any, any, any>): boolean {
  let base: object = action
  while (!isBrandedPrototype(base, brandName)) base = Object.getPrototypeOf(base) as object
  return action.action === (base as typeof action).action
}
