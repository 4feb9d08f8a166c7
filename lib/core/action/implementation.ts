// The possible implementations of a contract class, with the contract's own types.
import type { ActionClass } from './action-class.ts'
import type { Context } from './context.ts'
import type { HandledInput, HandledItem, HandledOutput } from './inference.ts'

/** The implementation of a contract class: a function, an instance, or a subclass without constructor arguments. */
export type Implementation<C extends ActionClass> =
  | Handler<C>
  | { readonly action: Handler<C> }
  | (new () => { readonly action: Handler<C> })

/** A property of this type is compared strictly, other than a method. */
type Handler<C extends ActionClass> = (data: HandledInput<C>, context: Context<HandledItem<C>>) => HandlerReturn<C>

type HandlerReturn<C extends ActionClass> =
  | HandledOutput<C>
  | Promise<HandledOutput<C>>
  | AsyncGenerator<HandledItem<C>, HandledOutput<C>, undefined>
  | Generator<HandledItem<C>, HandledOutput<C>, undefined>
