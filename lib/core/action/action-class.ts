// The types of Action classes as their users see them: the static fields, any action, any class. Separate from Action, whose
// method has a Context, which runs actions by class in its turn.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AnyClass, ErrorClass } from '../wire/rich/class-registry.ts'
import type { Requires } from './requirement.ts'

/** What an action may return: a value, a promise of it, or a generator that yields items and returns the value. */
export type ActionReturn<Output, Item> = Output | Promise<Output> | AsyncGenerator<Item, Output, undefined>

/** The static fields of an Action class, all optional; also what `Action.of` takes. */
export interface ActionFields {
  /** The wire name; default: the class's name. Set it if a build minifies names: a name of one or two characters is rejected. */
  actionName?: string | undefined
  /** A Standard Schema of the input (zod, valibot, arktype ...). The server checks it. */
  input?: StandardSchemaV1 | undefined
  /** A Standard Schema of the output. */
  output?: StandardSchemaV1 | undefined
  /** A Standard Schema of each item that it yields or emits. */
  items?: StandardSchemaV1 | undefined
  /** Error classes that the client gets as instances of the same class. */
  errors?: readonly ErrorClass[] | undefined
  /** Other classes whose instances keep their class in this action's values. */
  classes?: readonly AnyClass[] | undefined
  /** Running it twice does no harm, so a client may resend it when it cannot know whether it ran. Default false. */
  idempotent?: boolean | undefined
  /**
   * Its work on `context.db`, its answer and its items are committed together, once: a client that asks again after a crash of the server
   * gets the answer that was committed. The handler may start more than once; its effect, answer and messages happen once. Needs the
   * feature `data` with a file or PostgreSQL. See docs/durable.md. Default false.
   */
  transactional?: boolean | undefined
  /**
   * For effects outside of the database: it starts at most once, also over crashes of the server, and its answer survives them. A run that
   * a crash cut in the middle is an OutcomeUnknownError. Its items are sent with its answer. Needs the feature `data` with a file or
   * PostgreSQL. See docs/durable.md. Default false.
   */
  durable?: boolean | undefined
  /** It changes nothing: HTTP clients may call it by GET, and the answer has this Cache-Control. Default: POST only. */
  cacheControl?: string | undefined
  /** The client's default `timeoutMs` for this action. */
  timeoutMs?: number | undefined
  /** Allows regular expressions in its values. Default false: a crafted one can hang the code that uses it. */
  allowRegExp?: boolean | undefined
  /** Runs in a worker thread: `import.meta.url` of the module that exports the class. Default false. See docs/threads.md. */
  threaded?: false | string | URL | undefined
  /**
   * Who may run it, beside what guards decide for all: a role or several (`identity.roles` must have them all), or a function of the
   * caller's session. Others get ServerError (`NOT_ALLOWED`); nothing started. Default: everybody who may connect.
   *
   * @example static requires = (session: SessionView) => session.identity?.id === 'root'
   */
  requires?: Requires | undefined
  /** One line for people, shown by `isock ls`. */
  description?: string | undefined
  /** Changes the contract hash when the meaning changes but the schemas do not. */
  contractVersion?: string | undefined
}

/** Any action, whatever its input and output. */
export interface AnyAction {
  // biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every subclass's input, context and output
  action(data: any, context: any): any
}

type ActionConstructor<A extends AnyAction> = abstract new (...args: never[]) => A

/** A reference to an Action class, whatever its constructor takes. */
export type ActionClass<A extends AnyAction = AnyAction> = ActionConstructor<A> & ActionFields
