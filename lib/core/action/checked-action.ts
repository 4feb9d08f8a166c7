// What addAction takes of an instance: any action but one whose types show that it cannot run. Types only.
import type { AnyAction } from './action-class.ts'
import type { IsContractContext } from './context.ts'
import type { Takes } from './definition.ts'
import type { Mismatch } from './mismatch.ts'

type IsAny<T> = 0 extends 1 & T ? true : false

/** A value of type `Action` may be any action, and a class without types is known only at run time. */
type IsContract<A extends AnyAction> = unknown extends Parameters<A['action']>[0]
  ? false
  : IsAny<Parameters<A['action']>[1]> extends true
    ? false
    : IsContractContext<Parameters<A['action']>[1]>

/** Read off a method's type, whose own parameters would be compared in both directions. */
type Accepts<A extends AnyAction, Data> = A['action'] extends (data: Data, context: never) => unknown ? true : false

type AcceptsData<A extends AnyAction, Data> = true extends Accepts<A, Data> | Accepts<A, AsyncIterable<Data>>
  ? true
  : false

/** The action, or what is wrong with it. */
export type CheckedAction<A extends AnyAction> =
  IsContract<A> extends true
    ? Mismatch<'a contract has no handler: give its class a method action(), or pass the class and a function'>
    : A extends Takes<infer Data>
      ? IsAny<Data> extends true
        ? A
        : AcceptsData<A, Data> extends true
          ? A
          : Mismatch<'action() does not take what the schema `input` returns'>
      : A
