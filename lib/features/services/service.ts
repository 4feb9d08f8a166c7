// Service, a state between calls, and the types that are read from a Service class. Shared by server and client; the
// idea is bgpy's.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Context } from '../../core/action/context.ts'
import { brand, isSubclass } from '../../core/base/brand.ts'
import { requireNameOf } from '../../core/base/class-name.ts'
import { ServerError } from '../../core/base/errors.ts'
import { describe } from '../../core/base/options.ts'
import type { AnyClass, ErrorClass } from '../../core/wire/rich/class-registry.ts'

/** What one run of a service's method sees: an action's context, and `respond`. */
export interface ServiceContext<in Response = unknown> extends Context<Response> {
  /**
   * Sends a further response, which a client with `awaitResponse` waits for. Await it: it settles when the client takes
   * more. When nobody waits any more, nothing is sent. Rejects after the method has ended (`INVALID_USAGE`), and with
   * UnsendableError for a value that cannot be serialized.
   */
  readonly respond: (value: Response) => Promise<void>
  /** Which state of a durable service it is: the `key` of `client.service(Cart, { key })`. undefined: there is none. */
  readonly key: string | undefined
}

/** What the arguments of a service's methods must be, as Standard Schemas (zod, valibot, arktype ...). */
export interface ServiceSchemas {
  readonly init?: StandardSchemaV1 | undefined
  readonly exec?: StandardSchemaV1 | undefined
  readonly exit?: StandardSchemaV1 | undefined
}

/**
 * A state that lives on the server, and the three methods that work on it: `init` makes it, once; `exec` works on it, one
 * call at a time in order of arrival, and what it returns is the next one's input; `exit` sees it last, once. The state
 * stays on the server: clients get what `respond` sends. All clients of a server share the service. With `static durable = true`, the
 * state is kept in the store of `data`.
 *
 * @example
 * export class Counter extends Service<{ value: number }, number> {
 *   init(start: number) { return { value: start } }
 *   async exec(state: { value: number }, change: number, { respond }: ServiceContext<number>) {
 *     await respond(state.value + change)
 *     return { value: state.value + change }
 *   }
 * }
 */
export abstract class Service<State = unknown, ExecArgs = unknown, ExitArgs = unknown, InitArgs = unknown> {
  /** The wire name; default: the class's name. Set it where a build minifies names. */
  static serviceName?: string
  /** What it is for, in a line: shown by `isock ls`. */
  static description?: string
  /**
   * Keeps the state in the store of `data`, one for each `key`: it outlives the server, and servers of one store share it. Each method
   * is a transaction with the answer of its call; `context.db` is part of it. Default false.
   */
  static durable?: boolean
  /** The form of a durable state. Raise it when the form changes: `upgrade` then gets older states. Default 1. */
  static stateVersion?: number
  /** What the arguments must be. The server checks them. */
  static schemas?: ServiceSchemas
  /** Error classes that arrive at the client as themselves. */
  static errors?: readonly ErrorClass[]
  /** Other classes whose instances travel as themselves in arguments and responses. */
  static classes?: readonly AnyClass[]

  /** Makes the state. What it throws goes to the client, and the service can be initialized again. */
  abstract init(args: InitArgs, context: ServiceContext): State | Promise<State>

  /** Returns the next state. What it throws goes to the client, and the state stays as it was. */
  abstract exec(state: State, args: ExecArgs, context: ServiceContext): State | Promise<State>

  /** Ends the service, even if it throws; a durable one only if it does not throw. Does nothing unless overridden. */
  exit(_state: State, _args: ExitArgs, _context: ServiceContext): unknown {
    return undefined
  }

  /** Returns the state of a durable service in its present form, from one that a class with the `stateVersion` `from` has returned. */
  upgrade(_state: unknown, from: number): State | Promise<State> {
    throw new ServerError(`a state of version ${from} cannot be upgraded: its class has no upgrade(state, from)`, {
      code: 'INVALID_SERVICE',
    })
  }
}

// biome-ignore-start lint/suspicious/noExplicitAny: in a conditional type, `any` is what matches every service and method
/** Any service, whatever its state and arguments. */
export type AnyService = Service<any, any, any, any>

/** A reference to a Service class, whatever its constructor takes. */
export type ServiceClass<S extends AnyService = AnyService> = (abstract new (
  ...args: any[]
) => S) &
  Pick<typeof Service, 'serviceName' | 'description' | 'durable' | 'stateVersion' | 'schemas' | 'errors' | 'classes'>

/** The methods that clients request. */
export type Verb = 'init' | 'exec' | 'exit'

type Method<S extends AnyService, V extends Verb> = Parameters<S[V]>
type AfterState<P> = P extends [any?, (infer A)?, ...any[]] ? A : undefined
type ThirdOf<P> = P extends [any?, any?, (infer X)?, ...any[]] ? X : unknown
type SecondOf<P> = P extends [any?, (infer X)?, ...any[]] ? X : unknown

/** What a client passes. */
export type ArgsOf<S extends AnyService, V extends Verb> = V extends 'init'
  ? Method<S, V> extends []
    ? undefined
    : Method<S, V>[0]
  : Method<S, V> extends [] | [any]
    ? undefined
    : AfterState<Method<S, V>>

/** What a client with `awaitResponse` gets, as the method's context says. */
export type ResponseOf<S extends AnyService, V extends Verb> = RespondedBy<
  V extends 'init' ? SecondOf<Method<S, V>> : ThirdOf<Method<S, V>>
>
type RespondedBy<X> = X extends { readonly respond: (value: infer R) => Promise<void> } ? R : unknown
// biome-ignore-end lint/suspicious/noExplicitAny: see above

brand('isock.Service', Service)

/** True for subclasses of Service. */
export function isServiceClass(value: unknown): value is ServiceClass {
  return isSubclass(value, Service)
}

/** True for instances of Service. */
export function isService(value: unknown): value is AnyService {
  return typeof value === 'object' && value instanceof Service
}

/** Throws ServerError (`INVALID_SERVICE`) for a class without a valid wire name; returns the name. */
export function requireServiceName(service: ServiceClass): string {
  const name = requireNameOf(service, 'serviceName', invalidService)
  if (typeof name === 'string' && name !== '' && name.length <= maxNameLength) return name
  const message = `a service's name is a text of 1 to ${maxNameLength} characters, got ${describe(name)}; give its class a \`static serviceName\``
  throw invalidService(message)
}

function invalidService(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_SERVICE' })
}

/** Longer names are neither accepted nor looked up. */
export const maxNameLength = 512
