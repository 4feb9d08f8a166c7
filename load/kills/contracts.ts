// What the clients of the killed servers call, without what the servers do: see processes/server.ts.
import { Action, ActionError } from '../../lib/index.ts'

/** Each call has an id, which its row, or its line in the file of effects, has too. */
export interface Numbered {
  readonly id: string
}

export interface Order extends Numbered {
  readonly from: string
  readonly to: string
  readonly amount: number
}

/** What a handler answers: it makes the token, and writes it beside the id. */
export interface Receipt {
  readonly token: string
  /** The payer's balance, or the place in the list. */
  readonly value: number
}

export class TooLittle extends ActionError {}

/** Creates accounts and lists. */
export class OpenBank extends Action<null, number> {
  static override transactional = true
}

export class Transfer extends Action<Order, Receipt> {
  static override transactional = true
  static override errors = [TooLittle]
}

export class Append extends Action<Numbered & { readonly list: string }, Receipt> {
  static override transactional = true
}

/** Its effect is a line of a file outside of the store. */
export class Effect extends Action<Numbered, Receipt> {
  static override durable = true
}

export const accounts = ['ann', 'ben', 'cem', 'dee', 'eve', 'fay']
export const lists = ['red', 'green', 'blue']
export const opening = 500

export type CallKind = 'transfer' | 'append' | 'effect'

/** What a caller heard of a call. */
export type Word =
  | 'ok'
  /** Thrown by the handler: too little money. */
  | 'refused'
  | 'unknown'
  /** The store could not be reached, and nothing was kept. */
  | 'not kept'
  | 'not started'
  /** Only of calls with a key: nobody asks for it any more. */
  | 'open'
  | 'other'

/** One line of the file of outcomes. */
export interface Outcome {
  readonly id: string
  readonly kind: CallKind
  readonly word: Word
  readonly receipt?: Receipt
  readonly error?: string
  /** The session of its client then, and the ones before it. */
  readonly session?: string
  readonly sessions?: readonly string[]
  /** The session that was lost had answered nothing: it may have been lost before it was recorded. */
  readonly isFirst?: boolean
  /** Called with a key, maybe by several clients: there are as many lines as answers. */
  readonly isKeyed?: boolean
}
