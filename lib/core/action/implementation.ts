// The possible implementations of a contract class, with the contract's own types.
import type { ActionClass } from './action.ts'
import type { Context } from './context.ts'
import type { InputOf, ItemOf, OutputOf } from './inference.ts'

/** The implementation of a contract class: a function, an instance, or a subclass without constructor arguments. */
export type Implementation<C extends ActionClass> =
  | ((data: InputOf<C>, context: Context<ItemOf<C>>) => ImplementationReturn<C>)
  | InstanceType<C>
  | (new () => InstanceType<C>)

type ImplementationReturn<C extends ActionClass> =
  | OutputOf<C>
  | Promise<OutputOf<C>>
  | AsyncGenerator<ItemOf<C>, OutputOf<C>, undefined>
  | Generator<ItemOf<C>, OutputOf<C>, undefined>
