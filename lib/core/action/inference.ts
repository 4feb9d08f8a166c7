// The types that are inferred from an Action class: its input, output and items.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { IsockError } from '../base/errors.ts'
import type { plainForm } from '../wire/rich/plain-form.ts'
import type { ActionClass } from './action-class.ts'
import type { Mismatch } from './mismatch.ts'

// biome-ignore-start lint/suspicious/noExplicitAny: in a conditional type, `any` is what matches every class, method and generator
type MethodOf<C extends ActionClass> = C extends abstract new (...args: any[]) => { action: infer M } ? M : never
type ParametersOf<C extends ActionClass> = MethodOf<C> extends (...args: infer P) => any ? P : never
type ReturnOf<C extends ActionClass> = MethodOf<C> extends (...args: any[]) => infer R ? R : never
type ParameterOf<C extends ActionClass> = ParametersOf<C> extends [] ? undefined : ParametersOf<C>[0]
/** A method without parameters takes whatever the schema returns. */
type TakenBy<C extends ActionClass> = ParametersOf<C> extends [] ? unknown : ParametersOf<C>[0]
type SchemaInput<S, Parameter> = [S] extends [StandardSchemaV1<infer I, infer O>]
  ? [O] extends [Parameter]
    ? I
    : [AsyncIterable<O>] extends [Parameter]
      ? AsyncIterable<I>
      : Mismatch<'action() does not take what the schema `static input` returns'>
  : never
type SchemaOutput<S, Parameter> = [S] extends [StandardSchemaV1<any, infer O>]
  ? [AsyncIterable<O>] extends [Parameter]
    ? [O] extends [Parameter]
      ? O
      : AsyncIterable<O>
    : O
  : never
type ResultOf<R> = R extends AsyncGenerator<any, infer O, any> | Generator<any, infer O, any> ? O : Awaited<R>
type YieldOf<R> = R extends AsyncGenerator<infer I, any, any> | Generator<infer I, any, any> ? I : never
/** A contract's own context is `any`, which has no type of items. */
type EmittedOf<P> = P extends [any?, (infer X)?, ...any[]] ? (0 extends 1 & X ? never : EmittedBy<X>) : never
type EmittedBy<X> = X extends { readonly emit: (item: infer I) => Promise<void> } ? I : never
// biome-ignore-end lint/suspicious/noExplicitAny: see above
interface HasPlainForm<Plain> {
  readonly [plainForm]: () => Plain
}
/** Rows of models are sent as plain objects, those of a list as well. */
type Travelled<T> = 0 extends 1 & T
  ? T
  : T extends HasPlainForm<infer Plain>
    ? Plain
    : T extends readonly (infer Item)[]
      ? [Item] extends [HasPlainForm<infer Plain>]
        ? Plain[]
        : T
      : T

/** What a client passes: the input type of the action's schema if it has one, else the first parameter of `action`. */
export type InputOf<C extends ActionClass> = [C['input']] extends [StandardSchemaV1]
  ? SchemaInput<C['input'], TakenBy<C>>
  : ParameterOf<C>

/** The result of a call: the output type of the action's schema if it has one, else what `action` returns. */
export type OutputOf<C extends ActionClass> = [C['output']] extends [StandardSchemaV1<infer _, infer O>]
  ? O
  : Travelled<ResultOf<ReturnOf<C>>>

/**
 * The items of a call: the output type of the action's schema of items if it has one, else what `action` yields and what
 * its context's type says it emits.
 */
export type ItemOf<C extends ActionClass> = [C['items']] extends [StandardSchemaV1<infer _, infer I>]
  ? I
  : Travelled<YieldOf<ReturnOf<C>> | EmittedOf<ParametersOf<C>>>

/**
 * The errors of a call, as `outcome()` and `catchError` see them: instances of the classes in `static errors`, and isock's own. Not in it is
 * what a handler throws undeclared if that keeps its form: one of JavaScript's own errors, or a thrown value that is no error.
 */
export type ErrorOf<C extends ActionClass> =
  | IsockError
  | ([C['errors']] extends [readonly (infer Class)[]]
      ? Class extends abstract new (
          ...args: never[]
        ) => infer Declared
        ? Declared
        : never
      : never)

/** What the handler of a contract gets: what the schema of the input returns, else the first parameter of `action`. */
export type HandledInput<C extends ActionClass> = [C['input']] extends [StandardSchemaV1]
  ? SchemaOutput<C['input'], TakenBy<C>>
  : ParameterOf<C>

/** What the handler of a contract returns: what the schema of the output takes, else what the client gets. */
export type HandledOutput<C extends ActionClass> = [C['output']] extends [StandardSchemaV1<infer I, infer _>]
  ? I
  : OutputOf<C>

/** What the handler of a contract yields and emits. */
export type HandledItem<C extends ActionClass> = [C['items']] extends [StandardSchemaV1<infer I, infer _>]
  ? I
  : ItemOf<C>

/** A Blob or File, or a ReadableStream of bytes: sent as a stream of bytes. */
type WebBytes = { stream(): { getReader(): object } } | { getReader(): object; cancel(reason?: unknown): Promise<void> }
type GivenStream<T> = T extends AsyncIterable<infer Item> ? (Uint8Array extends Item ? T | WebBytes : T) : T
/** What may be passed as data: streams of bytes in other forms too, as the data itself and as its fields. */
type Given<T> = 0 extends 1 & T
  ? T
  : T extends AsyncIterable<unknown>
    ? GivenStream<T>
    : T extends object
      ? [Extract<T[keyof T], AsyncIterable<unknown>>] extends [never]
        ? T
        : { [Key in keyof T]: GivenStream<T[Key]> }
      : T

/** The arguments after the class: data may be left out only when the action takes none. */
export type RunArguments<C extends ActionClass, Options> =
  undefined extends InputOf<C>
    ? [data?: Given<InputOf<C>>, options?: Options]
    : [data: Given<InputOf<C>>, options?: Options]

/**
 * The arguments after a wire name. Anything but a name fails by their number: the compiler reports a wrong type of one overload
 * rather than a wrong number of another, so it speaks of the class and its data.
 */
export type NamedArguments<Name, Options> = [Name] extends [string]
  ? [data?: unknown, options?: Options]
  : [never, never, never, never, never, never, never, never]
