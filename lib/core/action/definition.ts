// What Action.of takes and returns: the static fields, and with them the types of the handler. Types only.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { ErrorClass } from '../wire/rich/class-registry.ts'
import type { ActionFields, ActionReturn } from './action-class.ts'
import type { Context, ContractContext } from './context.ts'

/** A schema of a definition, or none. */
export type OptionalSchema = StandardSchemaV1 | undefined
type ErrorClasses = readonly ErrorClass[] | undefined

type Returned<S extends OptionalSchema, Otherwise> = [S] extends [StandardSchemaV1<infer _, infer O>] ? O : Otherwise
type Taken<S extends OptionalSchema, Otherwise> = [S] extends [StandardSchemaV1<infer I, infer _>] ? I : Otherwise

/** What a handler gets: what the schema of the input returns. */
export type HandlerData<I extends OptionalSchema> = Returned<I, unknown>

/** All that a handler may take: what the schema returns, or a stream of it. */
export type HandlerDataBound<I extends OptionalSchema> = [I] extends [StandardSchemaV1<infer _, infer O>]
  ? O | AsyncIterable<O>
  : unknown

/** What a handler emits or yields: what the schema of the items takes. */
export type HandlerItem<X extends OptionalSchema> = Taken<X, never>

// biome-ignore lint/suspicious/noConfusingVoidType: what a handler without a result returns
type NoGenerator = null | undefined | void | string | number | bigint | boolean | (object & { next?: never })

/** What a handler may return: what the schema of the output takes. */
export type HandlerReturnBound<O extends OptionalSchema, X extends OptionalSchema> = [O] extends [
  StandardSchemaV1<infer I, infer _>,
]
  ? ActionReturn<I, HandlerItem<X>> | Generator<HandlerItem<X>, I, undefined>
  : [X] extends [StandardSchemaV1]
    ? AsyncGenerator<HandlerItem<X>> | Generator<HandlerItem<X>> | NoGenerator
    : unknown

/** The argument of `Action.of`: the static fields of an action, and its handler if that needs no variables of the server. */
export interface Definition<
  I extends OptionalSchema,
  O extends OptionalSchema,
  X extends OptionalSchema,
  E extends ErrorClasses,
  Data,
  Item,
  Return,
> extends Omit<ActionFields, 'input' | 'output' | 'items' | 'errors'> {
  /** A Standard Schema of the input (zod, valibot, arktype ...). The server checks it. */
  readonly input?: I | undefined
  /** A Standard Schema of the output. */
  readonly output?: O | undefined
  /** A Standard Schema of each item that it yields or emits. */
  readonly items?: X | undefined
  /** Error classes that the client gets as instances of the same class. */
  readonly errors?: E | undefined
  /** The handler: gets what `input` returns; returns what `output` takes, and yields what `items` takes. */
  readonly action?: ((data: Data, context: Context<Item>) => Return) | undefined
}

/** What `Action.of` returns. Without a handler, a class that extends it has a method `action`, or is a contract. */
export interface DefinedAction<
  I extends OptionalSchema,
  O extends OptionalSchema,
  X extends OptionalSchema,
  E extends ErrorClasses,
  Data,
  Item,
  Return,
> extends Omit<ActionFields, 'input' | 'output' | 'items' | 'errors'> {
  new (): [Return] extends [never] ? DefinedMethod<I, O, X> : DefinedHandler<Data, Item, Return>
  readonly input: I
  readonly output: O
  readonly items: X
  readonly errors: E
}

declare const takes: unique symbol

/** By this `addAction` knows what the handler of an instance gets. */
export interface Takes<Data> {
  readonly [takes]?: ((data: Data) => void) | undefined
}

export interface DefinedHandler<Data, Item, Return> {
  /** Runs on the server. What it returns, yields or throws goes to the client. */
  action(data: Data, context: Context<Item>): Return
}

export interface DefinedMethod<I extends OptionalSchema, O extends OptionalSchema, X extends OptionalSchema>
  extends Takes<HandlerData<I>> {
  /** Runs on the server. What it returns, yields or throws goes to the client. */
  action(data: HandlerDataBound<I>, context: ContractContext<HandlerItem<X>>): HandlerReturnBound<O, X>
}
